"""Every recorded exchange of Anthropic Messages, read as a correct client reads it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dhenara.ai.codecs.anthropic.codec import CODEC
from dhenara.ai.codecs.anthropic.quirks import MessagesQuirks
from dhenara.ai.errors import AuthenticationError, CallError, NotFoundError, QuotaError, RateLimitError
from support.corpus import Exchange, as_parameters, body_bytes, differences, exchanges, head_of, read
from support.slices import cut, places, single_bytes

KEYS = (
    *("text", "reasoning", "reasoning_content", "tool_calls", "server_tools", "refusal", "reasoning_signatures"),
    *("id", "model", "finish_reason", "citation_urls", "n_choices", "choices"),
)
ANSWERS = exchanges("anthropic-messages", lambda e: e["expected"]["kind"] == "generate")
STREAMS = [e for e in ANSWERS if e["stream"]]
ERRORS = exchanges("anthropic-messages", lambda e: e["expected"]["kind"] == "error")
SMALL = [e for e in STREAMS if len(e["response_body"]) < 6_000]


@pytest.mark.parametrize("exchange", as_parameters(ANSWERS))
def test_what_is_read_is_what_was_said(exchange: Exchange) -> None:
    assert differences(exchange, read(CODEC, MessagesQuirks(), exchange), KEYS) == {}


@pytest.mark.parametrize("exchange", as_parameters(ANSWERS))
def test_every_token_is_counted_once(exchange: Exchange) -> None:
    expected: dict[str, Any] = exchange["expected"]["usage"]
    usage = read(CODEC, MessagesQuirks(), exchange).response().usage
    assert usage is not None
    counted = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.completion_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
    }
    assert {name: counted[name] for name in expected} == expected


@pytest.mark.parametrize("exchange", as_parameters(ANSWERS))
def test_an_answer_is_complete_unless_an_error_cut_it_short(exchange: Exchange) -> None:
    assert read(CODEC, MessagesQuirks(), exchange).complete == ("stream_error" not in exchange["expected"])


@pytest.mark.parametrize("exchange", as_parameters(SMALL))
def test_a_stream_cut_at_every_byte_says_the_same(exchange: Exchange) -> None:
    whole = read(CODEC, MessagesQuirks(), exchange).response()
    assert read(CODEC, MessagesQuirks(), exchange, single_bytes).response() == whole


@pytest.mark.skipif(not STREAMS, reason="the recorded traffic is not beside the project")
@settings(max_examples=150)
@given(st.data())
def test_a_stream_cut_anywhere_says_the_same(data: st.DataObject) -> None:
    exchange = data.draw(st.sampled_from(STREAMS).filter(lambda e: len(e["response_body"]) < 200_000))
    at = data.draw(places)
    whole = read(CODEC, MessagesQuirks(), exchange).response()
    assert read(CODEC, MessagesQuirks(), exchange, lambda body: cut(body, at)).response() == whole


@pytest.mark.skipif(not STREAMS, reason="the recorded traffic is not beside the project")
@settings(max_examples=100)
@given(st.data())
def test_a_stream_that_breaks_off_is_interrupted_and_keeps_what_had_arrived(data: st.DataObject) -> None:
    exchange = data.draw(st.sampled_from(STREAMS).filter(lambda e: len(e["response_body"]) < 200_000))
    body = body_bytes(exchange)
    end = body.rfind(b"event: message_stop")
    lost = {**exchange, "response_body_b64": False}
    lost["response_body"] = body[: data.draw(st.integers(0, max(0, end - 1)))].decode("utf-8", "ignore")
    lost["response_body"] = lost["response_body"].rpartition("\n\n")[0] + "\n\n"
    whole, partial = read(CODEC, MessagesQuirks(), exchange).response(), read(CODEC, MessagesQuirks(), lost).response()
    assert partial.interrupted
    assert whole.text().startswith(partial.text())


@pytest.mark.parametrize("exchange", as_parameters(ERRORS))
def test_an_error_says_what_the_provider_said(exchange: Exchange) -> None:
    expected = exchange["expected"]["error"]
    error = CODEC.error(head_of(exchange), body_bytes(exchange))
    assert isinstance(error, kind_of(exchange["status"]))
    assert error.status == exchange["status"]
    assert (expected["message"] or "") in error.message
    assert error.provider_type == expected["type"]


def kind_of(status: int) -> type[CallError] | tuple[type[CallError], ...]:
    return {401: AuthenticationError, 404: NotFoundError, 429: (RateLimitError, QuotaError)}.get(status, CallError)
