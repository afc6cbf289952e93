"""Cohere v2: responses, errors, and the rules of requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..answer import Answer, pairing_violations, split_pieces

Wire = dict[str, Any]


class CohereDialect:
    stream_type = "text/event-stream"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.json.get("stream"))

    def body(self, answer: Answer, request: Any) -> Any:
        message: Wire = {"role": "assistant"}
        if content(answer):
            message["content"] = content(answer)
        if answer.tool_calls:
            message["tool_calls"] = calls(answer)
        return {"id": answer.id, "message": message, "finish_reason": finish(answer), "usage": usage(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        events: list[Wire] = [{"type": "message-start", "id": answer.id, "delta": {"message": {"role": "assistant"}}}]
        for index, block in enumerate(content(answer)):
            events += block_events(index, block)
        for index, call in enumerate(calls(answer)):
            events += call_events(index, call)
        events.append({"type": "message-end", "delta": {"finish_reason": finish(answer), "usage": usage(answer)}})
        return [event(text) for text in events]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"message": message, "id": "req_fake", **({"error_type": kind} if kind else {})}


def content(answer: Answer) -> list[Wire]:
    parts: list[Wire] = []
    if answer.reasoning:
        parts.append({"type": "thinking", "thinking": answer.reasoning})
    if answer.text:
        parts.append({"type": "text", "text": answer.text})
    return parts


def calls(answer: Answer) -> list[Wire]:
    return [
        {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
        for c in answer.tool_calls
    ]


def block_events(index: int, block: Wire) -> Iterator[Wire]:
    """Yield the start, delta and end events of one block."""
    name = block["type"]
    empty = {"type": name, name: ""}
    yield {"type": "content-start", "index": index, "delta": {"message": {"content": empty}}}
    for piece in split_pieces(block[name]):
        yield {"type": "content-delta", "index": index, "delta": {"message": {"content": {name: piece}}}}
    yield {"type": "content-end", "index": index}


def call_events(index: int, call: Wire) -> Iterator[Wire]:
    empty = {**call, "function": {**call["function"], "arguments": ""}}
    yield {"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": empty}}}
    for piece in split_pieces(call["function"]["arguments"]):
        text = {"function": {"arguments": piece}}
        yield {"type": "tool-call-delta", "index": index, "delta": {"message": {"tool_calls": text}}}
    yield {"type": "tool-call-end", "index": index}


def finish(answer: Answer) -> str:
    return answer.finish or ("TOOL_CALL" if answer.tool_calls else "COMPLETE")


def usage(answer: Answer) -> Wire:
    counted = answer.usage
    tokens = {"input_tokens": counted.input + counted.cache_read, "output_tokens": counted.output}
    return {"tokens": tokens, "cached_tokens": counted.cache_read}


def event(text: Wire) -> bytes:
    return f"event: {text['type']}\ndata: {json.dumps(text, separators=(',', ':'))}\n\n".encode()


def cohere_violations(body: Wire) -> Iterator[str]:
    messages: list[Wire] = body.get("messages") or []
    if not messages:
        yield "invalid request: messages must not be empty"
    made: list[str] = []
    answered: list[str] = []
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        if message.get("role") == "tool":
            answered.append(message.get("tool_call_id") or "")
            continue
        yield from pairing_violations(made, answered, over=False)
        made, answered = [call.get("id") or "" for call in message.get("tool_calls") or ()], []
        if message.get("role") not in ("system", "user", "assistant"):
            yield f"{at}: invalid role"
        if not message.get("content") and not message.get("tool_calls"):
            yield f"{at}: must have non-empty content or tool calls"
    yield from pairing_violations(made, answered, over=not answered)
