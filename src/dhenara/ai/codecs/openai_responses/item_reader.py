"""One item of an answer: told in pieces, or whole, or both; every word of it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...types.content import Citation
from ...types.delta import (
    CitationDelta,
    Delta,
    LogprobsDelta,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from .quirks import ResponsesQuirks

Wire = dict[str, Any]
CUSTOM = "custom_tool_call"
CALLS = frozenset({"function_call", CUSTOM})
MESSAGE_FIELDS = ("id", "status", "phase")
CALL_FIELDS = ("id", "status", "namespace", "caller")


class ItemReader:
    """Knows what was told of the item already, so that its whole only adds what is new."""

    __slots__ = ("_index", "_noted", "_quirks", "_told", "id", "stored")

    def __init__(self, index: int, quirks: ResponsesQuirks) -> None:
        self._index = index
        self._quirks = quirks
        self.id: str | None = None
        self.stored = False
        """Whether the host keeps the answer, so that its id alone says what it was."""
        self._told: set[int | str | None] = set()
        self._noted: dict[int, int] = {}

    def grew(self, what: int | str | None) -> str:
        """The part that this piece belongs to; texts of a message are parts of their own."""
        self._told.add(what)
        return self._part(what)

    def noted(self, content: int) -> str:
        self._noted[content] = self._noted.get(content, 0) + 1
        return self._part(content)

    def start(self, item: Wire) -> Iterator[Delta]:
        """A call says its name at once; other items wait for their words."""
        self.id = item.get("id")
        if self._calls(item):
            yield ToolCallDelta(self._part(None), item.get("call_id"), item.get("name"))
        elif item["type"] not in ("message", "reasoning"):
            yield ServerToolDelta(self._part(None), item.get("id"), self._name(item))

    def whole(self, item: Wire) -> Iterator[Delta]:
        self.id = self.id or item.get("id")
        read = ItemReader._call if self._calls(item) else READERS.get(item["type"], ItemReader._server_tool)
        yield from read(self, item)

    def _calls(self, item: Wire) -> bool:
        """Whether the caller is to run this."""
        return item["type"] in CALLS and not (item["type"] == CUSTOM and self._quirks.runs_custom_tools)

    def _part(self, what: int | str | None) -> str:
        return f"{self._index}.{what}" if isinstance(what, int) else f"{self._index}"

    def _message(self, item: Wire) -> Iterator[Delta]:
        about = {name: item[name] for name in MESSAGE_FIELDS if item.get(name) is not None}
        for content, part in enumerate(item.get("content") or ()):
            if part["type"] == "refusal":
                yield RefusalDelta(self._part(content), self._new(content, part.get("refusal")), extras={"item": about})
            else:
                yield from self._text(content, part, about)

    def _text(self, content: int, part: Wire, about: Wire) -> Iterator[Delta]:
        notes = part.get("annotations") or []
        extras = {"item": about, **({"annotations": notes} if notes else {})}
        first = content not in self._told
        yield TextDelta(self._part(content), self._new(content, part.get("text")), extras=extras)
        if first and part.get("logprobs"):
            yield LogprobsDelta(part["logprobs"])
        for note in notes[self._noted.get(content, 0) :]:
            yield CitationDelta(self.noted(content), citation(note))

    def _call(self, item: Wire) -> Iterator[Delta]:
        """A custom tool takes plain text instead of a JSON object."""
        about = {name: item[name] for name in CALL_FIELDS if item.get(name) is not None}
        if item["type"] == CUSTOM:
            about["type"] = CUSTOM
        yield ToolCallDelta(
            self._part(None),
            item.get("call_id"),
            item.get("name"),
            self._new(None, item.get("input" if item["type"] == CUSTOM else "arguments")),
            extras={"item": about},
        )

    def _reasoning(self, item: Wire) -> Iterator[Delta]:
        summary = "".join(part.get("text") or "" for part in item.get("summary") or ())
        thought = "".join(part.get("text") or "" for part in item.get("content") or ())
        yield ReasoningDelta(
            self._part(None),
            self._new("summary", summary),
            self._new("thought", thought),
            item.get("encrypted_content") or None,
            extras={"item": item, **({"stored": True} if self.stored else {})},
        )

    def _server_tool(self, item: Wire) -> Iterator[Delta]:
        arguments = item.get("input" if item["type"] == CUSTOM else "arguments")
        drawn = item.get("result") if item["type"] == PICTURE else None
        kept = {name: value for name, value in item.items() if not drawn or name != "result"}
        yield ServerToolDelta(
            self._part(None),
            item.get("id"),
            self._name(item),
            self._new(None, arguments if isinstance(arguments, str) else None),
            kept,
        )
        if drawn and "picture" not in self._told:
            self._told.add("picture")
            kind = f"image/{item.get('output_format') or 'png'}"
            about = {name: item[name] for name in ("id", "revised_prompt") if item.get(name)}
            yield MediaDelta(f"{self._index}.picture", "image", drawn, kind, extras=about)

    def _name(self, item: Wire) -> str:
        named = item.get("name") if item["type"] == CUSTOM else None
        return str(named or item["type"])

    def _new(self, what: int | str | None, words: str | None) -> str:
        """The words, unless they were told in pieces."""
        if what in self._told or not words:
            return ""
        self._told.add(what)
        return words


PICTURE = "image_generation_call"
READERS: dict[str, Callable[[ItemReader, Wire], Iterator[Delta]]] = {
    "message": ItemReader._message,
    "reasoning": ItemReader._reasoning,
}


def citation(note: Wire) -> Citation:
    """URL, file and container citations in one shape; the origin's own words in `extras`."""
    return Citation(
        url=note.get("url"),
        title=note.get("title") or note.get("filename"),
        start=note.get("start_index"),
        end=note.get("end_index"),
        extras=note,
    )
