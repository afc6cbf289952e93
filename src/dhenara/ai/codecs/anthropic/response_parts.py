"""One content block of a response, streamed or complete; blocks of unknown kind are kept until they are complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    ReasoningDelta,
    ResponseStart,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from ...types.content.parts import Citation, GenericContent
from ...wire import json
from ..common.response_fields import Wire, address_of, build_citation, is_readable, read_object, read_objects, read_text

SERVER_TOOLS = frozenset({"server_tool_use", "mcp_tool_use"})
CALLS = SERVER_TOOLS | {"tool_use"}
KNOWN_OF_CALLS = frozenset({"type", "id", "name", "input"})
PIECES = "partial_json"


class BlockReader:
    """Holds what may still change: blocks of unknown kind, and an input that may be sent again in pieces."""

    __slots__ = ("_given", "_kind", "buffered", "part")

    def __init__(self, part: int) -> None:
        self.part = part
        self._kind = ""
        self.buffered: Wire | None = None
        """A block of unknown kind, as far as it was received."""
        self._given: Any = None

    @property
    def is_call(self) -> bool:
        """Whether the caller has to run a tool."""
        return self._kind == "tool_use"

    @property
    def is_server_call(self) -> bool:
        """Whether the provider runs a tool."""
        return self._kind in SERVER_TOOLS

    def start(self, block: Wire) -> Iterator[Delta]:
        self._kind = read_text(block, "type") or guess_type(block)
        match self._kind:
            case "text":
                yield TextDelta(self.part, read_text(block, "text"))
                if block.get("citations"):
                    for cited in read_objects(block, "citations"):
                        yield CitationDelta(self.part, read_citation(cited))
            case "thinking":
                signature = read_text(block, "signature") or None
                yield ReasoningDelta(self.part, read_text(block, "thinking"), signature=signature)
            case "redacted_thinking":
                yield ReasoningDelta(self.part, redacted=True, extras={"data": block.get("data", "")})
            case _ if self._kind in CALLS:
                self._given = block.get("input") or None
                yield self._tool_call(block)
            case _:
                self.buffered = dict(block)
                if self._kind == "fallback":
                    yield ResponseStart(model=read_text(read_object(block, "to"), "model") or None)

    def add_delta(self, delta: Wire) -> Iterable[Delta]:
        """Add a delta of an unknown kind to an unknown block."""
        if self.buffered is not None:
            merge_delta(self.buffered, delta)
        return ()

    def arguments(self, piece: str) -> Iterable[Delta]:
        """Add a piece of the input; pieces replace the input that the block started with."""
        self._given = None if piece else self._given
        return (self._arguments_delta(piece),)

    def close(self) -> Iterator[Delta]:
        stored, given = self.buffered, self._given
        self.buffered = self._given = None
        if given is not None:
            yield self._arguments_delta(given if isinstance(given, str) else json.dumps(given).decode())
        if stored is not None and is_readable(stored):
            yield ContentDelta(self.part, GenericContent(kind=self._kind, data=complete(stored)))

    def _tool_call(self, block: Wire) -> Delta:
        given, name = read_text(block, "id") or None, read_text(block, "name") or None
        if self._kind in SERVER_TOOLS:
            data = {field: value for field, value in block.items() if field != "input"}
            return ServerToolDelta(self.part, given, name, data=data)
        extras = {field: value for field, value in block.items() if field not in KNOWN_OF_CALLS}
        return ToolCallDelta(self.part, given, name, verbatim=False, extras=extras or None)

    def _arguments_delta(self, piece: str) -> Delta:
        if self._kind in SERVER_TOOLS:
            return ServerToolDelta(self.part, arguments=piece)
        return ToolCallDelta(self.part, arguments=piece, verbatim=False)


def guess_type(block: Wire) -> str:
    """Guess the type of a block without one from its fields."""
    return next((kind for kind in ("text", "thinking") if kind in block), "")


def read_citation(data: Wire) -> Citation:
    """Convert all kinds of locations to one citation; the original is kept in `extras`."""
    first = ("start_char_index", "start_page_number", "start_block_index")
    last = ("end_char_index", "end_page_number", "end_block_index")
    return build_citation(
        data,
        url=data.get("url") or address_of(data.get("source")),
        title=data.get("title") or data.get("document_title"),
        cited_text=data.get("cited_text"),
        start=next((data[name] for name in first if data.get(name) is not None), None),
        end=next((data[name] for name in last if data.get(name) is not None), None),
    )


def merge_delta(block: Wire, delta: Wire) -> None:
    """Append text; set all other fields."""
    for name, value in delta.items():
        if name == "type" or value is None:
            continue
        known = block.get(name)
        block[name] = known + value if isinstance(known, str) and isinstance(value, str) else value


def complete(block: Wire) -> Wire:
    """Return the block as in a complete response, with the pieces of its input joined and parsed."""
    try:
        return {**{name: value for name, value in block.items() if name != PIECES}, "input": json.loads(block[PIECES])}
    except (KeyError, TypeError, ValueError):
        return block
