"""Tool calls of one choice: separated, and each joined from its pieces, even if ids or indexes are missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...dataclass import dataclass
from ...types.delta import Delta, ToolCallDelta
from ...wire import json
from ..json_fields import Wire, read_index, read_object, read_objects, read_text

if TYPE_CHECKING:
    from ...wire.partial_json import PartialJson

CUSTOM = "custom"


@dataclass(slots=True)
class OpenCall:
    """The call at one index of the stream. Its arguments are stored only if no ids separate the calls."""

    part: str
    id: str | None
    name: str | None
    arguments: PartialJson | None = None

    def add(self, text: str) -> None:
        """Add the next piece of the arguments."""
        if self.arguments is None:
            from ...wire.partial_json import PartialJson

            self.arguments = PartialJson()
        self.arguments.feed(text)

    def is_complete(self) -> bool:
        """Whether the arguments are complete, so that the next name starts another call."""
        return self.arguments is not None and self.arguments.complete


class CallReader:
    """Tracks which call a piece belongs to."""

    __slots__ = ("_calls", "_choice", "_legacy", "_open")

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._calls = 0
        self._legacy = False
        self._open: dict[int, OpenCall] = {}

    @property
    def called(self) -> bool:
        """Whether there was any call."""
        return self._calls > 0 or self._legacy

    def read(self, message: Wire, *, whole: bool) -> Iterator[Delta]:
        """Read the calls of a message; a complete message has each call once, a stream sends pieces by index."""
        for position, tool in enumerate(read_objects(message, "tool_calls")):
            yield self._call(tool, None if whole else read_index(tool, "index", 0 if "index" in tool else position))
        legacy = read_object(message, "function_call")
        if legacy.get("name") or legacy.get("arguments"):
            self._legacy = True
            yield self._call_delta("function", None, read_text(legacy, "name") or None, legacy.get("arguments"), None)

    def _call(self, tool: Wire, at: int | None) -> Delta:
        function, extras = self._function(tool)
        given, name = read_text(tool, "id") or None, read_text(function, "name") or None
        arguments = function.get("arguments")
        part = self._open_call(given, name).part if at is None else self._part_of(at, given, name, arguments)
        return self._call_delta(part, given, name, arguments, extras)

    def _function(self, tool: Wire) -> tuple[Wire, Wire | None]:
        """Return name and arguments; custom tools have text arguments, and some providers omit the nested object."""
        custom, function = read_object(tool, CUSTOM), read_object(tool, "function")
        if custom.get("name") or (custom.get("input") and not function.get("name")):
            called = {"name": custom.get("name"), "arguments": custom.get("input")}
            return called, {"type": CUSTOM}
        extras = {"extra_content": tool["extra_content"]} if tool.get("extra_content") else None
        return function or tool, extras

    def _part_of(self, at: int, given: str | None, name: str | None, arguments: Any) -> str:
        """Return the part of a call. Some servers use index 0 for all calls: a new id with a name starts a new
        call.
        """
        known = self._open.get(at)
        if known is None or is_new_call(known, given, name):
            known = self._open[at] = self._open_call(given, name)
        known.id, known.name = known.id or given, known.name or name
        if known.id is None and isinstance(arguments, str):
            known.add(arguments)
        return known.part

    def _open_call(self, given: str | None, name: str | None) -> OpenCall:
        part, self._calls = f"call{self._calls}", self._calls + 1
        return OpenCall(part, given, name)

    def _call_delta(self, part: str, given: str | None, name: str | None, arguments: Any, extras: Wire | None) -> Delta:
        is_text = isinstance(arguments, str) or arguments is None
        text = arguments if isinstance(arguments, str) else json.dumps(arguments).decode() if arguments else ""
        return ToolCallDelta(part, given, name, text, is_text, self._choice, extras)


def is_new_call(known: OpenCall, given: str | None, name: str | None) -> bool:
    """Whether this name starts another call at the same index."""
    if not name:
        return False
    if given or known.id:
        return bool(given and known.id and given != known.id)
    return known.name is not None and (known.name != name or known.is_complete())
