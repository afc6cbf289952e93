"""Google's generateContent protocol."""

from __future__ import annotations

import json
from typing import Any

from ..answer import Answer, split_pieces

Wire = dict[str, Any]
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
STATUS |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


class GeminiDialect:
    stream_type = "text/event-stream"

    def wants_stream(self, request: Any) -> bool:
        return "streamGenerateContent" in request.path

    def body(self, answer: Answer, request: Any) -> Any:
        parts = [*reasoning_parts([answer.reasoning]), *text_parts([answer.text]), *calls(answer)]
        return {**candidate(parts, answer.finish or "STOP"), **usage_metadata(answer), "usageMetadata": usage(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        """Return the stream; only the last event has the finish reason, every event has the counts so far."""
        data = [
            *reasoning_parts(split_pieces(answer.reasoning)),
            *text_parts(split_pieces(answer.text)),
            *calls(answer),
        ]
        events = [{**candidate([part], None), **usage_metadata(answer)} for part in data]
        events.append(
            {**candidate([], answer.finish or "STOP"), **usage_metadata(answer), "usageMetadata": usage(answer)}
        )
        return [b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\r\n\r\n" for event in events]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"error": {"code": status, "message": message, "status": kind or STATUS.get(status, "UNKNOWN")}}


def usage_metadata(answer: Answer) -> Wire:
    return {"modelVersion": answer.model or "fake", "responseId": answer.id}


def candidate(parts: list[Wire], finish: str | None) -> Wire:
    text: Wire = {"content": {"parts": parts, "role": "model"}, "index": 0}
    return {"candidates": [{**text, "finishReason": finish} if finish else text]}


def reasoning_parts(options: list[str]) -> list[Wire]:
    return [{"text": text, "thought": True} for text in options if text]


def text_parts(options: list[str]) -> list[Wire]:
    return [{"text": text} for text in options if text]


def calls(answer: Answer) -> list[Wire]:
    """Return the tool call parts; the first one has a signature."""
    made: list[Wire] = [{"functionCall": {"id": c.id, "name": c.name, "args": c.arguments}} for c in answer.tool_calls]
    if made:
        made[0]["thoughtSignature"] = answer.signature or "c2lnbmVk"
    return made


def usage(answer: Answer) -> Wire:
    counted = answer.usage
    prompt, text = counted.input + counted.cache_read, counted.output - counted.reasoning
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": text,
        "thoughtsTokenCount": counted.reasoning,
        "cachedContentTokenCount": counted.cache_read,
        "totalTokenCount": prompt + counted.output,
    }
