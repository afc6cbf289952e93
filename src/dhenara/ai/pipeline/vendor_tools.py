"""Finds tools that are declared in a vendor's own format, which the caller may have to run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..types.content import ToolCallContent
from ..types.tools import ServerTool

CUSTOM = ("custom", "custom_tool_call")
LISTS = ("tools", "functions", "functionDeclarations", "function_declarations")
NESTED = ("function", "custom", "toolSpec", "tool_spec", "toolConfig", "additionalModelRequestFields", "extra_body")
# Gemini declares its computer tools together and calls each by its own name.
COMPUTER = ("computer_use", "computerUse")
COMPUTER_CALLS = frozenset(
    {
        *("open_web_browser", "open_app", "wait_5_seconds", "go_back", "go_forward", "go_home", "search", "navigate"),
        *("click_at", "hover_at", "long_press_at", "type_text_at", "key_combination", "scroll_document", "scroll_at"),
        *("drag_and_drop", "wait", "press_key", "take_screenshot"),
    }
)


def declared_names(tools: Iterable[Any], options: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of tools declared in a vendor's format in `tools` or `options`."""
    specs = [tool.spec for tool in tools if isinstance(tool, ServerTool)]
    return frozenset(names_in([*specs, options])) if specs or options else frozenset()


def is_vendor_call(call: ToolCallContent) -> bool:
    """Return whether the call is for a vendor-specific kind of tool rather than a function."""
    item = call.extras.get("item")
    kinds = (call.extras.get("type"), item.get("type") if isinstance(item, Mapping) else None)
    return "tool_type" in call.extras or any(kind in CUSTOM for kind in kinds)


def names_in(specs: Iterable[Any]) -> Iterator[str]:
    for spec in specs:
        if not isinstance(spec, Mapping):
            continue
        if isinstance(name := spec.get("name"), str):
            yield name
        if any(kind in spec for kind in COMPUTER):
            yield from COMPUTER_CALLS
        for key in LISTS:
            if isinstance(inside := spec.get(key), list):
                yield from names_in(inside)
        yield from names_in(spec[key] for key in NESTED if key in spec)
