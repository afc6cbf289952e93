"""Output inside of other output: reasoning in `<think>` tags of a text, and tool calls inside a wrapper call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...types.chat.delta import Delta, Part, ToolCallDelta
from ...wire import json
from ...wire.text import matches

OPEN, CLOSE = "<think>", "</think>"


def opens_in_prompt(model: str, patterns: str) -> bool:
    """Whether the chat template of this model writes the opening tag into the prompt."""
    return matches(model.lower(), patterns)


class ThinkTagParser:
    """Splits one answer into reasoning and text. Only tags at the beginning of the answer count.

    Holds back only text that may be part of a tag. With `opened`, the answer starts inside of the reasoning.
    """

    __slots__ = ("_blank", "_held", "_inside", "_opened", "_unclosed")

    def __init__(self, *, opened: bool = False) -> None:
        self._held = ""
        self._blank = False
        self._inside: bool | None = None
        """None until the first text arrives."""

        self._opened = opened
        self._unclosed: list[str] | None = [] if opened else None
        """All text so far, until a closing tag shows that it was reasoning."""

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        """Return the text that is certain, in pieces, each with whether it is reasoning."""
        self._held += text
        if self._unclosed is not None:
            self._unclosed.append(text)
        if self._inside is None:
            self._start()
        if self._inside is True:
            yield from self._read_thinking()
        if self._inside is False:
            yield from self._emit(False, len(self._held))

    def finish(self) -> Iterator[tuple[bool, str]]:
        """Return the text that was held back."""
        yield from self._emit(self._inside is True, len(self._held))

    def stop(self) -> Iterator[tuple[bool, str]]:
        """End the answer. Without a closing tag, all text since an implicit opening was the answer."""
        text, self._unclosed = "".join(self._unclosed or ()), None
        if text:
            self._held, self._inside, self._blank = "", False, False
            yield False, text

    def disable(self) -> None:
        """The reasoning arrives in a field: only an explicit opening tag counts from now on."""
        if self._inside is None:
            self._opened, self._unclosed = False, None

    @property
    def is_done(self) -> bool:
        """Whether all following text passes through unchanged."""
        return self._inside is False and not self._blank

    def _start(self) -> None:
        start = self._held.lstrip()
        if start.startswith(OPEN):
            self._inside, self._blank, self._held = True, True, start[len(OPEN) :]
            self._unclosed = None
        elif not OPEN.startswith(start):
            self._inside = self._blank = self._opened

    def _read_thinking(self) -> Iterator[tuple[bool, str]]:
        end = self._held.find(CLOSE)
        if end < 0:
            yield from self._emit(True, len(self._held) - partial_tag_length(self._held))
            return
        yield from self._emit(True, end)
        self._held, self._inside, self._blank = self._held[len(CLOSE) :], False, True
        self._unclosed = None

    def _emit(self, thinking: bool, size: int) -> Iterator[tuple[bool, str]]:
        """Emit this number of characters, without blank lines around the tags."""
        text, self._held = self._held[:size], self._held[size:]
        if self._blank:
            text = text.lstrip()
        if text:
            self._blank = False
            yield thinking, text


def partial_tag_length(text: str) -> int:
    """Return how many characters at the end may be the start of the closing tag."""
    return next((size for size in range(len(CLOSE) - 1, 0, -1) if text.endswith(CLOSE[:size])), 0)


NAMES = frozenset({"multi_tool_use_parallel", "multi_tool_use", "parallel"})
"""Names of the wrapper, with `_` for the dot that many hosts do not allow."""

NAMESPACE = "functions."


@dataclass(slots=True, eq=False)
class InnerCall:
    """One call inside of a wrapper; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(slots=True, eq=False)
class HeldCall:
    """A wrapper call that is being received."""

    first: ToolCallDelta
    pieces: list[str] = field(default_factory=list)


class WrapperCalls:
    """Holds wrapper calls back until their arguments are complete. Declared tools are never treated as wrappers."""

    __slots__ = ("_declared", "held")

    def __init__(self, declared: frozenset[str] = frozenset()) -> None:
        self._declared = declared
        self.held: dict[Part, HeldCall] = {}
        """Calls that are held back."""

    def unwrapped(self, deltas: Iterable[Delta]) -> Iterator[Delta]:
        """Return these deltas without those of wrapper calls."""
        return (delta for delta in deltas if not (isinstance(delta, ToolCallDelta) and self._hold(delta)))

    def release(self) -> Iterator[Delta]:
        """Return the calls inside of the wrappers; a wrapper with other content is returned as a normal call."""
        held, self.held = self.held, {}
        for call in held.values():
            first, arguments = call.first, "".join(call.pieces)
            inner = inner_calls(first.id, arguments)
            if inner is None:
                first.arguments = arguments
                yield first
            for number, one in enumerate(inner or ()):
                yield ToolCallDelta(f"{first.part}.{number}", one.id, one.name, one.arguments, choice=first.choice)

    def _hold(self, delta: ToolCallDelta) -> bool:
        held = self.held.get(delta.part)
        if held is None and is_wrapper(delta.name) and delta.name not in self._declared:
            held = self.held[delta.part] = HeldCall(delta)
        if held is None:
            self._shorten_name(delta)
            return False
        held.first.id = held.first.id or delta.id
        held.pieces.append(delta.arguments)
        if delta.extras:
            held.first.extras = {**(held.first.extras or {}), **delta.extras}
        return True

    def _shorten_name(self, call: ToolCallDelta) -> None:
        """Remove the namespace in which models see tools, if the name without it is the one that is declared."""
        if call.name is None or not call.name.startswith(NAMESPACE) or call.name in self._declared:
            return
        name = call.name.removeprefix(NAMESPACE)
        call.name = name if name in self._declared else call.name


NO_NAMES: frozenset[str] = frozenset()


def declared_tools(body: dict[str, Any]) -> frozenset[str]:
    """Return the names of the tools in a request."""
    tools = body.get("tools")
    if not tools:
        return NO_NAMES
    named = [tool.get("function") or tool for tool in tools if isinstance(tool, dict)]
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
