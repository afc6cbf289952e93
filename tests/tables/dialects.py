"""What a dialect supports, described from its quirks alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dhenara.ai.codecs.base import Quirks
from dhenara.ai.providers.provider import Provider, Route

PROTOCOLS = {
    "openai_chat": "OpenAI Chat",
    "openai_responses": "OpenAI Responses",
    "anthropic": "Anthropic Messages",
    "gemini": "Gemini",
    "converse": "Bedrock Converse",
    "cohere": "Cohere v2",
    "ollama": "Ollama",
}
REASONING_FIELDS = {
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
REASONING_OF_PROTOCOLS = {"openai_responses": "effort", "cohere": "budget"}


def protocols(provider: Provider) -> str:
    """Names of the protocols; the first is the default."""
    return ", ".join(dict.fromkeys(name(route) for route in in_order(provider))) or "no chat"


def name(route: Route) -> str:
    return PROTOCOLS.get(route.codec, route.codec)


def in_order(provider: Provider) -> list[Route]:
    return sorted(
        provider.routes, key=lambda route: route.models != "*" and route.codec != default_route(provider).codec
    )


def default_route(provider: Provider) -> Route:
    """The route of models that are not in the catalogue."""
    return next(route for route in provider.routes if route.models == "*")


def reasoning(provider: Provider) -> str:
    """How reasoning is requested; several ways where models differ."""
    same = [route for route in provider.routes if route.codec == default_route(provider).codec]
    ways = dict.fromkeys(way for route in same if (way := reasoning_of_route(route)))
    return ", ".join(ways) or "—"


def reasoning_of_route(route: Route) -> str | None:
    quirks: Any = route.quirks
    for field in ("reasoning_in", "thinking", "reasoning"):
        if hasattr(quirks, field):
            return REASONING_FIELDS.get(getattr(quirks, field))
    return REASONING_OF_PROTOCOLS.get(route.codec)


def unsupported(quirks: Quirks) -> list[str]:
    """Parameters that are not sent."""
    return [parameter for parameter in quirks.names if quirks.wire_name(parameter) is None]


def limits(quirks: Any) -> Iterator[str]:
    """Limits of content, tools and structured output."""
    if getattr(quirks, "json_mode", None) == "object":
        yield "JSON without a schema"
    if getattr(quirks, "json_mode", None) == "none" or getattr(quirks, "structured", None) == "none":
        yield "no structured output"
    if getattr(quirks, "document_shape", None) == "none":
        yield "text files only"
    if getattr(quirks, "audio_in", None) is False:
        yield "no audio"
    if getattr(quirks, "named_tool_choice", None) is False:
        yield "a chosen tool is sent as the only one"
    refused = [mode for mode, word in getattr(quirks, "tool_choice_words", {}).items() if word is None]
    if refused:
        yield f"no tool choice {' or '.join(map(repr, refused))}"
    if getattr(quirks, "strict_tools", None) is False:
        yield "no strict tools"
