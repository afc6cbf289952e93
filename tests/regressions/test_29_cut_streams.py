"""A stream that ends anywhere before its first words is retried, and after them it is interrupted; never complete."""

from __future__ import annotations

import random
from collections.abc import Coroutine
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadAnswerError, BrokenStreamError, CallError, ConnectionFailedError
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.pipeline.streaming.response_reader import StreamingSource
from dhenara.ai.pipeline.streaming.stream import Stream
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.testing import FakeServer, Raw, RawStream
from dhenara.ai.types import AIModelCallConfig
from dhenara.ai.wire.limits import DEFAULT_LIMITS
from support.corpus import CORPUS, Exchange, body_bytes
from support.protocols import PROTOCOLS, Recorded
from support.worlds import World, endpoint

EACH = pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: f"{p.codec}-{p.apis[0]}")


class Pieces:
    """A response that arrives in these pieces and then ends cleanly."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [*pieces, b""]
        self.response = self
        self.head, self.limits = Head(200), DEFAULT_LIMITS

    async def read(self) -> bytes:
        return self._pieces.pop(0)

    async def close(self) -> None:
        pass

    def mark_started(self) -> None:
        pass

    def mark_complete(self) -> None:
        pass

    def with_names(self, error: CallError) -> CallError:
        return error


def now(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def outcome(protocol: Recorded, quirks: Any, body: bytes) -> tuple[str, CallError | None, bool]:
    """How a stream of these bytes ends: before its first words, after them, or complete; and with which error."""
    codec = protocol.load()
    stream = Stream(StreamingSource(Pieces(body), codec.decoder(quirks), codec.frames()), ResponseBuilder())  # type: ignore[arg-type]
    try:
        now(stream.prime())
    except CallError as error:
        return "before", error, error.retriable
    try:
        answer = now(stream.response())
    except CallError as error:
        return "after", error, error.retriable
    return ("interrupted" if answer.interrupted else "complete"), None, False


def without_mercy(protocol: Recorded) -> Any:
    """The dialect in which only the protocol's own last word ends an answer."""
    from dataclasses import replace

    return replace(protocol.quirks, terminal="done") if hasattr(protocol.quirks, "terminal") else protocol.quirks


def streams(protocol: Recorded) -> list[Exchange]:
    actual = protocol.exchanges(
        lambda e: (
            e["stream"]
            and e["expected"]["kind"] == "generate"
            and not e["expected"].get("stream_error")
            and len(e["response_body"]) < 200_000
        )
    )
    return sorted(actual, key=lambda e: e["id"])


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")
@EACH
def test_a_recorded_stream_cut_at_any_byte_is_broken_and_never_complete(protocol: Recorded) -> None:
    rng = random.Random(29)
    for exchange in streams(protocol)[:25]:
        body, quirks = body_bytes(exchange), without_mercy(protocol)
        end = max(0, body.rfind(protocol.last_word) - 1)
        cuts = {*range(min(end, 120)), *(rng.randrange(end + 1) for _ in range(30 if end else 0))}
        for at in sorted(cuts):
            how, error, retriable = outcome(protocol, quirks, body[:at])
            assert how != "complete", (exchange["id"], at)
            assert error is not None, (exchange["id"], at)
            assert isinstance(error, BrokenStreamError), (exchange["id"], at, error)
            assert retriable == (how == "before"), (exchange["id"], at, how)


FIRST = {
    "openai": (
        "gpt-4o",
        b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}',
    ),
    "anthropic": (
        "claude-sonnet-4-5",
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","content":[]}}',
    ),
    "google_ai": ("gemini-2.5-flash", b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}'),
    "cohere": ("command-a", b'event: message-start\ndata: {"type":"message-start","id":"1"}'),
}


@pytest.mark.parametrize("provider", FIRST)
def test_an_end_inside_the_first_event_is_retried_and_then_a_broken_stream(provider: str, world: World) -> None:
    model, event = FIRST[provider]
    cuts = RawStream([event[: len(event) // 2]]), RawStream([event[:-1]])
    with FakeServer(*cuts) as server:
        client = AIModelClient(endpoint(server.url, provider, model), config=AIModelCallConfig(retries=1))
        with pytest.raises(BrokenStreamError):
            world.stream(client, "hi")
        world.close(client)
        assert len(server.exchanges) == 2


def test_a_whole_event_that_is_no_json_is_still_a_bad_answer(world: World) -> None:
    for reported in (b"data: <html>\n\n", b"data: <html>"):
        with FakeServer(RawStream([reported]), forever=True) as server:
            client = AIModelClient(endpoint(server.url))
            with pytest.raises(BadAnswerError):
                world.stream(client, "hi")
            world.close(client)
            assert len(server.exchanges) == 1


@pytest.mark.parametrize("streaming", [False, True])
def test_a_whole_body_that_was_cut_is_retried(streaming: bool, world: World) -> None:
    """A gateway gives what it got of an answer a length of its own."""
    whole = b'{"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}]}'
    for size in (1, 20, len(whole) - 1):
        cut = Raw(whole[:size], headers={"content-type": "application/json"})
        with FakeServer(cut, cut) as server:
            client = AIModelClient(endpoint(server.url), config=AIModelCallConfig(retries=1))
            with pytest.raises(ConnectionFailedError, match="middle of the response"):
                world.stream(client, "hi") if streaming else world.run(client, "hi")
            world.close(client)
            assert len(server.exchanges) == 2


@pytest.mark.parametrize("raw", [b"{}{}", b"{} x", b"<html>", b" \n", b'{"a": 1}\n{"b": 2}\n'])
def test_a_whole_body_that_is_no_json_is_still_a_bad_answer(raw: bytes, world: World) -> None:
    with FakeServer(Raw(raw, headers={"content-type": "application/json"}), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(BadAnswerError):
            world.run(client, "hi")
        world.close(client)
        assert len(server.exchanges) == 1
