"""Anthropic Messages, also as Bedrock and Vertex offer it: responses, errors, and the rules of requests."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from ...wire.eventstream import write_message
from ..answer import Answer, pairing_violations, split_pieces

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


class AnthropicDialect:
    stream_type = "text/event-stream; charset=utf-8"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.json.get("stream"))

    def body(self, answer: Answer, request: Any) -> Any:
        return {
            **envelope(answer, request),
            "content": blocks(answer),
            "stop_reason": stop(answer),
            "stop_sequence": None,
            "usage": usage(answer),
        }

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        started = {**usage(answer), "output_tokens": 1}
        begun = {
            **envelope(answer, request),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": started,
        }
        events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
        for index, block in enumerate(blocks(answer)):
            events += block_events(index, block)
        ended = {"stop_reason": stop(answer), "stop_sequence": None}
        events += [{"type": "message_delta", "delta": ended, "usage": usage(answer)}, {"type": "message_stop"}]
        return [event(e) for e in events]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {
            "type": "error",
            "error": {"type": kind or KINDS.get(status, "api_error"), "message": message},
            "request_id": "req_fake",
        }


def envelope(answer: Answer, request: Any) -> dict[str, Any]:
    model = answer.model or request.get("model", "fake")
    return {"id": answer.id, "type": "message", "role": "assistant", "model": model}


def blocks(answer: Answer) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    if answer.reasoning:
        content.append({"type": "thinking", "thinking": answer.reasoning, "signature": answer.signature or "c2lnbmVk"})
    if answer.text or not (answer.tool_calls or answer.reasoning):
        content.append({"type": "text", "text": answer.text})
    content += [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.arguments} for c in answer.tool_calls]
    return content


def block_events(index: int, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the start, delta and stop events of one block."""
    match block["type"]:
        case "text":
            empty, deltas = (
                {**block, "text": ""},
                [{"type": "text_delta", "text": p} for p in split_pieces(block["text"])],
            )
        case "thinking":
            empty = {**block, "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": p} for p in split_pieces(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        case _:
            empty = {**block, "input": {}}
            arguments = json.dumps(block["input"]) if block["input"] else ""
            deltas = [{"type": "input_json_delta", "partial_json": p} for p in ["", *split_pieces(arguments)]]
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def stop(answer: Answer) -> str:
    return answer.finish or ("tool_use" if answer.tool_calls else "end_turn")


def usage(answer: Answer) -> dict[str, Any]:
    counted = answer.usage
    details = {"output_tokens_details": {"thinking_tokens": counted.reasoning}} if counted.reasoning else {}
    return {
        "input_tokens": counted.input,
        "cache_creation_input_tokens": counted.cache_write,
        "cache_read_input_tokens": counted.cache_read,
        "output_tokens": counted.output,
        **details,
    }


def event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


class PredictDialect(AnthropicDialect):
    """Vertex: streams like Anthropic."""

    def wants_stream(self, request: Any) -> bool:
        return bool(request.path.partition("?")[0].endswith(":streamRawPredict"))


class InvokeDialect(AnthropicDialect):
    """Bedrock: each event is a base64 chunk in AWS's event stream."""

    stream_type = "application/vnd.amazon.eventstream"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.path.partition("?")[0].endswith("/invoke-with-response-stream"))

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        return [chunk(text) for text in super().stream(answer, request)]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"message": message}


def chunk(event: bytes) -> bytes:
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    payload = event.partition(b"data: ")[2].strip()
    return write_message(headers, json.dumps({"bytes": b64encode(payload).decode()}).encode())


WORD64 = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_MARKS = 4
Wire = dict[str, Any]


def anthropic_violations(body: Wire) -> Iterator[str]:
    if "max_tokens" not in body:
        yield "max_tokens: Field required"
    turns: list[Wire] = body.get("messages") or []
    if not turns or turns[0].get("role") != "user":
        yield "messages: first message must use the user role"
    yield from role_order_violations(turns)
    if ends_in_space(turns):
        yield "messages: final assistant content cannot end with trailing whitespace"
    system = body.get("system")
    blocks = system if isinstance(system, list) else [{"type": "text", "text": system}] if system is not None else []
    yield from blank_text_violations(blocks, "system")
    ids = [b.get("id") for t in turns for b in contents(t) if b.get("type") == "tool_use"]
    if len(set(ids)) < len(ids):
        yield "messages: tool_use ids must be unique"
    if count_cache_marks(body) > MOST_MARKS:
        yield f"a maximum of {MOST_MARKS} blocks with cache_control may be provided"


def role_order_violations(turns: list[Wire]) -> Iterator[str]:
    made: list[str] = []
    before: str | None = None
    for number, turn in enumerate(turns):
        at = f"messages.{number}"
        if turn.get("role") not in ("user", "assistant"):
            yield f"{at}: role must be user or assistant"
        if turn.get("role") == before:
            yield f"{at}: roles must alternate"
        before = turn.get("role")
        blocks = contents(turn)
        yield from blank_text_violations(blocks, at)
        yield from (f"{at}: {text}" for block in blocks for text in block_violations(block))
        results = [block.get("tool_use_id") or "" for block in blocks if block.get("type") == "tool_result"]
        yield from pairing_violations(made, results, over=False)
        kinds = [block.get("type") == "tool_result" for block in blocks]
        if made and kinds != sorted(kinds, reverse=True):
            yield f"{at}: tool_result blocks must come first"
        made = [block.get("id") or "" for block in blocks if block.get("type") == "tool_use"]


def ends_in_space(turns: list[Wire]) -> bool:
    """Return whether a prefilled assistant message ends in white space."""
    last = contents(turns[-1])[-1:] if turns and turns[-1].get("role") == "assistant" else []
    return bool(last) and str(last[0].get("text", "")) != str(last[0].get("text", "")).rstrip()


def contents(turn: Wire) -> list[Wire]:
    content = turn.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def blank_text_violations(blocks: list[Wire], at: str) -> Iterator[str]:
    if not blocks and at != "system":
        yield f"{at}: all messages must have non-empty content"
    for block in blocks:
        if block.get("type") == "text" and not block["text"].strip():
            yield f"{at}: text content blocks must contain non-whitespace text"


def block_violations(block: Wire) -> Iterator[str]:
    match block.get("type"):
        case "thinking" if not block.get("signature"):
            yield "thinking.signature: Field required"
        case "redacted_thinking" if not block.get("data"):
            yield "redacted_thinking.data: Field required"
        case "tool_use" if not WORD64.fullmatch(block.get("id") or ""):
            yield "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"


def count_cache_marks(value: Any) -> int:
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(
            count_cache_marks(v) for k, v in value.items() if k not in ("input", "data")
        )
    return sum(map(count_cache_marks, value)) if isinstance(value, list) else 0
