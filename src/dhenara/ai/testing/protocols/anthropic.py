"""Anthropic Messages, also as Bedrock and Vertex offer it: responses, streams and errors."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from ...wire.eventstream import write_message
from ..answer import Answer, split_pieces

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
