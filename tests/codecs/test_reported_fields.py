"""What readers of complete answers look for only if a body has it is read where a body has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dhenara.ai.codecs.anthropic.response import read_usage as read_anthropic
from dhenara.ai.codecs.gemini.response_parts import read_usage as read_gemini
from dhenara.ai.codecs.openai_chat.response_parts import read_usage as read_chat
from dhenara.ai.codecs.openai_responses.response import read_usage as read_responses
from dhenara.ai.codecs.openai_responses.tools import with_tools
from dhenara.ai.types.chat.usage import COUNTS, Usage

RESPONSES = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
CHAT = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
MESSAGES = {"input_tokens": 10, "output_tokens": 5}
GEMINI = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}


def counts(usage: Usage) -> dict[str, int]:
    return {name: count for name in COUNTS if (count := getattr(usage, name))}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (read_responses(RESPONSES), {"input_tokens": 10, "output_tokens": 5}),
        (
            read_responses({**RESPONSES, "input_tokens_details": {"cached_tokens": 4}}),
            {"input_tokens": 6, "cache_read_tokens": 4, "output_tokens": 5},
        ),
        (
            read_responses({**RESPONSES, "output_tokens_details": {"audio_tokens": 0, "reasoning_tokens": 3}}),
            {"input_tokens": 10, "output_tokens": 2, "reasoning_tokens": 3},
        ),
        (
            read_chat({**CHAT, "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 4}}),
            {"input_tokens": 6, "cache_read_tokens": 4, "output_tokens": 5},
        ),
        (
            read_chat({**CHAT, "completion_tokens_details": {"reasoning_tokens": 3}}),
            {"input_tokens": 10, "output_tokens": 2, "reasoning_tokens": 3},
        ),
        (
            read_anthropic({"input_tokens": 0, "output_tokens": 5, "cache_read_input_tokens": 7}),
            {"cache_read_tokens": 7, "output_tokens": 5},
        ),
        (
            read_anthropic({**MESSAGES, "output_tokens_details": {"thinking_tokens": 3}}),
            {"input_tokens": 10, "output_tokens": 2, "reasoning_tokens": 3},
        ),
        (
            read_gemini({"promptTokenCount": 10, "thoughtsTokenCount": 3, "totalTokenCount": 13}),
            {"input_tokens": 10, "reasoning_tokens": 3},
        ),
        (
            read_gemini({**GEMINI, "toolUsePromptTokenCount": 2, "totalTokenCount": 17}),
            {"input_tokens": 12, "output_tokens": 5},
        ),
        (
            read_gemini({**GEMINI, "cachedContentTokenCount": 4}),
            {"input_tokens": 6, "cache_read_tokens": 4, "output_tokens": 5},
        ),
    ],
)
def test_parts_of_counts_are_read_where_a_report_has_one_of_them(usage: Usage, expected: dict[str, int]) -> None:
    assert counts(usage) == expected
    assert not usage.unclear


@pytest.mark.parametrize(
    ("response", "searches", "options"),
    [
        ({}, {}, {}),
        ({"tool_usage": {"web_search": {"num_requests": 2}}}, {"web_search_requests": 2}, {}),
        ({"tools": [{"type": "web_search", "search_context_size": "low"}]}, {}, {"search_context_size": "low"}),
    ],
)
def test_searches_and_options_of_tools_are_read_apart(
    response: dict[str, Any], searches: dict[str, int], options: dict[str, str]
) -> None:
    usage = with_tools(read_responses(RESPONSES), response)
    assert (usage.server_tool_requests, usage.options) == (searches, options)


@pytest.mark.parametrize("read", [read_responses, read_anthropic])
def test_a_cost_that_a_host_adds_is_read(read: Callable[[dict[str, float]], Usage]) -> None:
    assert read({**MESSAGES, "cost": 0.5}).reported_cost == 0.5
    assert read({**MESSAGES, "estimated_cost": 0.5}).reported_cost == 0.5  # as DeepInfra names it
    assert read({**MESSAGES, "cost": 0.25, "estimated_cost": 0.5}).reported_cost == 0.25


@pytest.mark.parametrize("read", [read_chat, read_responses, read_anthropic])
@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({"is_byok": True, "cost": 0, "cost_details": {"upstream_inference_cost": 0.5}}, 0.5),
        ({"is_byok": True, "cost": 0.25, "cost_details": {"upstream_inference_cost": 0.5}}, 0.75),
        ({"is_byok": True, "cost": 0, "cost_details": {"upstream_inference_cost": None}}, None),
        ({"is_byok": True, "cost": 0}, None),
        ({"is_byok": False, "cost": 0.5, "cost_details": {"upstream_inference_cost": 0.5}}, 0.5),
    ],
)
def test_a_call_with_a_key_of_the_caller_costs_the_fee_and_what_the_provider_behind_the_router_charges(
    read: Callable[[dict[str, Any]], Usage], fields: dict[str, Any], cost: float | None
) -> None:
    assert read({**MESSAGES, **fields}).reported_cost == cost


@pytest.mark.parametrize("kind", ["compaction", "advisor_message"])
def test_steps_that_are_billed_separately_make_the_counts_unclear(kind: str) -> None:
    usage = read_anthropic({**MESSAGES, "iterations": [{"type": "message"}, {"type": kind}]})
    assert usage.unclear == ("iterations",)


@pytest.mark.parametrize(("written", "unclear"), [(0, ()), (40, ("iterations",))])
def test_counts_are_unclear_if_two_models_wrote_the_answer(written: int, unclear: tuple[str, ...]) -> None:
    first = {"type": "message", "model": "claude-fable-5", "output_tokens": written}
    second = {"type": "fallback_message", "model": "claude-opus-4-8", "output_tokens": 30}
    assert read_anthropic({**MESSAGES, "iterations": [first, second]}).unclear == unclear
