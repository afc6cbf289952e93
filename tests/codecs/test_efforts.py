"""Reasoning effort per dialect: an unsupported effort becomes the nearest supported one, with a warning."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from support.worlds import endpoint

# Provider, model, protocol where it is not the usual one, what is requested, what is sent, and whether that is less.
WORDS: list[tuple[str, str, str | None, str, dict[str, Any], bool]] = [
    ("openai", "gpt-6-luna", None, "max", {"reasoning_effort": "xhigh"}, True),
    ("openai", "gpt-6-luna", "openai_responses", "max", {"reasoning": {"effort": "max", "summary": "auto"}}, False),
    ("openai", "gpt-of-tomorrow", None, "max", {"reasoning_effort": "xhigh"}, True),
    ("microsoft_openai", "gpt-6-luna", None, "max", {"reasoning_effort": "xhigh"}, True),
    ("deepseek", "deepseek-v4-pro", None, "low", {"thinking": {"type": "enabled"}, "reasoning_effort": "low"}, False),
    ("deepseek", "deepseek-v4-pro", None, "xhigh", {"reasoning_effort": "max"}, True),
    ("groq", "qwen/qwen3.8-27b", None, "high", {"reasoning_effort": "default"}, True),
    ("groq", "qwen/qwen3.8-27b", None, "none", {"reasoning_effort": "none"}, False),
    ("groq", "openai/gpt-oss-120b", None, "high", {"reasoning_effort": "high"}, False),
    ("zai", "glm-5.3", None, "max", {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}, False),
    ("zai", "glm-5.3", None, "medium", {"reasoning_effort": "high"}, True),
    ("zai", "glm-5.2", None, "minimal", {"reasoning_effort": "minimal"}, False),
    ("zai", "glm-4.7", None, "high", {"thinking": {"type": "enabled"}}, True),
    ("moonshot", "kimi-k3", None, "high", {"reasoning_effort": "high"}, False),
    ("moonshot", "kimi-k3-of-tomorrow", None, "medium", {"reasoning_effort": "high"}, True),
    ("moonshot", "kimi-k2.6", None, "high", {"thinking": {"type": "enabled"}}, True),
    (
        "vllm",
        "qwen3",
        None,
        "low",
        {"chat_template_kwargs": {"enable_thinking": True}, "reasoning_effort": "low"},
        False,
    ),
    ("vllm", "qwen3", None, "none", {"chat_template_kwargs": {"enable_thinking": False}}, False),
    ("llama_cpp", "qwen3", None, "none", {"chat_template_kwargs": {"enable_thinking": False}}, False),
    ("mistral", "mistral-of-tomorrow", None, "medium", {"reasoning_effort": "high"}, True),
    ("anthropic", "claude-opus-of-tomorrow", None, "minimal", {"output_config": {"effort": "low"}}, True),
    ("google_ai", "gemini-of-tomorrow", None, "max", {"thinkingLevel": "high"}, True),
    (
        "amazon_bedrock",
        "amazon.nova-2-lite-v1:0",
        None,
        "max",
        {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
        True,
    ),
]


@pytest.mark.parametrize(("provider", "model", "protocol", "requested", "provided", "less"), WORDS)
def test_effort_is_encoded_per_dialect(
    provider: str,
    model: str,
    protocol: str | None,
    requested: str,
    provided: dict[str, Any],
    less: bool,
    server: FakeServer,
) -> None:
    server.add_replies(Answer(text="Hello!"))
    reported = {"protocol": protocol} if protocol else {}
    with AIModelClient(endpoint(server.url, provider, model, **reported)) as client:
        answer = client.generate("?", reasoning_effort=requested).chat_response
    body = server.exchanges[0].json
    within = body.get("generationConfig", {}).get("thinkingConfig") or body.get("additionalModelRequestFields") or body
    assert provided.items() <= within.items()
    assert ["reasoning_effort"] * less == [warning.parameter for warning in answer.warnings]


def test_strict_call_refuses_unsupported_effort(server: FakeServer) -> None:
    with (
        AIModelClient(endpoint(server.url, "openai", "gpt-6-luna")) as client,
        pytest.raises(UnsupportedError, match="max"),
    ):
        client.generate("?", reasoning_effort="max", strict=True)
    assert server.exchanges == []
