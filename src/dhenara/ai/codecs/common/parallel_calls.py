"""Wrapper calls: OpenAI models sometimes call an undeclared tool that contains several calls.

`multi_tool_use.parallel` takes `{"tool_uses": [{"recipient_name": "functions.NAME", "parameters": {...}}, ...]}`. Its
calls are returned one by one, with ids derived from the wrapper's. Only Chat Completions does so: items of the
Responses API must be sent back unchanged, each with an output for its own id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...types.chat.delta import Delta, Part, ToolCallDelta
from ...wire import json

NAMES = frozenset({"multi_tool_use_parallel", "multi_tool_use", "parallel"})
"""Names of the wrapper, with `_` for the dot that many hosts do not allow."""

NAMESPACE = "functions."


@dataclass(frozen=True, slots=True)
class InnerCall:
    """One call inside of a wrapper; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(slots=True)
class Held:
    """A wrapper call that is being received."""

    first: ToolCallDelta
    pieces: list[str] = field(default_factory=list)


class WrapperCalls:
    """Holds wrapper calls back until their arguments are complete. Declared tools are never treated as wrappers."""

    __slots__ = ("_declared", "_held")

    def __init__(self, declared: frozenset[str] = frozenset()) -> None:
        self._declared = declared
        self._held: dict[Part, Held] = {}

    def unwrapped(self, deltas: Iterable[Delta]) -> Iterator[Delta]:
        """Return these deltas without those of wrapper calls."""
        return (delta for delta in deltas if not (isinstance(delta, ToolCallDelta) and self._hold(delta)))

    def release(self) -> Iterator[Delta]:
        """Return the calls inside of the wrappers; a wrapper with other content is returned as a normal call."""
        held, self._held = self._held, {}
        for call in held.values():
            first, arguments = call.first, "".join(call.pieces)
            inner = inner_calls(first.id, arguments)
            if inner is None:
                first.arguments = arguments
                yield first
            for number, one in enumerate(inner or ()):
                yield ToolCallDelta(f"{first.part}.{number}", one.id, one.name, one.arguments, choice=first.choice)

    def _hold(self, delta: ToolCallDelta) -> bool:
        held = self._held.get(delta.part)
        if held is None and is_wrapper(delta.name) and delta.name not in self._declared:
            held = self._held[delta.part] = Held(delta)
        if held is None:
            return False
        held.first.id = held.first.id or delta.id
        held.pieces.append(delta.arguments)
        if delta.extras:
            held.first.extras = {**(held.first.extras or {}), **delta.extras}
        return True


def declared_tools(body: dict[str, Any]) -> frozenset[str]:
    """Return the names of the tools in a request."""
    tools = body.get("tools")
    named = [tool.get("function") or tool for tool in tools if isinstance(tool, dict)] if tools else []
    return frozenset(str(tool["name"]) for tool in named if "name" in tool)


def inner_calls(call_id: str | None, arguments: str) -> list[InnerCall] | None:
    """Return the calls inside of a wrapper; None if the arguments are not those of a wrapper."""
    try:
        data = json.loads(arguments, json.DEEPEST_INSIDE)
    except ValueError:
        return None
    uses = data.get("tool_uses") if isinstance(data, dict) and data.keys() == {"tool_uses"} else None
    if not isinstance(uses, list) or not uses or not all(map(is_use, uses)):
        return None
    return [
        InnerCall(
            f"{call_id or 'call'}_{number}",
            use["recipient_name"].removeprefix(NAMESPACE),
            json.dumps(parameters_of(use) or {}).decode(),
        )
        for number, use in enumerate(uses)
    ]


def is_use(use: Any) -> bool:
    if not isinstance(use, dict):
        return False
    name, parameters = use.get("recipient_name"), parameters_of(use)
    is_named = isinstance(name, str) and bool(name.removeprefix(NAMESPACE)) and not is_wrapper(name)
    return is_named and (parameters is None or isinstance(parameters, dict))


def is_wrapper(name: str | None) -> bool:
    return name is not None and name.removeprefix(NAMESPACE).replace(".", "_") in NAMES


def parameters_of(use: dict[str, Any]) -> Any:
    """The parameters of an inner call, which some models write as JSON text."""
    given = use.get("parameters")
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given, json.DEEPEST_INSIDE)
    except ValueError:
        return given
