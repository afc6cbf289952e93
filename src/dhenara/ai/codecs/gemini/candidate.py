"""One candidate of a response: parts are joined only where the stream split them."""

from __future__ import annotations

from collections.abc import Iterator

from ...types.content import GenericContent
from ...types.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    MediaDelta,
    ReasoningDelta,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from ...wire import json
from ..json_fields import Wire, read_name, read_object, read_objects, read_text
from .partial_args import PartialArgs
from .sources import GroundingSources

SERVER_TOOLS = ("toolCall", "toolResponse", "executableCode", "codeExecutionResult")
KINDS = ("image", "audio", "video")


class Candidate:
    """Appends text to the open part if kind and signature match; signed parts are never joined."""

    __slots__ = ("_call", "_choice", "_last_text", "_open", "_parts", "_sources", "_text", "called")

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._parts = 0
        self._open: str | None = None
        self._last_text: int | None = None
        self._text: list[str] = []
        self._call: PartialArgs | None = None
        self._sources = GroundingSources()
        self.called = False

    def read(self, data: Wire) -> Iterator[Delta]:
        for part in read_objects(read_object(data, "content"), "parts"):
            yield from self._part(part)
        self._sources.add(data)

    def finish(self) -> Iterator[Delta]:
        yield from self._end_call()
        place = self._parts + 1 if self._last_text is None else self._last_text
        sources, self._sources = self._sources, GroundingSources()
        for cited in sources.citations("".join(self._text)):
            yield CitationDelta(place, cited, self._choice)

    def _part(self, part: Wire) -> Iterator[Delta]:
        signature = read_text(part, "thoughtSignature")
        extras = {"thought_signature": signature} if signature else None
        if isinstance(call := part.get("functionCall"), dict):
            yield from self._function_call(call, extras)
        elif isinstance(part.get("text"), str):
            yield from self._text_deltas(part, extras)
        else:
            yield from self._other_part(part, extras)

    def _text_deltas(self, part: Wire, extras: Wire | None) -> Iterator[Delta]:
        kind = "thought" if part.get("thought") else "text"
        if extras is not None or self._open != kind:
            self._parts += 1
        self._open = None if extras is not None else kind
        if kind == "thought":
            yield ReasoningDelta(self._parts, part["text"], choice=self._choice, extras=extras)
            return
        self._text.append(part["text"])
        if part["text"] or self._last_text is None:
            self._last_text = self._parts
        yield TextDelta(self._parts, part["text"], self._choice, extras)

    def _next_part(self) -> int:
        self._open = None
        self._parts += 1
        return self._parts

    def _function_call(self, call: Wire, extras: Wire | None) -> Iterator[Delta]:
        """Read a call; arguments are complete or, on Vertex, streamed value by value with their paths."""
        if self._call is None and call.get("name") and not (call.get("willContinue") or call.get("partialArgs")):
            self.called = True
            args = call.get("args")
            normalized = args if isinstance(args, str) else json.dumps(args).decode() if args else ""
            yield ToolCallDelta(
                self._next_part(), read_name(call, "id"), str(call["name"]), normalized, False, self._choice, extras
            )
            return
        if call.get("name"):
            yield from self._end_call()
            self.called = True
            self._call = PartialArgs(self._next_part())
            yield ToolCallDelta(
                self._call.part, read_name(call, "id"), str(call["name"]), "", False, self._choice, extras
            )
        if self._call is not None:
            self._call.add(read_objects(call, "partialArgs"))
            if not call.get("willContinue"):
                yield from self._end_call()

    def _end_call(self) -> Iterator[Delta]:
        call, self._call = self._call, None
        if call is not None:
            normalized = json.dumps(call.arguments).decode() if call.arguments else ""
            yield ToolCallDelta(call.part, arguments=normalized, verbatim=False, choice=self._choice)

    def _other_part(self, part: Wire, extras: Wire | None) -> Iterator[Delta]:
        plain = {name: value for name, value in part.items() if name != "thoughtSignature" and value is not None}
        kind = next((name for name in SERVER_TOOLS if name in plain), None)
        if kind is not None:
            given = read_name(read_object(plain, kind), "id")
            yield ServerToolDelta(self._next_part(), given, kind, data=plain, choice=self._choice, extras=extras)
        elif read_object(part, "inlineData") or read_object(part, "fileData"):
            yield self._media(part, extras)
        elif extras and not plain:
            # A signature that arrives alone after its text.
            yield from self._text_deltas({"text": ""}, extras)
        elif name := next(iter(plain), None):
            yield ContentDelta(
                self._next_part(), GenericContent(kind=name, data=plain, extras=extras or {}), self._choice
            )

    def _media(self, part: Wire, extras: Wire | None) -> Delta:
        data = read_object(part, "inlineData") or read_object(part, "fileData")
        mime = read_text(data, "mimeType") or None
        kind = (mime or "").split("/")[0]
        if part.get("thought"):
            extras = {**(extras or {}), "thought": True}
        return MediaDelta(
            self._next_part(),
            kind if kind in KINDS else "file",  # type: ignore[arg-type]  # checked against the known kinds
            read_text(data, "data"),
            mime,
            url=read_text(data, "fileUri") or None,
            choice=self._choice,
            extras=extras,
        )
