"""Counts that a provider does not report are unknown, and so is the cost; nothing is free by omission."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer
from dhenara.ai.testing.answer import Raw
from dhenara.ai.types import ChatResponse
from support.usage_worker import PRICES
from support.worlds import endpoint

Body = dict[str, Any]


def chat(usage: Body) -> Body:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def messages(usage: Body) -> Body:
    content = [{"type": "text", "text": "hi"}]
    reported = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": content, "usage": usage}
    return {**reported, "stop_reason": "end_turn", "stop_sequence": None}


def gemini(usage: Body) -> Body:
    candidate = {"content": {"parts": [{"text": "hi"}], "role": "model"}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"}


def cohere(usage: Body) -> Body:
    message = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}
    return {"id": "c", "finish_reason": "COMPLETE", "message": message, "usage": usage}


def converse(usage: Body) -> Body:
    message = {"role": "assistant", "content": [{"text": "hi"}]}
    return {"output": {"message": message}, "stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 1}}


def answer(provider: str, body: Body) -> ChatResponse:
    with FakeServer(Raw(json.dumps(body).encode())) as server:
        one = endpoint(server.url, provider).model_copy(update={"cost_data": PRICES})
        with AIModelClient(one) as client:
            actual = client.generate("?").chat_response
    assert actual is not None
    return actual


NOTHING: list[tuple[str, Callable[[Body], Body], Body]] = [
    ("openai", chat, {"total_tokens": None}),
    ("openai", chat, {"prompt_tokens": None, "completion_tokens": None}),
    ("openai", chat, {"queue_time": 0.1}),
    ("openai", chat, {"prompt_tokens": 120}),
    ("openai", chat, {"completion_tokens": 120}),
    ("anthropic", messages, {"service_tier": "standard"}),
    ("anthropic", messages, {"output_tokens": 20}),
    ("anthropic", messages, {"input_tokens": 20}),
    ("google_ai", gemini, {"trafficType": "ON_DEMAND"}),
    ("cohere", cohere, {"billed_units": {}}),
    ("amazon_bedrock", converse, {"serverToolUsage": {}}),
]


@pytest.mark.parametrize(("provider", "body", "usage"), NOTHING)
def test_an_answer_without_counts_is_not_free(provider: str, body: Callable[[Body], Body], usage: Body) -> None:
    actual = answer(provider, body(usage))
    assert actual.cost is None or actual.cost.amount is None
    if actual.usage is not None:
        assert actual.usage.unclear


def test_counts_that_say_zero_are_zero() -> None:
    actual = answer("openai", chat({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}))
    assert actual.cost is not None
    assert actual.cost.amount == 0


def test_a_gemini_answer_without_candidates_tokens_has_none() -> None:
    actual = answer("google_ai", gemini({"promptTokenCount": 100, "totalTokenCount": 100}))
    assert actual.usage is not None
    assert (actual.usage.input_tokens, actual.usage.output_tokens, actual.usage.unclear) == (100, 0, ())


def test_billed_units_count_where_cohere_reports_nothing_else() -> None:
    actual = answer("cohere", cohere({"billed_units": {"input_tokens": 5, "output_tokens": 20}}))
    assert actual.usage is not None
    assert (actual.usage.input_tokens, actual.usage.output_tokens) == (5, 20)
    assert actual.cost is not None
    assert actual.cost.amount


@pytest.mark.parametrize(
    "extra",
    [
        {"type": "compaction", "input_tokens": 18_000, "output_tokens": 3_500},
        {"type": "advisor_message", "model": "claude-opus-4-7", "input_tokens": 2_728, "output_tokens": 3_880},
    ],
)
def test_work_that_the_counts_of_claude_leave_out_makes_the_cost_unknown(extra: Body) -> None:
    """The counts of a message are without compaction and advice, which are billed too."""
    own = {"type": "message", "input_tokens": 10, "output_tokens": 20}
    actual = answer("anthropic", messages({"input_tokens": 10, "output_tokens": 20, "iterations": [extra, own]}))
    assert actual.usage is not None
    assert actual.usage.total_tokens == 30
    assert actual.cost is not None
    assert actual.cost.amount is None
    plain = answer("anthropic", messages({"input_tokens": 10, "output_tokens": 20, "iterations": [own]}))
    assert plain.cost is not None
    assert plain.cost.amount


def test_tokens_that_alibaba_wrote_into_its_cache_are_in_their_bucket() -> None:
    details = {"cached_tokens": 60, "cache_creation_input_tokens": 20, "cache_type": "ephemeral"}
    counts = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "prompt_tokens_details": details}
    usage = answer("alibaba", chat(counts)).usage
    assert usage is not None
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (20, 60, 20)
