"""Every recorded exchange of every protocol, read as a correct client reads it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dhenara.ai.errors import AuthenticationError, CallError, NotFoundError, RateLimitError
from dhenara.ai.fold import fold
from support.corpus import Exchange, body_bytes, differences, head_of, read
from support.protocols import PROTOCOLS, Recorded
from support.slices import cut, places, single_bytes

KEYS = (
    *("text", "reasoning", "reasoning_content", "tool_calls", "server_tools", "refusal", "reasoning_signatures"),
    *("id", "model", "finish_reason", "citation_urls", "n_choices", "choices", "media"),
)


def parameters(kind: str, *, streams: bool = False, at_most: int = 10**9) -> list[Any]:
    """Protocol and exchange, for every recording of this kind."""
    found = [
        pytest.param(protocol, exchange, id=f"{protocol.codec}-{exchange['id'][-100:]}".replace("/", "."))
        for protocol in PROTOCOLS
        for exchange in protocol.exchanges(lambda e: e["expected"]["kind"] == kind and (e["stream"] or not streams))
        if len(exchange["response_body"]) <= at_most
    ]
    skip = pytest.mark.skip(reason="the recorded traffic is not beside the project")
    return found or [pytest.param(None, None, marks=skip)]


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
    skip = pytest.mark.skip(reason="the recorded traffic is not beside the project")
    return [one if one.values[1] else pytest.param(None, None, marks=skip) for one in streams]


@pytest.mark.parametrize(("protocol", "exchange"), parameters("generate"))
def test_what_is_read_is_what_was_said(protocol: Recorded, exchange: Exchange) -> None:
    keys = tuple(key for key in KEYS if exchange["id"] not in protocol.argued.get(key, ()))
    assert differences(exchange, read(protocol.load(), protocol.quirks, exchange), keys) == {}


@pytest.mark.parametrize(("protocol", "exchange"), parameters("generate"))
def test_every_token_is_counted_once(protocol: Recorded, exchange: Exchange) -> None:
    expected: dict[str, int] = exchange["expected"]["usage"] or {}
    usage = read(protocol.load(), protocol.quirks, exchange).response().usage
    if not expected:
        assert usage is None or usage.total_tokens == 0
        return
    assert usage is not None
    counts = protocol.counts(usage, expected)
    assert {name: counts[name] for name in expected} == expected


@pytest.mark.parametrize(("protocol", "exchange"), parameters("generate"))
def test_an_answer_is_complete_unless_an_error_cut_it_short(protocol: Recorded, exchange: Exchange) -> None:
    draft = read(protocol.load(), protocol.quirks, exchange)
    failed = exchange["expected"].get("stream_error")
    assert draft.complete == (failed is None)
    if failed and not failed.get("nonstandard"):
        assert failed["message"] in str(draft.error)


@pytest.mark.parametrize(("protocol", "exchange"), parameters("generate", streams=True, at_most=6_000))
def test_a_stream_cut_at_every_byte_says_the_same(protocol: Recorded, exchange: Exchange) -> None:
    whole = read(protocol.load(), protocol.quirks, exchange).response()
    assert read(protocol.load(), protocol.quirks, exchange, single_bytes).response() == whole


@pytest.mark.parametrize(("protocol", "streams"), of_each_protocol())
@settings(max_examples=120)
@given(data=st.data())
def test_a_stream_cut_anywhere_says_the_same(protocol: Recorded, streams: list[Exchange], data: st.DataObject) -> None:
    exchange = data.draw(st.sampled_from(streams))
    at = data.draw(places)
    whole = read(protocol.load(), protocol.quirks, exchange).response()
    assert read(protocol.load(), protocol.quirks, exchange, lambda body: cut(body, at)).response() == whole


@pytest.mark.parametrize(("protocol", "streams"), of_each_protocol())
@settings(max_examples=80)
@given(data=st.data())
def test_a_stream_that_breaks_off_is_interrupted_and_keeps_what_had_arrived(
    protocol: Recorded, streams: list[Exchange], data: st.DataObject
) -> None:
    exchange = data.draw(st.sampled_from(streams))
    body = body_bytes(exchange)
    end = max(0, body.rfind(protocol.last_word) - 1)
    codec, quirks = protocol.load(), without_mercy(protocol)
    whole = read(codec, quirks, exchange).response()
    decoder = codec.decoder(quirks)
    arrived = codec.frames().feed(body[: data.draw(st.integers(0, end))])
    told = [delta for frame in arrived for delta in decoder.frame(frame)]
    partial = fold([*told, *decoder.finish()])
    assert partial.interrupted
    assert whole.text().startswith(partial.text())


def without_mercy(protocol: Recorded) -> Any:
    """The dialect in which only the protocol's own last word ends an answer."""
    from dataclasses import replace

    return replace(protocol.quirks, terminal="done") if hasattr(protocol.quirks, "terminal") else protocol.quirks


@pytest.mark.parametrize(("protocol", "exchange"), parameters("error"))
def test_an_error_says_what_the_provider_said(protocol: Recorded, exchange: Exchange) -> None:
    expected = exchange["expected"]["error"]
    error = protocol.load().error(head_of(exchange), body_bytes(exchange))
    assert isinstance(error, kind_of(exchange["status"]))
    assert error.status == exchange["status"]
    assert (expected["message"] or "") in error.message
    if expected["code"] is not None:
        assert error.provider_code == str(expected["code"])
    if expected["type"] is not None:
        assert error.provider_type == expected["type"]


def kind_of(status: int) -> type[CallError]:
    return {401: AuthenticationError, 404: NotFoundError, 429: RateLimitError}.get(status, CallError)
