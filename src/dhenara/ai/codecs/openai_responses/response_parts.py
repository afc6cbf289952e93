"""One output item, streamed or whole or both; everything is emitted once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ...types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    LogprobsDelta,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from ...types.content.parts import Citation, GenericContent
from ...wire import json
from ..common import response_fields as fields
from ..common.response_fields import Wire, read_objects, read_text, unread_warning
from ..quirks import ResponsesQuirks
from .tools import CUSTOM, arguments_of, call_id_of, is_for_caller, is_vendor_call


class StreamedTexts:
    """Maps positions, because providers may number texts differently while streaming."""

    __slots__ = ("_closed", "_pieces")

    def __init__(self) -> None:
        self._closed: set[int] = set()
        self._pieces: dict[int, list[str]] = {}

    def add(self, place: int, piece: str) -> None:
        if place not in self._pieces:
            self._pieces[place] = []
        self._pieces[place].append(piece)

    def close(self, place: int) -> None:
        """Take the text at this position as it was streamed: its stream has ended, and the item adds nothing to it."""
        self._closed.add(place)

    def place_of(self, text: str) -> int | None:
        """Return the position at which a finished text was streamed, or at least its beginning; None if it was not."""
        streamed = {place: "".join(pieces) for place, pieces in self._pieces.items()}
        same = (place for place, piece in streamed.items() if piece == text)
        begun = (place for place, piece in streamed.items() if piece and text.startswith(piece))
        return next(same, next((place for place in begun if place not in self._closed), None))

    def rest(self, place: int, text: str) -> str:
        """Return the end of a finished text whose beginning was streamed; it counts as streamed from then on."""
        streamed = "".join(self._pieces.get(place, ()))
        if not streamed or place in self._closed or not text.startswith(streamed):
            return ""
        new = text[len(streamed) :]
        if new:
            self.add(place, new)
        return new

    def places(self, parts: Sequence[Wire]) -> Sequence[int]:
        """Return for each part of the finished item the position at which its text was streamed, else its own or a
        free one.
        """
        if not self._pieces:
            return range(len(parts))
        texts = [read_text(part, "refusal") or read_text(part, "text") for part in parts]
        streamed = {place: "".join(pieces) for place, pieces in self._pieces.items()}
        positions: dict[int, int] = {}
        for is_match in EXACT:
            take_matches(positions, texts, streamed, is_match)
        rest = [at for at in range(len(texts)) if at not in positions]
        if rest and streamed and "".join(texts[at] for at in rest) == "".join(dict(sorted(streamed.items())).values()):
            # The same text, split differently.
            return self._joined(positions, rest, texts, streamed)
        for is_match in ALIKE:
            take_matches(positions, texts, streamed, is_match)
        taken = {*positions.values(), *self._pieces}
        for at in range(len(texts)):
            if at not in positions:
                positions[at] = at if at not in taken else max(taken) + 1
                taken.add(positions[at])
        return [positions[at] for at in range(len(texts))]

    def _joined(
        self, positions: dict[int, int], rest: Sequence[int], texts: Sequence[str], streamed: dict[int, str]
    ) -> list[int]:
        """Place the rest at the first streamed position, where it counts as streamed from then on."""
        first = min(streamed)
        self._pieces = {place: pieces for place, pieces in self._pieces.items() if place not in streamed}
        self._pieces[first] = ["".join(texts[at] for at in rest)]
        return [positions.get(at, first) for at in range(len(texts))]


IsMatch = Callable[[int, str, int, str], bool]
"""Whether a finished text with its place is a streamed one with its own."""

EXACT: tuple[IsMatch, ...] = (
    lambda at, text, place, streamed: at == place and text == streamed,
    lambda at, text, place, streamed: text == streamed,
)
ALIKE: tuple[IsMatch, ...] = (
    lambda at, text, place, streamed: bool(streamed) and text.startswith(streamed),
    # The finished text differs from the streamed one: the streamed text is kept.
    lambda at, text, place, streamed: at == place,
)


def take_matches(positions: dict[int, int], texts: Sequence[str], streamed: dict[int, str], is_match: IsMatch) -> None:
    """Move matching texts from `streamed` to `match`."""
    for at, text in enumerate(texts):
        if at in positions:
            continue
        places = (place for place, piece in sorted(streamed.items()) if is_match(at, text, place, piece))
        place = next(places, None)
        if place is not None:
            positions[at] = place
            del streamed[place]


MESSAGE_FIELDS = ("id", "status", "phase")
CALL_FIELDS = ("id", "status", "namespace", "caller")
WORDS = ("output_text", "text", "")


class ItemReader:
    """Tracks what was emitted, so that the complete item only adds what is new."""

    __slots__ = (
        "_data",
        "_index",
        "_kind",
        "_noted",
        "_quirks",
        "_texts",
        "_warned",
        "called",
        "id",
        "is_over",
        "stored",
    )

    def __init__(self, index: int, quirks: ResponsesQuirks) -> None:
        self._index = index
        self._kind = ""
        self._quirks = quirks
        self.id: str | None = None
        self.stored = False
        """Whether the provider stores the response, so that its id is enough."""
        self._data: dict[int | str | None, str] = {}
        """What was emitted, and the part it belongs to."""
        self._noted: dict[int, int] = {}
        self._texts = StreamedTexts()
        self._warned = False
        self.called = False
        """Whether it is a call that waits for the caller."""
        self.is_over = False
        """Whether it came as a whole."""

    def text(self, content: int, piece: str) -> str:
        """Return the part for a piece of text or refusal."""
        self._texts.add(content, piece)
        return self.part_for(content)

    def part_for(self, what: int | str | None) -> str:
        """Return the part for a piece; each text of a message is a part of its own."""
        if what not in self._data:
            self._data[what] = self._part(what)
        return self._data[what]

    def note_content(self, content: int) -> str:
        self._noted[content] = self._noted.get(content, 0) + 1
        return self._part(content)

    def start(self, item: Wire) -> Iterator[Delta]:
        """Emit the name of a call at once; other items are emitted with their content."""
        self.id = fields.read_name(item, "id")
        self._kind = read_text(item, "type")
        if is_vendor_call(self._kind):
            return
        if self._calls(item):
            yield ToolCallDelta(self._part(None), fields.read_name(item, "call_id"), read_text(item, "name") or None)
        elif self._kind not in READERS:
            yield ServerToolDelta(self._part(None), self.id, self._name(item))

    def whole(self, item: Wire) -> Iterable[Delta]:
        self.id = self.id or fields.read_name(item, "id")
        self._kind = read_text(item, "type") or self._kind or guess_type(item)
        self.is_over = True
        if not self._kind:
            return (ContentDelta(self._part(None), GenericContent(kind="", data=item)),) if item else ()
        read = ItemReader._call if self._calls(item) else READERS.get(self._kind, ItemReader._server_tool)
        return read(self, item)

    def finish_text(self, what: int | None, text: str) -> Iterator[Delta]:
        """Emit a complete text or arguments if no piece of it was streamed."""
        if what is not None:
            place = what if what in self._data else self._texts.place_of(text)
            if place is not None:
                self._texts.close(place)
                return
            if new := self._unseen(what, text):
                self._texts.add(what, text)
                yield TextDelta(self._part(what), new)
        elif new := self._unseen(what, text):
            is_call = self.called or not self._kind
            self.called = is_call
            yield (ToolCallDelta if is_call else ServerToolDelta)(self._part(None), arguments=new)

    def is_kind_of(self, item: Wire) -> bool:
        """Whether the streamed item may be this one."""
        return self._kind in ("", read_text(item, "type") or guess_type(item))

    def is_same(self, item: Wire) -> bool:
        """Whether this is the item that was read, by its id, or by its kind where it has none."""
        other = fields.read_name(item, "id")
        return self.id == other if self.id is not None and other is not None else self.is_kind_of(item)

    def is_like(self, item: Wire) -> bool:
        """Whether the kinds match and one of the two has no id, so that ids cannot decide."""
        return (self.id is None or fields.read_name(item, "id") is None) and self.is_kind_of(item)

    def _calls(self, item: Wire) -> bool:
        """Whether the caller has to run this item."""
        typed = item if "type" in item else {**item, "type": self._kind}
        self.called = is_for_caller(typed, runs_custom_tools=self._quirks.runs_custom_tools)
        return self.called

    def _part(self, what: int | str | None) -> str:
        return f"{self._index}.{what}" if isinstance(what, int) else f"{self._index}"

    def _message(self, item: Wire) -> list[Delta]:
        about = {name: item[name] for name in MESSAGE_FIELDS if item.get(name) is not None}
        content = item.get("content")
        parts = [{"text": content}] if isinstance(content, str) else read_objects(item, "content")
        deltas: list[Delta] = []
        if not self._warned:
            self._warned = True
            deltas += unread_warning(content)
        for at, part in zip(self._texts.places(parts), parts, strict=True):
            kind = read_text(part, "type")
            if kind == "refusal":
                new = self._unseen(at, read_text(part, "refusal"))
                deltas.append(RefusalDelta(self._part(at), new, extras={"item": about}))
            elif kind in WORDS:
                deltas += self._text(at, part, about)
            else:
                deltas.append(ContentDelta(self._part(at), GenericContent(kind=kind, data=part)))
        return deltas

    def _text(self, content: int, part: Wire, about: Wire) -> list[Delta]:
        notes = read_objects(part, "annotations")
        extras = {"item": about, **({"annotations": notes} if notes else {})}
        first = content not in self._data
        text = read_text(part, "text")
        new = self._unseen(content, text) or self._texts.rest(content, text)
        deltas: list[Delta] = [TextDelta(self._part(content), new, extras=extras)]
        if first and (probable := read_objects(part, "logprobs")):
            deltas.append(LogprobsDelta(probable))
        for note in notes[self._noted.get(content, 0) :] if notes else ():
            deltas.append(CitationDelta(self.note_content(content), read_citation(note)))
        return deltas

    def _call(self, item: Wire) -> Iterator[Delta]:
        """Emit a call; custom tools have plain text instead of JSON, other vendor calls are kept whole."""
        if is_vendor_call(self._kind):
            new = self._unseen(None, arguments_of(item))
            stored = {"item": item, "tool_type": self._kind}
            yield ToolCallDelta(self._part(None), call_id_of(item), self._kind, new, verbatim=False, extras=stored)
            return
        about = {name: item[name] for name in CALL_FIELDS if item.get(name) is not None}
        if self._kind == CUSTOM:
            about["type"] = CUSTOM
        yield ToolCallDelta(
            self._part(None),
            fields.read_name(item, "call_id") or self.id,
            read_text(item, "name") or None,
            self._unseen(None, arguments_text(item.get("input" if self._kind == CUSTOM else "arguments"))),
            extras={"item": about},
        )

    def _reasoning(self, item: Wire) -> Iterator[Delta]:
        yield ReasoningDelta(
            self._part(None),
            self._unseen("summary", join_text(item, "summary")),
            self._unseen("thought", join_text(item, "content")),
            read_text(item, "encrypted_content") or None,
            extras={"item": item, **({"stored": True} if self.stored else {})},
        )

    def _server_tool(self, item: Wire) -> Iterator[Delta]:
        arguments = read_text(item, "input" if self._kind == CUSTOM else "arguments")
        drawn = read_text(item, "result") if self._kind == PICTURE else ""
        stored = {name: value for name, value in item.items() if not drawn or name != "result"}
        name = self._name(item)
        yield ServerToolDelta(self._part(None), self.id, name, self._unseen(None, arguments), stored)
        if drawn and "picture" not in self._data:
            self._data["picture"] = self._part("picture")
            kind = f"image/{item.get('output_format') or 'png'}"
            about = {name: item[name] for name in ("id", "revised_prompt") if item.get(name)}
            yield MediaDelta(f"{self._index}.picture", "image", drawn, kind, extras=about)

    def _name(self, item: Wire) -> str:
        named = item.get("name") if self._kind == CUSTOM else None
        return str(named or self._kind)

    def _unseen(self, what: int | str | None, text: str) -> str:
        """Return the text unless it was streamed."""
        if what in self._data or not text:
            return ""
        self._data[what] = self._part(what)
        return text


PICTURE = "image_generation_call"
READERS: dict[str, Callable[[ItemReader, Wire], Iterable[Delta]]] = {
    "message": ItemReader._message,
    "reasoning": ItemReader._reasoning,
}


def guess_type(item: Wire) -> str:
    """Guess the type of an item without one from its fields."""
    held = (("message", "content"), ("reasoning", "summary"), ("function_call", "arguments"))
    return next((kind for kind, name in held if name in item), "")


def arguments_text(arguments: Any) -> str:
    """Return arguments as text; some providers send an object."""
    if isinstance(arguments, str):
        return arguments
    return json.dumps(arguments).decode() if arguments else ""


def join_text(item: Wire, name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else "".join(read_text(part, "text") for part in read_objects(item, name))


def read_citation(note: Wire) -> Citation:
    """Convert URL, file and container citations; the original is kept in `extras`."""
    return fields.build_citation(
        note,
        url=note.get("url"),
        title=note.get("title") or note.get("filename"),
        start=note.get("start_index"),
        end=note.get("end_index"),
    )
