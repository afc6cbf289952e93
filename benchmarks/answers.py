"""The answers of the local server, in four protocols: whole responses, and streams of `TOKENS` chunks of text.

Events have the fields that the providers send, so a client has as much to parse as in real traffic.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

TOKENS = 500
# Words vary, because LiteLLM takes a repeated chunk for a broken model.
WORDS = [f" word{number % 97}" for number in range(TOKENS)]
TEXT = "The capital of France is Paris. " * 8
CREATED = 1770770839

Json = Mapping[str, object]

STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the server sends in one protocol: a whole response, or the events of a stream."""

    whole: bytes
    events: list[bytes]


def chat_chunk(delta: Json, finish: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {
        "id": "chatcmpl-7eb08824",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": "bench",
        "system_fingerprint": "fp_f8b414701e",
        "choices": [choice],
    }


def chat_body() -> Json:
    message = {"role": "assistant", "content": TEXT, "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": CREATED,
        "model": "bench",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 60, "total_tokens": 71},
    }


def chat_events() -> Iterator[Json]:
    yield from (chat_chunk({"content": word}) for word in WORDS)
    yield chat_chunk({}, "stop")


def anthropic_message(content: list[Json], stop_reason: str | None) -> Json:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "bench",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 60},
    }


def anthropic_events() -> Iterator[Json]:
    yield {"type": "message_start", "message": anthropic_message([], None)}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for word in WORDS:
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
    yield {"type": "content_block_stop", "index": 0}
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": {"input_tokens": 11, "output_tokens": TOKENS}}
    yield {"type": "message_stop"}


def text_item(text: str | None, status: str) -> Json:
    content = [] if text is None else [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}


def responses_body(output: list[Json], status: str) -> Json:
    counts = {"input_tokens": 11, "output_tokens": TOKENS, "total_tokens": 11 + TOKENS}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "model": "bench",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "usage": None if status == "in_progress" else {**counts, **details},
    }


def responses_events() -> Iterator[Json]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    text = "".join(WORDS)
    events: list[Json] = [
        {"type": "response.created", "response": responses_body([], "in_progress")},
        {"type": "response.in_progress", "response": responses_body([], "in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": text_item(None, "in_progress")},
        {"type": "response.content_part.added", **place, "part": part},
        *(
            {"type": "response.output_text.delta", **place, "delta": word, "logprobs": [], "obfuscation": "kQ3bTw"}
            for word in WORDS
        ),
        {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **place, "part": {**part, "text": text}},
        {"type": "response.output_item.done", "output_index": 0, "item": text_item(text, "completed")},
        {"type": "response.completed", "response": responses_body([text_item(text, "completed")], "completed")},
    ]
    yield from ({**event, "sequence_number": number} for number, event in enumerate(events))


def gemini_body(text: str, finish: str | None = None) -> Json:
    candidate: dict[str, object] = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 11, "candidatesTokenCount": 60, "totalTokenCount": 71}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "bench", "responseId": "Zx1aY9rK"}


def gemini_events() -> Iterator[Json]:
    yield from (gemini_body(word) for word in WORDS[:-1])
    yield gemini_body(WORDS[-1], "STOP")


def encode_body(body: Json) -> bytes:
    data = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(data), data)


def encode_event(event: Json, *, named: bool) -> bytes:
    name = f"event: {event['type']}\n" if named else ""
    return f"{name}data: {json.dumps(event, separators=(',', ':'))}\n\n".encode()


def encode_events(events: Callable[[], Iterator[Json]], *, named: bool, end: bytes = b"") -> list[bytes]:
    """Server-sent events, each as one chunk of HTTP."""
    encoded = [encode_event(event, named=named) for event in events()]
    return [b"%x\r\n%s\r\n" % (len(event), event) for event in [*encoded, *([end] if end else [])]]


ANSWERS = {
    "chat": Answers(encode_body(chat_body()), encode_events(chat_events, named=False, end=b"data: [DONE]\n\n")),
    "anthropic": Answers(
        encode_body(anthropic_message([{"type": "text", "text": TEXT}], "end_turn")),
        encode_events(anthropic_events, named=True),
    ),
    "responses": Answers(
        encode_body(responses_body([text_item(TEXT, "completed")], "completed")),
        encode_events(responses_events, named=True),
    ),
    "gemini": Answers(encode_body(gemini_body(TEXT, "STOP")), encode_events(gemini_events, named=False)),
}
