"""Reasoning tokens are inside the completion or next to it, as the dialect says; a total decides where there is one."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.codecs.common.response_fields import TokenReport, split
from dhenara.ai.codecs.openai_chat.response_parts import read_usage
from dhenara.ai.providers.provider import find_provider
from dhenara.ai.response.builder import build_response
from dhenara.ai.types import Usage


def usage_of(provider: str, counts: dict[str, Any]) -> Usage:
    actual = find_provider(provider)
    assert actual is not None
    quirks = next(route.quirks for route in actual.routes if route.codec == "openai_chat")
    choice = {"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}
    body = {"id": "1", "model": "m", "choices": [choice], "usage": counts}
    usage = build_response(load_codec("openai_chat").decoder(quirks).whole(body)).usage
    assert usage is not None
    return usage


def counts(completion: int, reasoning: int, total: int | None) -> dict[str, Any]:
    details = {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    return {"prompt_tokens": 12, "completion_tokens": completion, "total_tokens": total, **details}


@pytest.mark.parametrize(("completion", "reasoning"), [(1, 290), (300, 290)])
def test_xai_counts_reasoning_next_to_the_completion(completion: int, reasoning: int) -> None:
    for total in (None, 12 + completion + reasoning):
        usage = usage_of("xai", counts(completion, reasoning, total))
        assert (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens) == (12, completion, reasoning)
        assert usage.unclear == ()


def test_a_total_decides_also_for_xai() -> None:
    usage = usage_of("xai", counts(300, 290, 312))
    assert (usage.output_tokens, usage.reasoning_tokens, usage.unclear) == (10, 290, ())


def test_other_dialects_count_reasoning_inside_the_completion() -> None:
    usage = usage_of("openai", counts(300, 290, None))
    assert (usage.output_tokens, usage.reasoning_tokens, usage.unclear) == (10, 290, ())


@pytest.mark.parametrize("total", [None, 17, 25, 40])
def test_more_reasoning_than_completion_is_unclear_where_nothing_explains_it(total: int | None) -> None:
    usage = read_usage(counts(5, 20, total))
    assert "reasoning_tokens" in usage.unclear
    assert usage.total_tokens == (17 if total is None else max(total, 17))


def test_reported_reasoning_that_a_total_contradicts_is_unclear() -> None:
    """The total leaves 15 tokens for reasoning, the report says 20."""
    match = split(TokenReport(10, 5, 30, made={"reasoning_tokens": 20}))
    assert sum(match.counts.values()) == 30
    assert set(match.unclear) == {"total_tokens", "reasoning_tokens"}
