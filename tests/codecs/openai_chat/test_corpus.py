"""Every recorded exchange of Chat Completions, read as a correct client reads it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dhenara.ai.codecs.openai_chat.codec import CODEC
from dhenara.ai.codecs.openai_chat.quirks import ChatQuirks
from dhenara.ai.errors import AuthenticationError, CallError, NotFoundError, QuotaError, RateLimitError
from support.corpus import Exchange, as_parameters, body_bytes, differences, exchanges, head_of, read
from support.slices import cut, places, single_bytes

KEYS = (
    *("text", "reasoning", "reasoning_content", "tool_calls", "server_tools", "refusal", "reasoning_signatures"),
    *("id", "model", "finish_reason", "citation_urls", "n_choices", "choices"),
)
ANSWERS = exchanges("openai-chat", lambda e: e["expected"]["kind"] == "generate")
STREAMS = [e for e in ANSWERS if e["stream"]]
ERRORS = exchanges("openai-chat", lambda e: e["expected"]["kind"] == "error")
SMALL = [e for e in STREAMS if len(e["response_body"]) < 6_000]

# Thinking that stands only in `reasoning_details` (`[{"type": "reasoning.summary", "summary": "**Finding Ruby…"}]`,
# with `"reasoning": null`) is thinking all the same; the expected values look at the plain field alone.
MORE_THAN_EXPECTED = {
    "ruby_llm/spec/fixtures/vcr_cassettes/"
    "chat_web_search_with_openrouter_openai_gpt-5_2_searches_transparently_returning_citations_and_usage_counters.yml#0",
    "pydantic-ai/tests/models/cassettes/test_snowflake/test_snowflake_thinking.yaml#0",
    "pydantic-ai/tests/models/cassettes/test_snowflake/test_snowflake_thinking_streaming.yaml#0",
}


@pytest.mark.parametrize("exchange", as_parameters(ANSWERS))
def test_what_is_read_is_what_was_said(exchange: Exchange) -> None:
    keys = tuple(k for k in KEYS if k != "reasoning" or exchange["id"] not in MORE_THAN_EXPECTED)
    assert differences(exchange, read(CODEC, ChatQuirks(), exchange), keys) == {}


@pytest.mark.parametrize("exchange", as_parameters(ANSWERS))
def test_every_token_is_counted_once(exchange: Exchange) -> None:
    expected: dict[str, Any] = exchange["expected"]["usage"] or {}
    usage = read(CODEC, ChatQuirks(), exchange).response().usage
    if not expected:
        assert usage is None or usage.total_tokens == 0
        return
    assert usage is not None
    assert usage.cache_read_tokens == expected.get("cache_read_tokens", 0)
    prompt, completion = expected["input_tokens"], expected["output_tokens"]
    inside = usage.cache_read_tokens <= prompt
    # One host counts the cached part of a prompt beside it: 7 prompt tokens, 163 of them "cached".
    assert usage.prompt_tokens == (prompt if inside else prompt + usage.cache_read_tokens)
    hidden = max(0, expected["total_tokens"] - prompt - completion)
    # A total that is larger than its parts counts thinking that the completion leaves out.
    assert usage.completion_tokens == max(completion + hidden, expected.get("reasoning_tokens", 0))
    assert usage.reasoning_tokens == max(expected.get("reasoning_tokens", 0), hidden)


@pytest.mark.parametrize("exchange", as_parameters(ANSWERS))
def test_an_answer_is_complete_unless_an_error_cut_it_short(exchange: Exchange) -> None:
    draft = read(CODEC, ChatQuirks(terminal="finish"), exchange)
    failed = exchange["expected"].get("stream_error")
    assert draft.complete == (failed is None)
    if failed and not failed.get("nonstandard"):
        assert failed["message"] in str(draft.error)


@pytest.mark.parametrize("exchange", as_parameters(SMALL))
def test_a_stream_cut_at_every_byte_says_the_same(exchange: Exchange) -> None:
    whole = read(CODEC, ChatQuirks(), exchange).response()
    assert read(CODEC, ChatQuirks(), exchange, single_bytes).response() == whole


@pytest.mark.skipif(not STREAMS, reason="the recorded traffic is not beside the project")
@settings(max_examples=150)
@given(st.data())
def test_a_stream_cut_anywhere_says_the_same(data: st.DataObject) -> None:
    exchange = data.draw(st.sampled_from(STREAMS).filter(lambda e: len(e["response_body"]) < 200_000))
    at = data.draw(places)
    whole = read(CODEC, ChatQuirks(), exchange).response()
    assert read(CODEC, ChatQuirks(), exchange, lambda body: cut(body, at)).response() == whole


@pytest.mark.skipif(not STREAMS, reason="the recorded traffic is not beside the project")
@settings(max_examples=100)
@given(st.data())
def test_a_stream_that_breaks_off_is_interrupted_and_keeps_what_had_arrived(data: st.DataObject) -> None:
    exchange = data.draw(st.sampled_from(STREAMS).filter(lambda e: len(e["response_body"]) < 200_000))
    body = body_bytes(exchange)
    end = body.rfind(b"data: [DONE]")
    lost = {**exchange, "response_body_b64": False}
    lost["response_body"] = body[: data.draw(st.integers(0, max(0, end - 1)))].decode("utf-8", "ignore")
    lost["response_body"] = lost["response_body"].rpartition("\n\n")[0] + "\n\n"
    whole, partial = read(CODEC, ChatQuirks(), exchange).response(), read(CODEC, ChatQuirks(), lost).response()
    assert partial.interrupted
    assert whole.text().startswith(partial.text())


@pytest.mark.parametrize("exchange", as_parameters(ERRORS))
def test_an_error_says_what_the_provider_said(exchange: Exchange) -> None:
    expected = exchange["expected"]["error"]
    error = CODEC.error(head_of(exchange), body_bytes(exchange))
    assert isinstance(error, kind_of(exchange["status"]))
    assert error.status == exchange["status"]
    assert (expected["message"] or "") in error.message
    assert error.provider_code == (None if expected["code"] is None else str(expected["code"]))


def kind_of(status: int) -> type[CallError] | tuple[type[CallError], ...]:
    return {401: AuthenticationError, 404: NotFoundError, 429: (RateLimitError, QuotaError)}.get(status, CallError)
