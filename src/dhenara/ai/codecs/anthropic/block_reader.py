"""One block of an answer: told in pieces, or whole; of a kind that nobody here knows, kept until it is complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...types.content import Citation, GenericContent
from ...types.delta import (
    Began,
    CitationDelta,
    ContentDelta,
    Delta,
    ReasoningDelta,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from ...wire import json
from ..told import Wire, address_of, citation, entries, section, words

SERVER_TOOLS = frozenset({"server_tool_use", "mcp_tool_use"})
CALLS = SERVER_TOOLS | {"tool_use"}
KNOWN_OF_CALLS = frozenset({"type", "id", "name", "input"})
PIECES = "partial_json"


class BlockReader:
    """Holds what may still change: a block of unknown kind, and an input that may be told once more in pieces."""

    __slots__ = ("_given", "_kind", "kept", "part")

    def __init__(self, part: int) -> None:
        self.part = part
        self._kind = ""
        self.kept: Wire | None = None
        """A block of unknown kind, as far as it was told."""
        self._given: Any = None

    @property
    def is_call(self) -> bool:
        """Whether the caller is to run a tool."""
        return self._kind == "tool_use"

    def start(self, block: Wire) -> Iterator[Delta]:
        self._kind = words(block, "type") or guessed(block)
        match self._kind:
            case "text":
                yield TextDelta(self.part, words(block, "text"))
                for cited in entries(block, "citations"):
                    yield CitationDelta(self.part, read_citation(cited))
            case "thinking":
                signature = words(block, "signature") or None
                yield ReasoningDelta(self.part, words(block, "thinking"), signature=signature)
            case "redacted_thinking":
                yield ReasoningDelta(self.part, redacted=True, extras={"data": block.get("data", "")})
            case _ if self._kind in CALLS:
                self._given = block.get("input") or None
                yield self._called(block)
            case _:
                self.kept = dict(block)
                if self._kind == "fallback":
                    yield Began(model=words(section(block, "to"), "model") or None)

    def grew(self, delta: Wire) -> Iterable[Delta]:
        """A delta of a kind of tomorrow: an unknown block takes it in."""
        if self.kept is not None:
            merge(self.kept, delta)
        return ()

    def arguments(self, piece: str) -> Iterable[Delta]:
        """Pieces tell the whole input, whatever the block began with."""
        self._given = None if piece else self._given
        return (self._told(piece),)

    def close(self) -> Iterator[Delta]:
        kept, given = self.kept, self._given
        self.kept = self._given = None
        if given is not None:
            yield self._told(given if isinstance(given, str) else json.dumps(given).decode())
        if kept is not None:
            yield ContentDelta(self.part, GenericContent(kind=self._kind, data=complete(kept)))

    def _called(self, block: Wire) -> Delta:
        given, name = words(block, "id") or None, words(block, "name") or None
        if self._kind in SERVER_TOOLS:
            data = {field: value for field, value in block.items() if field != "input"}
            return ServerToolDelta(self.part, given, name, data=data)
        extras = {field: value for field, value in block.items() if field not in KNOWN_OF_CALLS}
        return ToolCallDelta(self.part, given, name, verbatim=False, extras=extras or None)

    def _told(self, piece: str) -> Delta:
        if self._kind in SERVER_TOOLS:
            return ServerToolDelta(self.part, arguments=piece)
        return ToolCallDelta(self.part, arguments=piece, verbatim=False)


def guessed(block: Wire) -> str:
    """What a block without a type must be, by what it holds."""
    return next((kind for kind in ("text", "thinking") if kind in block), "")


def read_citation(told: Wire) -> Citation:
    """All kinds of places in one shape; the origin's own words in `extras`."""
    first = ("start_char_index", "start_page_number", "start_block_index")
    last = ("end_char_index", "end_page_number", "end_block_index")
    return citation(
        told,
        url=told.get("url") or address_of(told.get("source")),
        title=told.get("title") or told.get("document_title"),
        cited_text=told.get("cited_text"),
        start=next((told[name] for name in first if told.get(name) is not None), None),
        end=next((told[name] for name in last if told.get(name) is not None), None),
    )


def merge(block: Wire, delta: Wire) -> None:
    """Text goes on, anything else is set."""
    for name, value in delta.items():
        if name == "type" or value is None:
            continue
        known = block.get(name)
        block[name] = known + value if isinstance(known, str) and isinstance(value, str) else value


def complete(block: Wire) -> Wire:
    """The block as it would be in a whole answer: pieces of an input are the input."""
    try:
        return {**{name: value for name, value in block.items() if name != PIECES}, "input": json.loads(block[PIECES])}
    except (KeyError, TypeError, ValueError):
        return block
