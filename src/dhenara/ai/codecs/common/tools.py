"""Selection of the tools that are sent, and ids of tool calls that a provider accepts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ...types.tools.definitions import ProviderTool, ServerTool, ToolChoice, ToolDefinition, WebSearch
from .warnings import WarningCollector

AnyTool = ToolDefinition | ServerTool | ProviderTool


def select_tools(
    tools: Sequence[AnyTool], choice: ToolChoice | None, warnings: WarningCollector, *, one_by_name: bool
) -> Sequence[AnyTool]:
    """Apply a tool choice that the dialect does not support by sending only the chosen tools."""
    if choice is None or not choice.names or choice.mode == "none":
        return tools
    if one_by_name and len(choice.names) == 1 and choice.mode == "required":
        return tools
    chosen = [tool for tool in tools if isinstance(tool, ToolDefinition) and tool.name in choice.names]
    if len(chosen) < len(tools):
        warnings.translated("tool_choice", f"only {', '.join(choice.names)} may be called, so others are not sent")
    return chosen


@dataclass(slots=True)
class ProviderToolsWire:
    """Provider tools in a request: entries of the tool list, and additional body fields."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)


def warn_unsupported_settings(tool: ProviderTool, text: Sequence[str], warnings: WarningCollector) -> None:
    """Warn about settings of a tool that the dialect does not support."""
    for name, value in tool:
        if name != "kind" and name not in text and value not in (None, (), {}):
            warnings.unsupported(f"{tool.kind}.{name}")


def warn_unsupported_tool(tool: ProviderTool, warnings: WarningCollector, instead: str = "") -> None:
    warnings.unsupported(tool.kind, f"this tool is not supported{instead}; it was left out")


def user_location(search: WebSearch) -> dict[str, Any]:
    """Return the location in the format that most providers use."""
    return {"type": "approximate", **search.place.model_dump(exclude_none=True)} if search.place else {}


def write_raw(tools: Sequence[AnyTool], warnings: WarningCollector) -> list[dict[str, Any]]:
    """Return only raw tools, for providers without tools of their own."""
    written: list[dict[str, Any]] = []
    for tool in tools:
        if isinstance(tool, ServerTool):
            written.append(tool.spec)
        elif not isinstance(tool, ToolDefinition):
            warn_unsupported_tool(tool, warnings)
    return written


IdRule = Literal["any", "short", "long", "nine", "word64"]
"""Allowed formats: `short` and `long` are any characters, up to 40 or 64; `nine` is nine letters and digits."""

NINE = re.compile(r"[A-Za-z0-9]{9}")
WORD64 = re.compile(r"[A-Za-z0-9_-]{1,64}")


def legal_id(given: str, rule: IdRule) -> str:
    """Return the id if it is valid, else one derived from it; the result is deterministic."""
    return RULES[rule](given)


def any_id(given: str) -> str:
    return given


def shorten_id(given: str) -> str:
    return given if len(given) <= 40 else f"call_{digest(given)[:24]}"


def pad_id(given: str) -> str:
    return given if len(given) <= 64 else f"call_{digest(given)[:24]}"


def nine_character_id(given: str) -> str:
    return given if NINE.fullmatch(given) else digest(given)[:9]


def word_id(given: str) -> str:
    return given if WORD64.fullmatch(given) else f"call_{digest(given)[:24]}"


def digest(given: str) -> str:
    return hashlib.sha256(given.encode()).hexdigest()


RULES: dict[IdRule, Callable[[str], str]] = {
    "any": any_id,
    "short": shorten_id,
    "long": pad_id,
    "nine": nine_character_id,
    "word64": word_id,
}
