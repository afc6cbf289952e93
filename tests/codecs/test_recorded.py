"""Every recorded exchange of every protocol is read as expected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dhenara.ai.response.builder import build_response
from recorded.numbers import rows
from support.corpus import CORPUS, Exchange, body_bytes, read
from support.protocols import PROTOCOLS, Recorded
from support.slices import cut, places, single_bytes
from support.verdict import miscounted, misended, misjudged, misread


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
def test_recorded_content_is_read(protocol: Recorded, exchange: Exchange) -> None:
    assert misread(protocol, exchange) == {}


@pytest.mark.parametrize(("protocol", "exchange"), parameters("generate"))
def test_recorded_token_counts_are_read(protocol: Recorded, exchange: Exchange) -> None:
    assert miscounted(protocol, exchange) == {}


@pytest.mark.parametrize(("protocol", "exchange"), parameters("generate"))
def test_recorded_responses_are_complete_unless_an_error_ended_them(protocol: Recorded, exchange: Exchange) -> None:
    assert misended(protocol, exchange) == {}


@pytest.mark.parametrize(("protocol", "exchange"), parameters("generate", streams=True, at_most=6_000))
def test_stream_split_at_every_byte_gives_the_same_response(protocol: Recorded, exchange: Exchange) -> None:
    whole = read(protocol.load(), protocol.quirks, exchange).response()
    assert read(protocol.load(), protocol.quirks, exchange, single_bytes).response() == whole


@pytest.mark.parametrize(("protocol", "streams"), of_each_protocol())
@settings(max_examples=120)
@given(data=st.data())
def test_stream_split_anywhere_gives_the_same_response(
    protocol: Recorded, streams: list[Exchange], data: st.DataObject
) -> None:
    exchange = data.draw(st.sampled_from(streams))
    at = data.draw(places)
    whole = read(protocol.load(), protocol.quirks, exchange).response()
    assert read(protocol.load(), protocol.quirks, exchange, lambda body: cut(body, at)).response() == whole


@pytest.mark.parametrize(("protocol", "streams"), of_each_protocol())
@settings(max_examples=80)
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
