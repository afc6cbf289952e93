"""`max_output_tokens` limits the answer and `max_reasoning_tokens` limits reasoning, at every provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.catalog import find_facts, most_generated
from dhenara.ai.catalog.model_constraints import apply_constraints, with_model_limits
from dhenara.ai.codecs.base import load_codec
from dhenara.ai.types import ChatModelSettings, Prompt
from support.vendors import Vendor, anything

LIMIT_NAMES = (
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "maxOutputTokens",
    "maxTokens",
    "num_predict",
)

# Provider, model, protocol, and the path of the number of reasoning tokens; None where only an effort can be sent.
ONE_LIMIT: list[tuple[str, str, str, str | None]] = [
    ("anthropic", "claude-sonnet-4-5", "anthropic", "thinking.budget_tokens"),
    ("anthropic", "claude-opus-5-5", "anthropic", None),
    ("amazon_bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "converse", "thinking.budget_tokens"),
    ("amazon_bedrock", "anthropic.claude-opus-4-8", "converse", None),
    ("amazon_bedrock", "amazon.nova-2-lite-v1:0", "converse", None),
    ("amazon_bedrock", "openai.gpt-oss-120b-1:0", "converse", None),
    ("google_ai", "gemini-2.5-pro", "gemini", "thinkingConfig.thinkingBudget"),
    ("google_ai", "gemini-3.5-flash", "gemini", None),
    ("cohere", "command-a-reasoning", "cohere", "thinking.token_budget"),
    ("openai", "gpt-5.4", "openai_chat", None),
    ("openai", "gpt-6-astra", "openai_responses", None),
    ("xai", "grok-4.5", "openai_responses", None),
    ("openrouter", "openai/gpt-5.4", "openai_chat", "reasoning.max_tokens"),
    ("deepseek", "deepseek-v4-pro", "openai_chat", None),
    ("zai", "glm-5.3", "openai_chat", None),
    ("mistral", "mistral-medium-3-5", "openai_chat", None),
    ("groq", "openai/gpt-oss-120b", "openai_chat", None),
    ("vllm", "qwen3", "openai_chat", None),
    ("ollama", "gpt-oss:20b", "ollama", None),
    ("ollama", "qwen3", "ollama", None),
]
SEPARATE = [("alibaba", "qwen3-max", "openai_chat", "thinking_budget")]
EVERY = [*ONE_LIMIT, *SEPARATE]


def encoded(provider: str, model: str, protocol: str, **config: Any) -> tuple[dict[str, Any], dict[str | None, str]]:
    vendor = Vendor(provider, model, protocol, anything)
    call = vendor.call((Prompt(text="?"),), **config)
    outgoing = load_codec(protocol).encode(call, vendor.quirks)
    return dict(outgoing.body), {warning.parameter: warning.code for warning in outgoing.warnings}


def places(body: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    inner = ("generationConfig", "inferenceConfig", "options", "additionalModelRequestFields")
    return (body, *(body.get(name, {}) for name in inner))


def sent_limit(body: dict[str, Any]) -> int | None:
    values = [place[name] for place in places(body) for name in LIMIT_NAMES if name in place]
    assert len(values) <= 1
    return values[0] if values else None


def sent_budget(body: dict[str, Any], path: str) -> Any:
    first, _, rest = path.partition(".")
    value = next(place[first] for place in places(body) if first in place)
    return value[rest] if rest else value


@pytest.mark.parametrize(("provider", "model", "protocol", "path"), ONE_LIMIT)
@given(answer=st.integers(1, 50_000), reasoning=st.integers(1_024, 30_000))
def test_one_limit_for_both_is_the_sum(
    provider: str, model: str, protocol: str, path: str | None, answer: int, reasoning: int
) -> None:
    body, warned = encoded(provider, model, protocol, max_output_tokens=answer, max_reasoning_tokens=reasoning)
    assert sent_limit(body) == answer + reasoning
    if path is None:
        assert warned["max_output_tokens"] == "translated_parameter"
        assert "max_reasoning_tokens" in warned
    else:
        assert sent_budget(body, path) == reasoning
        assert "max_output_tokens" not in warned


@pytest.mark.parametrize(("provider", "model", "protocol", "path"), SEPARATE)
def test_two_limits_are_sent_as_two(provider: str, model: str, protocol: str, path: str) -> None:
    body, warned = encoded(provider, model, protocol, max_output_tokens=500, max_reasoning_tokens=2_000)
    assert (sent_limit(body), sent_budget(body, path), warned) == (500, 2_000, {})


@pytest.mark.parametrize(("provider", "model", "protocol", "path"), EVERY)
def test_without_reasoning_options_the_limit_is_sent_as_it_is(
    provider: str, model: str, protocol: str, path: str | None
) -> None:
    for more in ({}, {"reasoning": False}, {"reasoning": False, "max_reasoning_tokens": 2_000}):
        assert sent_limit(encoded(provider, model, protocol, max_output_tokens=500, **more)[0]) == 500


@pytest.mark.parametrize(("provider", "model", "protocol", "path"), EVERY)
def test_an_effort_changes_the_limit_only_where_it_becomes_a_number(
    provider: str, model: str, protocol: str, path: str | None
) -> None:
    body, warned = encoded(provider, model, protocol, max_output_tokens=500, reasoning_effort="medium")
    by_number = path is not None and path not in ("reasoning.max_tokens", "thinking_budget")
    assert sent_limit(body) == (500 + 8_192 if by_number else 500)
    assert "max_output_tokens" not in warned


@pytest.mark.parametrize(("provider", "model", "protocol", "path"), ONE_LIMIT)
def test_the_sum_is_never_above_what_the_model_can_generate(
    provider: str, model: str, protocol: str, path: str | None
) -> None:
    vendor = Vendor(provider, model, protocol, anything)
    call = vendor.call((Prompt(text="?"),), max_output_tokens=9_000, max_reasoning_tokens=8_000)
    named = call.endpoint.ai_model.model_copy(update={"settings": ChatModelSettings(max_output_tokens=10_000)})
    limited = type(call)(call.endpoint.model_copy(update={"ai_model": named}), call.messages, call.config)
    outgoing = load_codec(protocol).encode(limited, vendor.quirks)
    assert sent_limit(dict(outgoing.body)) == 10_000
    assert ("clamped_parameter", "max_output_tokens") in {(one.code, one.parameter) for one in outgoing.warnings}


@pytest.mark.parametrize(("provider", "model", "protocol", "path"), EVERY)
@given(
    answer=st.integers(1, 100_000),
    reasoning=st.none() | st.integers(1_024, 60_000),
    effort=st.sampled_from([None, "low", "medium", "high", "max"]),
    on=st.sampled_from([None, True]),
)
def test_what_is_sent_is_never_above_the_estimate_for_costs(
    provider: str,
    model: str,
    protocol: str,
    path: str | None,
    answer: int,
    reasoning: int | None,
    effort: Any,
    on: bool | None,
) -> None:
    config = {
        "max_output_tokens": answer,
        "max_reasoning_tokens": reasoning,
        "reasoning_effort": effort,
        "reasoning": on,
    }
    vendor = Vendor(provider, model, protocol, anything)
    call = vendor.call((Prompt(text="?"),), **config)
    facts = find_facts(call.endpoint)
    estimate = most_generated(call, facts)
    fitted = apply_constraints(call, facts)[0] if facts else call
    limited = with_model_limits(fitted.endpoint, facts, with_limit=True)
    sent = sent_limit(dict(load_codec(protocol).encode(replace(fitted, endpoint=limited), vendor.quirks).body))
    assert estimate is not None
    assert sent is not None
    assert sent <= estimate
