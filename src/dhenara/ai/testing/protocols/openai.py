"""OpenAI Chat Completions and Responses: responses, streams and errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..answer import Answer, FakeToolCall, split_pieces

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
        return {**chat_envelope(answer, request, "chat.completion"), "choices": choices, "usage": chat_usage(answer)}

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        head = chat_envelope(answer, request, "chat.completion.chunk")
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
            events.append({**head, "choices": [], "usage": chat_usage(answer)})
        return [*(chat_event(e) for e in events), b"data: [DONE]\n\n"]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        error_type = kind or KINDS.get(status, "invalid_request_error")
        return {"error": {"message": message, "type": error_type, "param": None, "code": code}}


def chat_envelope(answer: Answer, request: Any, kind: str) -> dict[str, Any]:
    model = answer.model or request.get("model", "fake")
    return {"id": answer.id, "object": kind, "created": 1_790_000_000, "model": model, "system_fingerprint": "fp_1"}


def message(answer: Answer) -> dict[str, Any]:
    fields: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": answer.refusal}
    if answer.reasoning:
        fields["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        fields["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for c in answer.tool_calls
        ]
    return fields


def call_pieces(index: int, call: FakeToolCall) -> list[dict[str, Any]]:
    first = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
    rest = [{"index": index, "function": {"arguments": piece}} for piece in split_pieces(json.dumps(call.arguments))]
    return [first, *rest]


def choice(index: int, delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def finish(answer: Answer) -> str:
    return answer.finish or ("tool_calls" if answer.tool_calls else "stop")


def chat_usage(answer: Answer) -> dict[str, Any]:
    counted = answer.usage
    prompt = counted.prompt
    return {
        "prompt_tokens": prompt,
        "completion_tokens": counted.output,
        "total_tokens": prompt + counted.output,
        "prompt_tokens_details": {**read_details(answer), "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": counted.reasoning, "audio_tokens": 0},
    }


def read_details(answer: Answer) -> dict[str, int]:
    """The counts of the prompt cache, inside of the prompt."""
    written = answer.usage.cache_write
    return {"cached_tokens": answer.usage.cache_read, **({"cache_write_tokens": written} if written else {})}


def chat_event(text: Any) -> bytes:
    return b"data: " + json.dumps(text, separators=(",", ":")).encode() + b"\n\n"


Wire = dict[str, Any]


class ResponsesDialect:
    stream_type = "text/event-stream"

    def wants_stream(self, request: Any) -> bool:
        return bool(request.json.get("stream")) or "stream=true" in request.path.partition("?")[2]

    def body(self, answer: Answer, request: Any) -> Any:
        whole = {"output": items(answer), "usage": responses_usage(answer)}
        if answer.finish is None:
            return {**responses_envelope(answer, request, "completed"), **whole}
        return {
            **responses_envelope(answer, request, "incomplete"),
            **whole,
            "incomplete_details": {"reason": answer.finish},
        }

    def stream(self, answer: Answer, request: Any) -> list[bytes]:
        begun = {**responses_envelope(answer, request, "in_progress"), "output": [], "usage": None}
        events: list[Wire] = [{"type": "response.created", "response": begun}]
        for index, item in enumerate(items(answer)):
            events += block_events(index, item)
        whole = self.body(answer, request)
        events.append({"type": f"response.{whole['status']}", "response": whole})
        return [responses_event(text, number) for number, text in enumerate(events)]

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any:
        return ChatDialect().error(status, message, kind, code)


def responses_envelope(answer: Answer, request: Any, status: str) -> Wire:
    return {
        "id": answer.id,
        "object": "response",
        "created_at": 1_790_000_000,
        "model": answer.model or request.get("model", "fake"),
        "status": status,
        "error": None,
        "incomplete_details": None,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def items(answer: Answer) -> list[Wire]:
    output: list[Wire] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        sealed = answer.signature or "c2VhbGVk"
        output.append({"id": "rs_1", "type": "reasoning", "summary": summary, "encrypted_content": sealed})
    if answer.text or not (answer.tool_calls or answer.reasoning):
        options = {"type": "output_text", "text": answer.text, "annotations": []}
        output.append(
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [options]}
        )
    for number, call in enumerate(answer.tool_calls):
        about = {"id": f"fc_{number}", "type": "function_call", "status": "completed", "call_id": call.id}
        output.append({**about, "name": call.name, "arguments": json.dumps(call.arguments)})
    return output


def block_events(index: int, item: Wire) -> Iterator[Wire]:
    """Yield the events of one item: added, deltas, done."""
    grown: list[Wire]
    at = {"output_index": index, "item_id": item["id"]}
    match item["type"]:
        case "message":
            empty = {**item, "content": [], "status": "in_progress"}
            part: Wire = {"type": "output_text", "text": "", "annotations": []}
            words = [
                {"type": "response.output_text.delta", "delta": p} for p in split_pieces(item["content"][0]["text"])
            ]
            begun: Wire = {"type": "response.content_part.added", "part": part}
            grown = [{**text, **at, "content_index": 0, "logprobs": []} for text in [begun, *words]]
        case "reasoning":
            empty = {**item, "summary": [], "encrypted_content": None}
            part = {"type": "summary_text", "text": ""}
            summary = split_pieces(item["summary"][0]["text"])
            words = [{"type": "response.reasoning_summary_text.delta", "delta": piece} for piece in summary]
            begun = {"type": "response.reasoning_summary_part.added", "part": part}
            grown = [{**text, **at, "summary_index": 0} for text in [begun, *words]]
        case _:
            empty = {**item, "arguments": "", "status": "in_progress"}
            words = [
                {"type": "response.function_call_arguments.delta", "delta": p} for p in split_pieces(item["arguments"])
            ]
            grown = [{**text, **at} for text in words]
    yield {"type": "response.output_item.added", "output_index": index, "item": empty}
    yield from grown
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def responses_usage(answer: Answer) -> Wire:
    counted = answer.usage
    total_in = counted.prompt
    return {
        "input_tokens": total_in,
        "input_tokens_details": read_details(answer),
        "output_tokens": counted.output,
        "output_tokens_details": {"reasoning_tokens": counted.reasoning},
        "total_tokens": total_in + counted.output,
    }


def responses_event(text: Wire, number: int) -> bytes:
    body = json.dumps({**text, "sequence_number": number}, separators=(",", ":"))
    return f"event: {text['type']}\ndata: {body}\n\n".encode()
