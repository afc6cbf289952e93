"""Billed units of tools that the provider ran: from its report, else counted from the tool calls in the answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..types.chat.usage import Usage
from ..types.content.parts import ContentItem, ServerToolContent

# Names of tools, as providers report them and as they stand in answers, and the unit that is billed for a call.
# Other tools cost only their tokens.
TOOL_UNITS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"web_search(?!_tool_result)|google_search_call|nova_grounding|browser_search"), "web_searches"),
    (re.compile(r"^x_|view_x"), "social_searches"),
    (re.compile(r"file_search|collections_search|document_search"), "storage_searches"),
    (re.compile(r"code_interpreter"), "code_sessions"),
    (re.compile(r"image_generation"), "image_generations"),
)

SEARCHES_OF_GROQ = "search_results"
"""The field of a tool call that is a web search, whose name says only `search`."""

MCP = ("mcp_tool_use", "mcp_call")
"""Types of calls of MCP servers: their tools may have any name, and cost only their tokens."""


def unit_of(tool: str) -> str | None:
    """Return the unit that is billed for calls of this tool; None for no unit."""
    return next((unit for pattern, unit in TOOL_UNITS if pattern.search(tool)), None)


def with_tool_units(usage: Usage, contents: Iterable[ContentItem]) -> Usage:
    """Return the usage with the units of the tools that the provider ran.

    A unit that the provider reports is taken from the report, also if the report says zero; other units are counted
    from the answer, and named in `counted`.

    Args:
        usage: The usage as the provider reported it.
        contents: The parts of the answer.
    """
    calls = [part for part in contents if isinstance(part, ServerToolContent)]
    if not usage.known or not (calls or usage.server_tool_requests):
        return usage
    reported = reported_units(usage.server_tool_requests)
    known = {*usage.units, *reported}
    counted = {unit: count for unit, count in counted_units(calls).items() if unit not in known}
    units = {**usage.units, **{unit: count for unit, count in {**reported, **counted}.items() if count}}
    if units == usage.units:
        return usage
    return usage.model_copy(update={"units": units, "counted": (*usage.counted, *filter(counted.get, counted))})


def reported_units(requests: Mapping[str, int]) -> dict[str, float]:
    units: dict[str, float] = {}
    for tool, count in requests.items():
        if unit := unit_of(tool):
            units[unit] = units.get(unit, 0.0) + count
    return units


def counted_units(calls: Iterable[ServerToolContent]) -> dict[str, float]:
    """Count calls by unit. Of web searches, steps such as opening a page are free; a container counts once."""
    units: dict[str, float] = {}
    containers: set[Any] = set()
    for call in calls:
        unit = "web_searches" if SEARCHES_OF_GROQ in call.data else unit_of(call.name)
        if unit is None or call.data.get("type") in MCP or not is_billed_step(call.data):
            continue
        if unit == "code_sessions":
            container = str(call.data.get("container_id"))
            if container in containers:
                continue
            containers.add(container)
        units[unit] = units.get(unit, 0.0) + 1
    return units


def is_billed_step(data: Mapping[str, Any]) -> bool:
    """Whether the step of a web search is a search, which it is unless its action says otherwise."""
    action = data.get("action")
    return not isinstance(action, Mapping) or action.get("type", "search") == "search"
