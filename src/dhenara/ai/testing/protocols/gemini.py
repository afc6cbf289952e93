"""Google's generateContent: responses, errors, and the rules of requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
        parts = [
            *reasoning_parts(split_pieces(answer.reasoning)),
            *text_parts(split_pieces(answer.text)),
            *calls(answer),
        ]
        events = [{**candidate([part], None), **usage_metadata(answer)} for part in parts]
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


KINDS = (
    *("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"),
    *("toolCall", "toolResponse"),
)


def gemini_violations(body: Wire) -> Iterator[str]:
    turns: list[Wire] = body.get("contents") or []
    if not turns:
        yield "contents: contents is not specified"
    if turns and turns[0].get("role") != "user":
        yield "Please ensure that multiturn requests begin with a user role."
    made: list[str] = []
    before = ""
    for number, turn in enumerate(turns):
        at = f"contents[{number}]"
        role = turn.get("role")
        if role not in ("user", "model"):
            yield f"{at}: Please use a valid role: user, model."
        if role == before:
            yield f"{at}: Please ensure that multiturn requests alternate between user and model."
        before = role or ""
        yield from item_violations(turn, at)
        results = [p["functionResponse"].get("name") for p in turn.get("parts") or () if "functionResponse" in p]
        if sorted(map(str, made)) != sorted(map(str, results)):
            yield (
                f"{at}: Please ensure that the number of function response parts is equal to the number of "
                "function call parts of the function call turn."
            )
        made = [p["functionCall"].get("name") for p in turn.get("parts") or () if "functionCall" in p]


def item_violations(turn: Wire, at: str) -> Iterator[str]:
    parts = turn.get("parts") or []
    if not parts:
        yield f"{at}.parts: must not be empty."
    for number, part in enumerate(parts):
        if sum(kind in part for kind in KINDS) != 1:
            yield f"{at}.parts[{number}].data: required oneof field 'data' must have one initialized field"
        if part.get("text") == "" and "thoughtSignature" not in part:
            yield f"{at}.parts[{number}].text: must not be empty."
    calls = [part for part in parts if "functionCall" in part]
    if calls and "thoughtSignature" not in calls[0]:
        yield f"Function call is missing a thought_signature in functionCall parts: {calls[0]['functionCall']['name']}"
