"""Events of one text are read in one step, with the deltas that the general reader makes of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic_core import to_json

from dhenara.ai.codecs.anthropic.response import MessagesReader
from dhenara.ai.codecs.base import MALFORMED, load_codec
from dhenara.ai.codecs.gemini.response import GeminiReader
from dhenara.ai.codecs.openai_chat.response import ChatReader
from dhenara.ai.codecs.openai_responses.response import ResponsesReader
from dhenara.ai.codecs.quirks import ChatQuirks, GeminiQuirks, MessagesQuirks, ResponsesQuirks
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame
from support.corpus import body_bytes
from support.protocols import PROTOCOLS

CHAT: dict[str, Any] = {
    "id": "c-1",
    "object": "chat.completion.chunk",
    "model": "m",
    "choices": [{"index": 0, "delta": {"role": "assistant", "content": "a"}, "logprobs": None, "finish_reason": None}],
}
GEMINI: dict[str, Any] = {
    "candidates": [{"content": {"parts": [{"text": "a"}], "role": "model"}, "index": 0}],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4},
    "modelVersion": "m",
    "responseId": "r-1",
}
MESSAGES: dict[str, Any] = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "a"},
}
RESPONSES: dict[str, Any] = {
    "type": "response.output_text.delta",
    "output_index": 0,
    "content_index": 0,
    "delta": "a",
    "logprobs": [],
}
READERS: dict[type, tuple[Any, Any, dict[str, Any]]] = {
    ChatReader: (load_codec("openai_chat"), ChatQuirks(), CHAT),
    GeminiReader: (load_codec("gemini"), GeminiQuirks(), GEMINI),
    MessagesReader: (load_codec("anthropic"), MessagesQuirks(), MESSAGES),
    ResponsesReader: (load_codec("openai_responses"), ResponsesQuirks(), RESPONSES),
}
VALUES: tuple[Any, ...] = (None, "", "b", 0, 1, 1.0, True, [], [None], [{}], {}, {"text": "b", "other": 1})


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside an event."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, name)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, name))


def changed(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the event with one value replaced or removed, and with fields that it does not have."""
    for *path, name in places(event):
        for value in (*VALUES, ...):
            other = copy.deepcopy(event)
            place: Any = other
            for step in path:
                place = place[step]
            if value is ...:
                del place[name]
            elif isinstance(place, list):
                place[name:] = [value, *place[name:]]
            else:
                place[name] = value
            yield other
    for name in ("error", "message", "promptFeedback", "usage", "citations", "x_groq"):
        yield {**event, name: {"message": "m"}}
    yield from with_more(event)


def with_more(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the event as another kind, and with further fields in it and in what its text is in."""
    inner = next(name for name in ("choices", "candidates", "delta") if name in event)
    given = event[inner]
    for name in ("finishReason", "groundingMetadata", "finish_reason", "logprobs", "safetyRatings", "citation"):
        more = {name: {"tokens": ["stop"]}}
        yield {**event, **more}
        if not isinstance(given, str):
            yield {**event, inner: {**given, **more} if isinstance(given, dict) else [{**given[0], **more}]}
    for kind in ("content_block_start", "message_delta", "thinking_delta", "response.refusal.delta"):
        yield {**event, "type": kind}
        if isinstance(given, dict):
            yield {**event, inner: {**given, "type": kind}}


def outcome(decoder: Any, frames: list[Frame]) -> list[str]:
    """Return what is read of each event, an error included, and of the end."""
    seen = []
    for frame in frames:
        try:
            seen.append(repr(list(decoder.frame(frame))))
        except MALFORMED as error:
            seen.append(repr(error))
    return [*seen, repr(list(decoder.finish()))]


@pytest.fixture(params=list(READERS), ids=lambda reader: reader.__name__)
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Any, Any]]:
    """Returns a function that reads frames with and without the step for usual events."""
    reader: Any = request.param
    usual = reader._usual_text

    def read(make: Callable[[], Any], frames: list[Frame]) -> tuple[Any, Any]:
        monkeypatch.setattr(reader, "_usual_text", usual)
        read = outcome(make(), frames)
        monkeypatch.setattr(reader, "_usual_text", lambda *_: None)
        return read, outcome(make(), frames)

    read.reader = reader  # type: ignore[attr-defined]
    return read


def test_events_with_any_change_are_read_alike(both: Any) -> None:
    codec, quirks, event = READERS[both.reader]
    first = Frame(json.dumps(event))
    for other in changed(event):
        frames = [first, first, Frame(json.dumps(other)), first]
        one_step, general = both(lambda: codec.decoder(quirks), frames)
        assert one_step == general, other


def test_recorded_events_are_read_alike(both: Any) -> None:
    codec, _, _ = READERS[both.reader]
    for protocol in PROTOCOLS:
        if protocol.codec != codec.name:
            continue
        for exchange in protocol.exchanges(lambda e: e["stream"] and len(e["response_body"]) < 100_000):
            frames = codec.frames().feed(body_bytes(exchange))
            one_step, general = both(lambda quirks=protocol.quirks: codec.decoder(quirks), frames)
            assert one_step == general, exchange["id"]


def test_usual_events_take_one_step(both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    codec, quirks, event = READERS[both.reader]
    decoder, frame = codec.decoder(quirks), Frame(json.dumps(event))
    decoder.frame(frame)

    def refuse(*_: object) -> None:
        raise AssertionError("the general reader was used")

    monkeypatch.setattr(both.reader, "_read", refuse)
    (delta,) = decoder.frame(frame)
    assert delta.text == "a"


def test_a_text_is_written_as_pydantic_writes_it() -> None:
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    assert [text for text in every if json.write_text(text).encode() != to_json(text)] == []
