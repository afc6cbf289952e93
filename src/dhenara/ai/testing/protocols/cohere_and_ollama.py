"""Responses in the protocols of Cohere and Ollama, and what is wrong with a request to them."""

from __future__ import annotations

import base64
import binascii
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
            message["tool_calls"] = cohere_calls(answer)
        return {"id": answer.id, "message": message, "finish_reason": finish(answer), "usage": usage(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        events: list[Wire] = [{"type": "message-start", "id": answer.id, "delta": {"message": {"role": "assistant"}}}]
        for index, block in enumerate(content(answer)):
            events += block_events(index, block)
        for index, call in enumerate(cohere_calls(answer)):
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


def cohere_calls(answer: Answer) -> list[Wire]:
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
    tokens = {"input_tokens": counted.prompt, "output_tokens": counted.output}
    if counted.reasoning:
        tokens["reasoning_tokens"] = counted.reasoning
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


MADE = "2026-11-21T12:00:00.000000Z"


class OllamaDialect:
    stream_type = "application/x-ndjson"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.json.get("stream", True))

    def body(self, answer: Answer, request: Any) -> Any:
        fields: Wire = {"content": answer.text}
        if answer.reasoning:
            fields["thinking"] = answer.reasoning
        if answer.tool_calls:
            fields["tool_calls"] = ollama_calls(answer)
        return {**line(fields, answer, request), **end(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        """Return the stream; each tool call is on a line of its own."""
        fields: list[Wire] = [{"content": "", "thinking": piece} for piece in split_pieces(answer.reasoning)]
        fields += [{"content": piece} for piece in answer.pieces]
        fields += [{"content": "", "tool_calls": [call]} for call in ollama_calls(answer)]
        lines = [{**line(text, answer, request), "done": False} for text in fields]
        lines.append({**line({"content": ""}, answer, request), **end(answer)})
        return [json.dumps(text, separators=(",", ":")).encode() + b"\n" for text in lines]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return {"error": message}


def line(text: Wire, answer: Answer, request: Any) -> Wire:
    model = answer.model or request.get("model", "fake")
    return {"model": model, "created_at": MADE, "message": {"role": "assistant", **text}}


def ollama_calls(answer: Answer) -> list[Wire]:
    return [
        {"id": call.id, "function": {"index": index, "name": call.name, "arguments": call.arguments}}
        for index, call in enumerate(answer.tool_calls)
    ]


def end(answer: Answer) -> Wire:
    counted = answer.usage
    return {
        "done": True,
        "done_reason": answer.finish or "stop",
        "total_duration": 2_000_000_000,
        "load_duration": 1_000_000_000,
        "prompt_eval_count": counted.prompt,
        "prompt_eval_duration": 400_000_000,
        "eval_count": counted.output,
        "eval_duration": 600_000_000,
    }


LEVELS = ("high", "medium", "low", "max")
NUMBERS = ("temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty")
WHOLE = ("num_ctx", "num_predict", "num_keep", "seed", "top_k", "repeat_last_n", "num_gpu", "num_batch", "num_thread")


def ollama_violations(body: Wire) -> Iterator[str]:
    if not body.get("model"):
        yield "model is required"
    for message in body.get("messages") or ():
        yield from item_violations(message)
    think = body.get("think")
    if isinstance(think, str) and think not in LEVELS:
        yield f'invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)'
    shape = body.get("format")
    if shape not in (None, "", "json") and not isinstance(shape, dict):
        yield f'invalid format: "{shape}"; expected "json" or a valid JSON Schema object'
    yield from option_type_violations(body.get("options") or {})


def item_violations(message: Wire) -> Iterator[str]:
    for name in ("role", "content", "thinking", "tool_name", "tool_call_id"):
        if not isinstance(message.get(name) or "", str):
            yield f"json: cannot unmarshal {name} into Go struct field ChatRequest.messages.{name} of type string"
    for call in message.get("tool_calls") or ():
        if not isinstance(call["function"].get("arguments"), dict):
            yield "json: cannot unmarshal arguments into Go struct field .function.arguments of type map"
    for image in message.get("images") or ():
        try:
            base64.b64decode(image, validate=True)
        except binascii.Error:
            yield "illegal base64 data at input byte 4"


def option_type_violations(options: Wire) -> Iterator[str]:
    """Check the types of known options; unknown ones are ignored."""
    for name, value in options.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in NUMBERS and not number:
            yield f'option "{name}" must be of type float32'
        if name in WHOLE and not number:
            yield f'option "{name}" must be of type integer'
        if name == "stop" and not isinstance(value, list):
            yield 'option "stop" must be of type array'
