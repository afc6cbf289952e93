"""Reasoning is one setting: off means off, or the least that the model supports with a warning."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.types import Prompt
from support.vendors import Vendor, anything, converse, gemini, messages_api


def provided(
    provider: str, model: str, protocol: str, check: Any = anything, **config: Any
) -> tuple[Any, set[str | None]]:
    vendor = Vendor(provider, model, protocol, check)
    outgoing = load_codec(protocol).encode(vendor.call((Prompt(text="?"),), **config), vendor.quirks)
    check(outgoing.body)
    return outgoing.body, {warning.parameter for warning in outgoing.warnings}


def at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


OFF = [
    ("anthropic", "claude-sonnet-4-5", "anthropic", messages_api, "thinking", None, set()),
    ("anthropic", "claude-opus-5", "anthropic", messages_api, "thinking.type", "disabled", set()),
    ("anthropic", "claude-sonnet-5-5", "anthropic", messages_api, "thinking.type", "between_tools", {"reasoning"}),
    ("google_ai", "gemini-2.5-flash", "gemini", gemini, "generationConfig.thinkingConfig.thinkingBudget", 0, set()),
    (
        *("google_ai", "gemini-2.5-pro", "gemini", gemini),
        *("generationConfig.thinkingConfig.thinkingBudget", 128, {"reasoning"}),
    ),
    (
        *("google_ai", "gemini-3.5-flash", "gemini", gemini),
        *("generationConfig.thinkingConfig.thinkingLevel", "minimal", {"reasoning"}),
    ),
    (
        *("amazon_bedrock", "anthropic.claude-opus-4-8", "converse", converse),
        *("additionalModelRequestFields.thinking.type", "disabled", set()),
    ),
    (
        *("amazon_bedrock", "amazon.nova-2-lite-v1:0", "converse", converse),
        *("additionalModelRequestFields.reasoningConfig.type", "disabled", set()),
    ),
    (
        *("amazon_bedrock", "openai.gpt-oss-120b-1:0", "converse", converse),
        *("additionalModelRequestFields.reasoning_effort", "low", {"reasoning"}),
    ),
    ("cohere", "command-a-reasoning", "cohere", anything, "thinking.type", "disabled", set()),
    ("deepseek", "deepseek-v4-pro", "openai_chat", anything, "thinking.type", "disabled", set()),
    ("alibaba", "qwen3-max", "openai_chat", anything, "enable_thinking", False, set()),
    ("openrouter", "openai/gpt-5.4", "openai_chat", anything, "reasoning.enabled", False, set()),
]


@pytest.mark.parametrize(
    ("provider", "model", "protocol", "check", "path", "value", "warned"), OFF, ids=[row[1] for row in OFF]
)
def test_reasoning_off_is_encoded_per_provider(
    provider: str, model: str, protocol: str, check: Any, path: str, value: Any, warned: set[str]
) -> None:
    for wish in ({"reasoning": False}, {"reasoning_effort": "none"}):
        body, reported = provided(provider, model, protocol, check, **wish)
        assert at(body, path) == value
        assert reported == warned


@pytest.mark.parametrize(
    ("provider", "model", "protocol", "path", "value"),
    [
        ("anthropic", "claude-sonnet-4-5", "anthropic", "thinking.budget_tokens", 8_192),
        ("anthropic", "claude-opus-5-5", "anthropic", "output_config.effort", "medium"),
        ("google_ai", "gemini-2.5-pro", "gemini", "generationConfig.thinkingConfig.thinkingBudget", 8_192),
        ("google_ai", "gemini-3.5-flash", "gemini", "generationConfig.thinkingConfig.thinkingLevel", "medium"),
        ("openai", "gpt-6-astra", "openai_responses", "reasoning.effort", "medium"),
        ("openai", "gpt-5.4", "openai_chat", "reasoning_effort", "medium"),
        ("cohere", "command-a-reasoning", "cohere", "thinking.token_budget", 8_192),
    ],
)
def test_one_effort_is_encoded_per_provider(provider: str, model: str, protocol: str, path: str, value: Any) -> None:
    assert at(provided(provider, model, protocol, reasoning_effort="medium")[0], path) == value
