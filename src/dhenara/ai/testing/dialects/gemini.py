"""generateContent, as Google says it."""

from __future__ import annotations

import json
from typing import Any

from ..answer import Answer, pieces

Wire = dict[str, Any]
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
STATUS |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


class GeminiDialect:
    stream_type = "text/event-stream"

    def wants_stream(self, asked: Any) -> bool:
        return "streamGenerateContent" in asked.path

    def body(self, answer: Answer, request: Any) -> Any:
        parts = [*thoughts([answer.reasoning]), *words([answer.text]), *calls(answer)]
        return {**candidate(parts, answer.finish or "STOP"), **about(answer), "usageMetadata": usage(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        """The last event alone says why it ends; the counts so far come with each."""
        told = [*thoughts(pieces(answer.reasoning)), *words(pieces(answer.text)), *calls(answer)]
        events = [{**candidate([part], None), **about(answer)} for part in told]
        events.append({**candidate([], answer.finish or "STOP"), **about(answer), "usageMetadata": usage(answer)})
        return [b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\r\n\r\n" for event in events]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"error": {"code": status, "message": message, "status": kind or STATUS.get(status, "UNKNOWN")}}


def about(answer: Answer) -> Wire:
    return {"modelVersion": answer.model or "fake", "responseId": answer.id}


def candidate(parts: list[Wire], finish: str | None) -> Wire:
    said: Wire = {"content": {"parts": parts, "role": "model"}, "index": 0}
    return {"candidates": [{**said, "finishReason": finish} if finish else said]}


def thoughts(said: list[str]) -> list[Wire]:
    return [{"text": text, "thought": True} for text in said if text]


def words(said: list[str]) -> list[Wire]:
    return [{"text": text} for text in said if text]


def calls(answer: Answer) -> list[Wire]:
    """The first call of a turn is signed."""
    made: list[Wire] = [{"functionCall": {"id": c.id, "name": c.name, "args": c.arguments}} for c in answer.tool_calls]
    if made:
        made[0]["thoughtSignature"] = answer.signature or "c2lnbmVk"
    return made


def usage(answer: Answer) -> Wire:
    counted = answer.usage
    prompt, said = counted.input + counted.cache_read, counted.output - counted.reasoning
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": said,
        "thoughtsTokenCount": counted.reasoning,
        "cachedContentTokenCount": counted.cache_read,
        "totalTokenCount": prompt + counted.output,
    }
