"""Answers of Chat Completions, made of what a test says and read as they would be from a host."""

from __future__ import annotations

from typing import Any

from dhenara.ai.codecs.openai_chat.codec import CODEC
from dhenara.ai.codecs.quirks import ChatQuirks
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types import ChatResponse
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import SseFrames

QUIRKS = ChatQuirks(terminal="finish")


def drafted(*deltas: Any) -> ResponseBuilder:
    draft = ResponseBuilder()
    for delta in deltas:
        draft.add(delta)
    return draft


def whole(message: dict[str, Any], **extra: Any) -> ChatResponse:
    body = {"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **extra}
    return drafted(*CODEC.decoder(QUIRKS).whole(body)).response()


def streamed(*deltas: dict[str, Any], tail: bytes = b"") -> ChatResponse:
    events = [{"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    events.append({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return received(b"".join(b"data: " + json.dumps(event) + b"\n\n" for event in events) + tail)


def received(body: bytes) -> ChatResponse:
    frames, decoder = SseFrames(), CODEC.decoder(QUIRKS)
    reported = [delta for frame in [*frames.feed(body), *frames.finish()] for delta in decoder.frame(frame)]
    return drafted(*reported, *decoder.finish()).response()
