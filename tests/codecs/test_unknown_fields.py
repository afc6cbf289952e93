"""Unknown events, fields and values are kept or ignored, and never raise an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.providers.provider import load_provider
from dhenara.ai.providers.target import find_route
from dhenara.ai.response.builder import build_response
from dhenara.ai.testing import Answer, FakeToolCall
from dhenara.ai.testing.protocols import dialect_for
from dhenara.ai.types import ChatResponse, GenericContent
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame, NdjsonFrames, SseFrames
from support.calls import JSON, OBJECTS

FULL = Answer(text="Some words here.", reasoning="Hm.", tool_calls=(FakeToolCall("add", {"a": [1, 2]}),))
PROTOCOLS = pytest.mark.parametrize(
    ("protocol", "provider", "path"),
    [
        ("openai_chat", "openai", "/chat/completions"),
        ("openai_responses", "openai", "/responses"),
        ("anthropic", "anthropic", "/messages"),
        ("gemini", "google_ai", "/m:streamGenerateContent"),
        ("cohere", "cohere", "/v2/chat"),
        ("ollama", "ollama", "/api/chat"),
    ],
)
NEW = st.dictionaries(st.text("xyz", min_size=3, max_size=5), JSON, max_size=2)


def reported(path: str) -> list[bytes]:
    frames = NdjsonFrames() if path == "/api/chat" else SseFrames()
    return [f.data for event in dialect_for(path).stream(FULL, {"model": "m"}) for f in frames.feed(event)]


def folded(protocol: str, provider: str, events: list[bytes]) -> ChatResponse:
    route = find_route(load_provider(provider), "m", protocol)
    decoder = load_codec(protocol).decoder(route.quirks)
    reported = [delta for event in events for delta in decoder.frame(Frame(event))]
    return build_response([*reported, *decoder.finish()])


def grown(value: Any, extra: dict[str, Any]) -> Any:
    """The same value with new fields in every object that the protocol itself made."""
    if isinstance(value, list):
        return [grown(one, extra) for one in value]
    if isinstance(value, dict):
        return {
            key: one if key in ("input", "args", "arguments") else grown(one, extra) for key, one in value.items()
        } | extra
    return value


@PROTOCOLS
@given(extra=NEW)
def test_unknown_fields_change_nothing(protocol: str, provider: str, path: str, extra: dict[str, Any]) -> None:
    events = reported(path)
    plain = folded(protocol, provider, events)
    more = [e if e == b"[DONE]" else json.dumps(grown(json.loads(e), extra)) for e in events]
    answer = folded(protocol, provider, more)
    assert answer.text() == plain.text() == FULL.text
    assert [(c.id, c.name, c.arguments) for c in answer.tool_calls()] == [
        (c.id, c.name, c.arguments) for c in plain.tool_calls()
    ]
    assert (answer.usage is None) == (plain.usage is None)
    assert not answer.interrupted


@given(body=OBJECTS, at=st.integers(0, 30))
def test_unknown_events_of_anthropic_are_ignored(body: dict[str, Any], at: int) -> None:
    events = reported("/messages")
    place = 1 + at % (len(events) - 1)
    more = [*events[:place], json.dumps({**body, "type": "something_new"}), *events[place:]]
    assert folded("anthropic", "anthropic", more) == folded("anthropic", "anthropic", events)


@given(body=OBJECTS)
def test_unknown_blocks_of_anthropic_are_preserved(body: dict[str, Any]) -> None:
    block = {**body, "type": "hologram"}
    start = {"type": "content_block_start", "index": 9, "content_block": block}
    grow = {"type": "content_block_delta", "index": 9, "delta": {"type": "hologram_delta", "angle": 3}}
    events = [*reported("/messages")[:-2], *map(json.dumps, (start, grow, {"type": "content_block_stop", "index": 9}))]
    retained = [part for part in folded("anthropic", "anthropic", events).contents if isinstance(part, GenericContent)]
    assert [(part.kind, part.data) for part in retained] == [("hologram", {**block, "angle": 3})]


@pytest.mark.parametrize(
    ("protocol", "provider", "path"),
    [("openai_chat", "openai", "/chat/completions"), ("anthropic", "anthropic", "/messages")],
)
def test_unknown_finish_reason_is_preserved(protocol: str, provider: str, path: str) -> None:
    events = dialect_for(path).stream(Answer(text="x", finish="exhaustion"), {"model": "m"})
    frames = SseFrames()
    answer = folded(protocol, provider, [f.data for event in events for f in frames.feed(event)])
    assert (answer.finish_reason, answer.choices[0].raw_finish_reason) == ("other", "exhaustion")
    assert not answer.interrupted
