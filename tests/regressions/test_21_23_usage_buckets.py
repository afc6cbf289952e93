"""Every token is in one bucket, and the buckets add up to the total of the report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.catalog.prices import price_usage
from dhenara.ai.codecs.anthropic.response import read_usage as read_messages
from dhenara.ai.codecs.base import EncodedRequest, Quirks, load_codec
from dhenara.ai.codecs.cohere.response import read_usage as read_cohere
from dhenara.ai.codecs.common.response_fields import usage_deltas
from dhenara.ai.codecs.converse.response import read_usage as read_converse
from dhenara.ai.codecs.gemini.response_parts import read_usage as read_gemini
from dhenara.ai.codecs.ollama.response import read_usage as read_ollama
from dhenara.ai.codecs.openai_chat.response_parts import read_usage as read_chat
from dhenara.ai.codecs.openai_responses.response import read_usage as read_responses
from dhenara.ai.codecs.openai_rest.transcription import read_usage as read_transcription
from dhenara.ai.codecs.quirks import ChatQuirks
from dhenara.ai.providers.provider import find_provider
from dhenara.ai.response.builder import build_response
from dhenara.ai.types import Usage
from dhenara.ai.types.chat.delta import WarningDelta
from support.corpus import CORPUS, exchanges, read
from support.protocols import PROTOCOLS
from support.worlds import endpoint

TOTALS = ("total_tokens", "totalTokenCount", "totalTokens")


def total_of(report: dict[str, Any]) -> int | None:
    return next((report[name] for name in TOTALS if report.get(name)), None)


def chat(prompt: int, completion: int, total: int | None = None, **details: Any) -> dict[str, Any]:
    sums = {} if total is None else {"total_tokens": total}
    return {"prompt_tokens": prompt, "completion_tokens": completion, **sums, **details}


def buckets(usage: Usage) -> list[int]:
    return [
        getattr(usage, name)
        for name, field in Usage.model_fields.items()
        if field.annotation is int and name.endswith("tokens")
    ]


def test_21_audio_that_only_the_total_counts_is_audio_and_not_reasoning() -> None:
    usage = read_chat(chat(3, 11, 389, prompt_tokens_details={"cached_tokens": 0, "audio_tokens": 375}))
    assert (usage.input_tokens, usage.input_audio_tokens, usage.output_tokens) == (3, 375, 11)
    assert usage.reasoning_tokens == 0
    assert usage.total_tokens == 389
    assert usage.unclear == ()


def test_21_audio_that_only_its_seconds_tell_is_audio() -> None:
    for usage in (
        read_chat(chat(3, 11, 389, prompt_audio_seconds=3)),
        read_transcription({"usage": chat(3, 11, 389, prompt_audio_seconds=3)}),
    ):
        assert (usage.input_tokens, usage.input_audio_tokens, usage.output_tokens) == (3, 375, 11)
        assert usage.reasoning_tokens == 0
        assert usage.unclear == ()


def test_21_audio_inside_the_prompt_stays_inside() -> None:
    usage = read_chat(chat(400, 11, 411, prompt_tokens_details={"audio_tokens": 375}))
    assert (usage.input_tokens, usage.input_audio_tokens) == (25, 375)
    assert usage.total_tokens == 411


def test_21_a_transcription_counts_the_sound_once_wherever_its_host_puts_it() -> None:
    extra = {"prompt_tokens": 3, "completion_tokens": 11, "total_tokens": 389}
    usage = read_transcription({"usage": {**extra, "prompt_tokens_details": {"audio_tokens": 375}}})
    assert (usage.input_tokens, usage.input_audio_tokens, usage.total_tokens) == (3, 375, 389)
    inside = {
        "input_tokens": 37,
        "output_tokens": 144,
        "total_tokens": 181,
        "input_token_details": {"audio_tokens": 37},
    }
    usage = read_transcription({"usage": inside})
    assert (usage.input_tokens, usage.input_audio_tokens, usage.total_tokens) == (0, 37, 181)


@pytest.mark.parametrize(("cached", "written"), [(4012, 4012), (3000, 2000), (4020, 1)])
def test_22_cache_read_and_cache_write_that_overlap_do_not_count_the_prompt_again(cached: int, written: int) -> None:
    details = {"cached_tokens": cached, "cache_write_tokens": written}
    for usage in (
        read_chat(chat(4020, 5, 4025, prompt_tokens_details=details)),
        read_chat(chat(4020, 5, prompt_tokens_details=details)),
        read_responses(
            {"input_tokens": 4020, "output_tokens": 5, "total_tokens": 4025, "input_tokens_details": details}
        ),
    ):
        assert usage.total_tokens == 4025
        assert set(usage.unclear) == {"cache_read_tokens", "cache_write_tokens"}


def test_22_cache_read_and_cache_write_that_fit_are_both_counted() -> None:
    details = {"cached_tokens": 3000, "cache_write_tokens": 1000}
    usage = read_chat(chat(4020, 5, 4025, prompt_tokens_details=details))
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (20, 3000, 1000)
    assert usage.unclear == ()


@pytest.mark.parametrize(("long", "counted"), [(0, 0), (400, 400), (1000, 1000), (2000, 1000), (-5, 0), (None, 0)])
def test_22_tokens_that_stay_in_the_cache_for_12_hours_are_counted_apart(long: int | None, counted: int) -> None:
    details = {
        "cached_tokens": 3000,
        "cache_write_tokens": 1000,
        "cache_write_tokens_details": {"ttl_12h_tokens": long, "ttl_30m_tokens": 600},
    }
    for usage in (
        read_chat(chat(4020, 5, 4025, prompt_tokens_details=details)),
        read_responses(
            {"input_tokens": 4020, "output_tokens": 5, "total_tokens": 4025, "input_tokens_details": details}
        ),
    ):
        assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == (1000 - counted, counted)
        assert (usage.input_tokens, usage.prompt_tokens) == (20, 4020)


def test_22_a_chat_that_asks_for_12_hours_writes_for_12_hours() -> None:
    report = chat(4020, 5, 4025, prompt_tokens_details={"cached_tokens": 3000, "cache_write_tokens": 1000})
    message = {"index": 0, "message": {"role": "assistant", "content": "Yes"}, "finish_reason": "stop"}
    for ttl, counts in (("12h", (0, 1000)), ("30m", (1000, 0))):
        decoder = load_codec("openai_chat").decoder(ChatQuirks())
        decoder.set_request(EncodedRequest("/chat", {"prompt_cache_options": {"ttl": ttl}}))
        usage = build_response(decoder.whole({"choices": [message], "usage": report})).usage
        assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == counts
        assert usage.total_tokens == 4025


def answer(report: dict[str, Any], model: str, quirks: Quirks) -> Any:
    body = {
        "id": "1",
        "model": model,
        "choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}],
        "usage": report,
    }
    return build_response(load_codec("openai_chat").decoder(quirks).whole(body))


def chat_quirks(provider: str) -> Iterator[ChatQuirks]:
    actual = find_provider(provider)
    assert actual is not None
    return (route.quirks for route in actual.routes if isinstance(route.quirks, ChatQuirks))


@pytest.mark.parametrize("provider", ["microsoft_azure_ai", "microsoft_openai"])
def test_23_one_conversation_with_grok_at_azure_is_counted_in_one_way(provider: str) -> None:
    turns = [(205, 18, 159), (235, 90, 373), (347, 18, 403), (377, 69, 515)]
    for quirks in chat_quirks(provider):
        for prompt, completion, cached in turns:
            report = chat(prompt, completion, prompt + completion, prompt_tokens_details={"cached_tokens": cached})
            reported = answer(report, "grok-4-1-fast-non-reasoning", quirks)
            assert reported.usage.total_tokens == prompt + completion
            assert reported.usage.cache_read_tokens == 0
            assert reported.usage.unclear == ("cache_read_tokens",)
            assert [warning.code for warning in reported.warnings] == ["provider_warning"]


def test_23_an_unclear_report_has_no_cost_unless_the_provider_tells_it() -> None:
    at = endpoint("http://127.0.0.1:1", model="gpt-4o")
    details = {"cached_tokens": 163}
    unclear = read_chat(chat(7, 1, 8, prompt_tokens_details=details))
    cost = price_usage(at, unclear)
    assert cost is not None
    assert cost.amount is None
    assert "cache_read_tokens" in (cost.reason or "")
    reported = price_usage(at, read_chat({**chat(7, 1, 8, prompt_tokens_details=details), "cost": 0.5}))
    assert reported is not None
    assert float(reported.amount or 0) == 0.5


def test_23_a_total_that_nothing_explains_is_unclear() -> None:
    usage = read_chat(chat(35, 12, 109))
    assert usage.total_tokens == 109
    assert usage.unclear == ("total_tokens",)


def test_23_thinking_outside_the_completion_is_counted_once() -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 290}, "prompt_tokens_details": {"cached_tokens": 11}}
    usage = read_chat(chat(12, 1, 303, **details))
    assert (usage.input_tokens, usage.cache_read_tokens) == (1, 11)
    assert (usage.output_tokens, usage.reasoning_tokens) == (1, 290)
    assert usage.unclear == ()


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: f"{p.codec}-{p.apis[0]}")
def test_23_the_buckets_of_every_recorded_answer_add_up_to_its_total(protocol: Any) -> None:
    for exchange in protocol.exchanges(lambda e: e["expected"]["kind"] == "generate"):
        usage = read(protocol.load(), protocol.quirks, exchange).response().usage
        total = exchange["expected"]["usage"] and exchange["expected"]["usage"].get("total_tokens")
        if usage is None or not total:
            continue
        assert usage.total_tokens == total, exchange["id"]
        assert all(count >= 0 for count in buckets(usage))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")
def test_21_recorded_transcripts_add_up_to_their_totals() -> None:
    import json

    seen = 0
    for exchange in exchanges("transcription", lambda e: not e.get("response_body_b64") and e["status"] == 200):
        try:
            body = json.loads(exchange["response_body"])
        except ValueError:
            continue
        if isinstance(body, dict) and isinstance(body.get("usage"), dict) and body["usage"].get("total_tokens"):
            assert read_transcription(body).total_tokens == body["usage"]["total_tokens"]
            seen += 1
    assert seen


COUNT = st.integers(0, 60)
ODD = st.one_of(COUNT, st.none(), st.sampled_from([float("inf"), float("nan"), -1, True, "7", 10**400, 1.5, [], {}]))
CHAT_DETAILS = {
    "prompt_tokens_details": st.fixed_dictionaries(
        {}, optional={"cached_tokens": ODD, "audio_tokens": ODD, "cache_write_tokens": ODD}
    ),
    "completion_tokens_details": st.fixed_dictionaries({}, optional={"reasoning_tokens": ODD, "audio_tokens": ODD}),
}
READERS = {
    "chat": (read_chat, ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens"), CHAT_DETAILS),
    "responses": (
        read_responses,
        ("input_tokens", "output_tokens", "total_tokens", "cost_in_usd_ticks"),
        {"input_tokens_details": CHAT_DETAILS["prompt_tokens_details"]},
    ),
    "messages": (
        read_messages,
        ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
        {"output_tokens_details": st.fixed_dictionaries({}, optional={"thinking_tokens": ODD})},
    ),
    "gemini": (
        read_gemini,
        (
            *("promptTokenCount", "candidatesTokenCount", "totalTokenCount", "thoughtsTokenCount"),
            *("cachedContentTokenCount", "toolUsePromptTokenCount"),
        ),
        {},
    ),
    "converse": (
        read_converse,
        ("inputTokens", "outputTokens", "totalTokens", "cacheReadInputTokens", "cacheWriteInputTokens"),
        {},
    ),
    "cohere": (
        read_cohere,
        ("cached_tokens",),
        {"tokens": st.fixed_dictionaries({}, optional={"input_tokens": ODD, "output_tokens": ODD})},
    ),
    "ollama": (read_ollama, ("prompt_eval_count", "eval_count"), {}),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_13_whatever_stands_in_a_report_its_usage_is_sound(name: str, data: st.DataObject) -> None:
    reader, counts, details = READERS[name]
    report = data.draw(st.fixed_dictionaries({}, optional={**dict.fromkeys(counts, ODD), **details}))
    usage = reader(report)
    assert all(type(count) is int and count >= 0 for count in buckets(usage))
    Usage.model_validate_json(usage.model_dump_json())
    total = total_of(report)
    if type(total) is int and 0 < total < 10**9 and not usage.unclear:
        assert usage.total_tokens == total


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_23_without_doubts_a_chat_report_is_inside_its_own_counts(
    prompt: int, completion: int, cached: int, written: int, thought: int
) -> None:
    usage = read_chat(
        chat(
            prompt,
            completion,
            prompt + completion,
            prompt_tokens_details={"cached_tokens": cached, "cache_write_tokens": written},
            completion_tokens_details={"reasoning_tokens": thought},
        )
    )
    assert usage.prompt_tokens == prompt
    assert usage.completion_tokens == completion
    assert bool(usage.unclear) == (cached + written > prompt or thought > completion)


@pytest.mark.parametrize("unclear", [("total_tokens",), ("input_tokens", "output_tokens")])
def test_23_the_warning_about_unclear_counts_reads_well_for_one_and_for_several(unclear: tuple[str, ...]) -> None:
    [warning] = [one.warning for one in usage_deltas(Usage(unclear=unclear)) if isinstance(one, WarningDelta)]
    assert f"contradict other counts: {', '.join(unclear)}. They are in no bucket" in warning.message
