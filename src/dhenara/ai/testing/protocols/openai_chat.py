"""OpenAI Chat Completions: responses, errors, and the rules of requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..answer import Answer, FakeToolCall, pairing_violations, split_pieces

KINDS = {401: "invalid_request_error", 429: "rate_limit_exceeded", 500: "server_error"}


class ChatDialect:
    stream_type = "text/event-stream"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.json.get("stream"))

    def body(self, answer: Answer, request: Any) -> Any:
        first = message(answer)
        texts = [{"role": "assistant", "content": text, "refusal": None} for text in answer.choices]
        choices = [
            {"index": index, "message": options, "logprobs": None, "finish_reason": finish(answer)}
            for index, options in enumerate([first, *texts])
        ]
        return {**envelope(answer, request, "chat.completion"), "choices": choices, "usage": usage(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        head = envelope(answer, request, "chat.completion.chunk")
        deltas: list[tuple[int, dict[str, Any]]] = [(0, {"role": "assistant", "content": "", "refusal": None})]
        deltas += [(0, {"reasoning_content": piece}) for piece in split_pieces(answer.reasoning)]
        deltas += [(0, {"content": piece}) for piece in answer.pieces]
        deltas += [(0, {"refusal": piece}) for piece in split_pieces(answer.refusal or "")]
        for index, call in enumerate(answer.tool_calls):
            deltas += [(0, {"tool_calls": [piece]}) for piece in call_pieces(index, call)]
        for index, text in enumerate(answer.choices, 1):
            deltas += [(index, {"content": piece}) for piece in split_pieces(text)]
        events = [{**head, "choices": [choice(i, d, None)], "usage": None} for i, d in deltas]
        events += [
            {**head, "choices": [choice(i, {}, finish(answer))], "usage": None} for i in range(1 + len(answer.choices))
        ]
        if (request.get("stream_options") or {}).get("include_usage"):
            events.append({**head, "choices": [], "usage": usage(answer)})
        return [*(event(e) for e in events), b"data: [DONE]\n\n"]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        data = kind or KINDS.get(status, "invalid_request_error")
        return {"error": {"message": message, "type": data, "param": None, "code": code}}


def envelope(answer: Answer, request: Any, kind: str) -> dict[str, Any]:
    model = answer.model or request.get("model", "fake")
    return {"id": answer.id, "object": kind, "created": 1_790_000_000, "model": model, "system_fingerprint": "fp_1"}


def message(answer: Answer) -> dict[str, Any]:
    options: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": answer.refusal}
    if answer.reasoning:
        options["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        options["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for c in answer.tool_calls
        ]
    return options


def call_pieces(index: int, call: FakeToolCall) -> list[dict[str, Any]]:
    first = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
    rest = [{"index": index, "function": {"arguments": piece}} for piece in split_pieces(json.dumps(call.arguments))]
    return [first, *rest]


def choice(index: int, delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def finish(answer: Answer) -> str:
    return answer.finish or ("tool_calls" if answer.tool_calls else "stop")


def usage(answer: Answer) -> dict[str, Any]:
    counted = answer.usage
    prompt = counted.input + counted.cache_read
    return {
        "prompt_tokens": prompt,
        "completion_tokens": counted.output,
        "total_tokens": prompt + counted.output,
        "prompt_tokens_details": {"cached_tokens": counted.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": counted.reasoning, "audio_tokens": 0},
    }


def event(text: Any) -> bytes:
    return b"data: " + json.dumps(text, separators=(",", ":")).encode() + b"\n\n"


ROLES = ("system", "developer", "user", "assistant", "tool", "function")
LONGEST_ID = 64
Wire = dict[str, Any]


def chat_violations(body: Wire) -> Iterator[str]:
    messages: list[Wire] = body.get("messages") or []
    if not messages:
        yield "messages: there is none"
    made: list[str] = []
    answered: list[str] = []
    for number, message in enumerate(messages):
        role = message.get("role")
        if role not in ROLES:
            yield f"messages[{number}].role: {role!r} is none of {', '.join(ROLES)}"
        if role == "tool":
            answered.append(message.get("tool_call_id") or "")
            continue
        yield from pairing_violations(made, answered, over=False)
        made, answered = [call.get("id") or "" for call in message.get("tool_calls") or ()], []
        yield from item_violations(message, f"messages[{number}]")
    yield from pairing_violations(made, answered, over=not answered)


def item_violations(message: Wire, at: str) -> Iterator[str]:
    content = message.get("content")
    if message["role"] == "assistant":
        if not (content or message.get("tool_calls") or message.get("audio") or message.get("refusal")):
            yield f"{at}: an assistant message has content or tool calls"
        if message.get("tool_calls") == []:
            yield f"{at}.tool_calls: an empty list"
    elif content is None or content == []:
        yield f"{at}.content: there is none"
    for call in message.get("tool_calls") or ():
        if len(call.get("id") or "") > LONGEST_ID:
            yield f"{at}.tool_calls: an id is longer than {LONGEST_ID} characters"
        if call.get("type") == "function" and not isinstance(call["function"].get("arguments"), str):
            yield f"{at}.tool_calls: arguments are a string"
