"""Tool choice: encoded for every provider, or applied by sending fewer tools."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.providers.target import resolve
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    Prompt,
    ToolChoice,
    ToolDefinition,
)

TOOLS = tuple(ToolDefinition(name=name) for name in ("add", "look_up", "delete"))
SAFE = ToolChoice(mode="auto", names=("add", "look_up"))


def encoded(provider: str, model: str, choice: Any, **api: Any) -> tuple[dict[str, Any], list[str | None]]:
    at = AIModelEndpoint(
        api=AIModelAPI(provider=provider, api_key="k", config={"region": "us-east-1", **api}),
        ai_model=AIModel(model_name=model),
    )
    target = resolve(at, {})
    config = AIModelCallConfig(tools=TOOLS, tool_choice=choice)
    outgoing = target.codec.encode(Call(at, (Prompt(text="?"),), config), target.quirks)
    return outgoing.body, [warning.parameter for warning in outgoing.warnings]


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-5"),
        ("anthropic", "claude-sonnet-4-5"),
        ("cohere", "command-a"),
        ("amazon_bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("mistral", "mistral-large-4"),
    ],
)
def test_tool_subset_is_selected_by_sending_only_these(provider: str, model: str) -> None:
    body, warned = encoded(provider, model, SAFE)
    tools = body["toolConfig"]["tools"] if provider == "amazon_bedrock" else body["tools"]
    names = [tool.get("name") or (tool.get("function") or tool.get("toolSpec"))["name"] for tool in tools]
    assert names == ["add", "look_up"]
    assert warned == ["tool_choice"]


def test_tool_subset_is_encoded_where_supported() -> None:
    body, warned = encoded("openai", "gpt-5", SAFE, protocol="openai_responses")
    assert (len(body["tools"]), body["tool_choice"]["type"], warned) == (3, "allowed_tools", [])
    body, warned = encoded("google_ai", "gemini-3-flash", SAFE)
    chosen = body["toolConfig"]["functionCallingConfig"]
    assert (chosen["allowedFunctionNames"], warned) == (["add", "look_up"], [])


@pytest.mark.parametrize(
    ("provider", "model", "provided"),
    [
        ("openai", "gpt-5", {"type": "function", "function": {"name": "add"}}),
        ("anthropic", "claude-sonnet-4-5", {"type": "tool", "name": "add"}),
        ("mistral", "mistral-large-4", {"type": "function", "function": {"name": "add"}}),
        ("cohere", "command-a", "REQUIRED"),
    ],
)
def test_tool_choice_can_force_one_tool(provider: str, model: str, provided: Any) -> None:
    body, _ = encoded(provider, model, "add")
    assert body["tool_choice"] == provided
    if provided == "REQUIRED":
        assert len(body["tools"]) == 1
