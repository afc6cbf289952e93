"""Every recorded exchange of every protocol is read as expected."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dhenara.ai.response.builder import build_response
from dhenara.ai.response.deltas import ChunkBuilder
from dhenara.ai.types.chat.delta import Delta, ResponseStart, TextDelta
from dhenara.ai.types.content.media import Origin
from recorded.numbers import rows
from support.corpus import CORPUS, Exchange, body_bytes, read
from support.protocols import PROTOCOLS, Recorded
from support.slices import cut, places, single_bytes
from support.thorough import examples
from support.verdict import complaints, misjudged


def parameters(kind: str, *, streams: bool = False, at_most: int = 10**9) -> list[Any]:
    """Protocol and exchange, for every recording of this kind."""
    actual = [
        pytest.param(protocol, exchange, id=f"{protocol.codec}-{exchange['id'][-100:]}".replace("/", "."))
        for protocol in PROTOCOLS
        for exchange in protocol.exchanges(lambda e: e["expected"]["kind"] == kind and (e["stream"] or not streams))
        if len(exchange["response_body"]) <= at_most
    ]
    skip = pytest.mark.skip(reason="the recorded traffic is not available")
    return actual or [pytest.param(None, None, marks=skip)]


def of_each_protocol() -> list[Any]:
    """Protocol and all its streams that are not huge."""
    streams = [
        pytest.param(
            protocol,
            protocol.exchanges(
                lambda e: e["stream"] and e["expected"]["kind"] == "generate" and len(e["response_body"]) < 200_000
            ),
            id=protocol.codec,
        )
        for protocol in PROTOCOLS
    ]
    skip = pytest.mark.skip(reason="the recorded traffic is not available")
    return [one if one.values[1] else pytest.param(None, None, marks=skip) for one in streams]


@pytest.mark.parametrize(("protocol", "exchange"), parameters("generate"))
def test_a_recorded_response_is_read_with_its_token_counts_to_its_end(protocol: Recorded, exchange: Exchange) -> None:
    assert complaints(protocol, exchange) == {}


@pytest.mark.parametrize(("protocol", "exchange"), parameters("generate", streams=True, at_most=6_000))
def test_stream_split_at_every_byte_gives_the_same_response(protocol: Recorded, exchange: Exchange) -> None:
    whole = read(protocol.load(), protocol.quirks, exchange).response()
    assert read(protocol.load(), protocol.quirks, exchange, single_bytes).response() == whole


class PlainEvents:
    """Writes the events of texts as the documentation shows them, with nothing but `json`."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.model: str | None = None
        self.parts: dict[tuple[int, Any], int] = {}

    def add(self, delta: Delta) -> None:
        if isinstance(delta, ResponseStart):
            self.id, self.model = self.id or delta.id, delta.model or self.model
        elif hasattr(delta, "part"):
            self.parts.setdefault((delta.choice, delta.part), len(self.parts))

    def write(self, delta: TextDelta) -> str:
        text = {"type": "text", "index": self.parts[delta.choice, delta.part], "text_delta": delta.text}
        choice = {"index": delta.choice, "finish_reason": None, "content_deltas": [text]}
        names = {"id": self.id, "model": self.model, "provider": "p", "usage": None}
        data = json.dumps(
            {**names, "choice_deltas": [choice], "done": False}, ensure_ascii=False, separators=(",", ":")
        )
        return f"event: token_stream\ndata: {data}\n\n"


@pytest.mark.parametrize(("protocol", "streams"), of_each_protocol())
def test_events_of_recorded_texts_are_plain_json(protocol: Recorded, streams: list[Exchange]) -> None:
    written = 0
    for exchange in streams:
        codec, plain = protocol.load(), PlainEvents()
        decoder, builder = codec.decoder(protocol.quirks), ChunkBuilder(Origin(provider="p", model="m", protocol="x"))
        for frame in codec.frames().feed(body_bytes(exchange)):
            batch = list(decoder.frame(frame))
            chunk = builder.chunk(batch)
            for delta in batch:
                plain.add(delta)
            if len(batch) == 1 and isinstance(batch[0], TextDelta):
                assert chunk is not None
                assert chunk.to_sse_format() == plain.write(batch[0])
                written += 1
    assert written


@pytest.mark.parametrize(("protocol", "streams"), of_each_protocol())
@settings(max_examples=examples(120))
@given(data=st.data())
def test_stream_split_anywhere_gives_the_same_response(
    protocol: Recorded, streams: list[Exchange], data: st.DataObject
) -> None:
    exchange = data.draw(st.sampled_from(streams))
    at = data.draw(places)
    whole = read(protocol.load(), protocol.quirks, exchange).response()
    assert read(protocol.load(), protocol.quirks, exchange, lambda body: cut(body, at)).response() == whole


@pytest.mark.parametrize(("protocol", "streams"), of_each_protocol())
@settings(max_examples=examples(80))
@given(data=st.data())
def test_broken_stream_is_interrupted_and_keeps_received_content(
    protocol: Recorded, streams: list[Exchange], data: st.DataObject
) -> None:
    exchange = data.draw(st.sampled_from(streams))
    body = body_bytes(exchange)
    end = max(0, body.rfind(protocol.last_word) - 1)
    codec, quirks = protocol.load(), without_mercy(protocol)
    whole = read(codec, quirks, exchange).response()
    decoder = codec.decoder(quirks)
    arrived = codec.frames().feed(body[: data.draw(st.integers(0, end))])
    reported = [delta for frame in arrived for delta in decoder.frame(frame)]
    partial = build_response([*reported, *decoder.finish()])
    assert partial.interrupted
    assert whole.text().startswith(partial.text())


def without_mercy(protocol: Recorded) -> Any:
    """The dialect in which only the protocol's own last word ends an answer."""
    from dataclasses import replace

    return replace(protocol.quirks, terminal="done") if hasattr(protocol.quirks, "terminal") else protocol.quirks


@pytest.mark.parametrize(("protocol", "exchange"), parameters("error"))
def test_recorded_errors_are_read(protocol: Recorded, exchange: Exchange) -> None:
    assert misjudged(protocol, exchange) == {}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")
def test_recording_totals_add_up_without_differences() -> None:
    for row in rows():
        assert row.exchanges == row.equal + row.argued + sum(row.skipped.values())
        assert row.different == 0
