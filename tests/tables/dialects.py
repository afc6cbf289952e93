"""What a dialect supports, described from its quirks alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dhenara.ai.codecs.base import Quirks
from dhenara.ai.providers.provider import Provider, Route

SPOKEN = {
    "openai_chat": "OpenAI Chat",
    "openai_responses": "OpenAI Responses",
    "anthropic": "Anthropic Messages",
    "gemini": "Gemini",
    "converse": "Bedrock Converse",
    "cohere": "Cohere v2",
    "ollama": "Ollama",
}
HOW_IT_THINKS = {
    "effort": "effort",
    "reasoning": "effort or budget",
    "thinking": "on or off",
    "thinking_effort": "on or off with an effort",
    "template": "on or off with an effort",
    "enable_thinking": "on or off, or budget",
    "budget": "budget",
    "adaptive": "effort",
    "config": "effort",
    "level": "level",
    "levels": "level",
    "switch": "on or off",
}
ALWAYS_THINKS = {"openai_responses": "effort", "cohere": "budget"}


def protocols(provider: Provider) -> str:
    """In the order in which they are chosen: the first is spoken unless another one is asked for."""
    return ", ".join(dict.fromkeys(name(route) for route in in_order(provider))) or "no chat"


def name(route: Route) -> str:
    return SPOKEN.get(route.codec, route.codec)


def in_order(provider: Provider) -> list[Route]:
    return sorted(provider.routes, key=lambda route: route.models != "*" and route.codec != usual(provider).codec)


def usual(provider: Provider) -> Route:
    """The route of a model of which nothing is known."""
    return next(route for route in provider.routes if route.models == "*")


def thinking(provider: Provider) -> str:
    """How reasoning is requested; several ways where generations differ."""
    same = [route for route in provider.routes if route.codec == usual(provider).codec]
    ways = dict.fromkeys(way for route in same if (way := how_it_thinks(route)))
    return ", ".join(ways) or "—"


def how_it_thinks(route: Route) -> str | None:
    quirks: Any = route.quirks
    for field in ("reasoning_in", "thinking", "reasoning"):
        if hasattr(quirks, field):
            return HOW_IT_THINKS.get(getattr(quirks, field))
    return ALWAYS_THINKS.get(route.codec)


def unsaid(quirks: Quirks) -> list[str]:
    """The settings that it has no word for."""
    return [parameter for parameter in quirks.names if quirks.wire_name(parameter) is None]


def limits(quirks: Any) -> Iterator[str]:
    """What else it cannot do, as far as the quirks tell."""
    if getattr(quirks, "json_mode", None) == "object":
        yield "JSON as such, not a schema"
    if getattr(quirks, "json_mode", None) == "none" or getattr(quirks, "structured", None) == "none":
        yield "no structured output"
    if getattr(quirks, "document_shape", None) == "none":
        yield "text files only"
    if getattr(quirks, "audio_in", None) is False:
        yield "no sound"
    if getattr(quirks, "named_tool_choice", None) is False:
        yield "tools are chosen by offering no others"
    refused = [mode for mode, word in getattr(quirks, "tool_choice_words", {}).items() if word is None]
    if refused:
        yield f"no tool choice {' or '.join(map(repr, refused))}"
    if getattr(quirks, "strict_tools", None) is False:
        yield "no strict tools"
