"""One candidate of an answer: its parts, joined where the stream cut them and nowhere else."""

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
from ..told import Wire, entries, named, section, words
from .partial_args import PartialArgs
from .sources import Sources

SERVER_TOOLS = ("toolCall", "toolResponse", "executableCode", "codeExecutionResult")
KINDS = ("image", "audio", "video")


class Candidate:
    """Text goes on in the open part while kind and signature allow it: signed parts are never joined."""

    __slots__ = ("_call", "_choice", "_last_text", "_open", "_parts", "_sources", "_text", "called")

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._parts = 0
        self._open: str | None = None
        self._last_text: int | None = None
        self._text: list[str] = []
        self._call: PartialArgs | None = None
        self._sources = Sources()
        self.called = False

    def read(self, told: Wire) -> Iterator[Delta]:
        for part in entries(section(told, "content"), "parts"):
            yield from self._part(part)
        self._sources.add(told)

    def finish(self) -> Iterator[Delta]:
        yield from self._end_call()
        place = self._parts + 1 if self._last_text is None else self._last_text
        sources, self._sources = self._sources, Sources()
        for cited in sources.told("".join(self._text)):
            yield CitationDelta(place, cited, self._choice)

    def _part(self, part: Wire) -> Iterator[Delta]:
        signature = words(part, "thoughtSignature")
        extras = {"thought_signature": signature} if signature else None
        if isinstance(call := part.get("functionCall"), dict):
            yield from self._function_call(call, extras)
        elif isinstance(part.get("text"), str):
            yield from self._words(part, extras)
        else:
            yield from self._other(part, extras)

    def _words(self, part: Wire, extras: Wire | None) -> Iterator[Delta]:
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

    def _next(self) -> int:
        self._open = None
        self._parts += 1
        return self._parts

    def _function_call(self, call: Wire, extras: Wire | None) -> Iterator[Delta]:
        """Arguments come whole, or on Vertex value by value along their paths."""
        if self._call is None and call.get("name") and not (call.get("willContinue") or call.get("partialArgs")):
            self.called = True
            args = call.get("args")
            spelled = args if isinstance(args, str) else json.dumps(args).decode() if args else ""
            yield ToolCallDelta(
                self._next(), named(call, "id"), str(call["name"]), spelled, False, self._choice, extras
            )
            return
        if call.get("name"):
            yield from self._end_call()
            self.called = True
            self._call = PartialArgs(self._next())
            yield ToolCallDelta(self._call.part, named(call, "id"), str(call["name"]), "", False, self._choice, extras)
        if self._call is not None:
            self._call.add(entries(call, "partialArgs"))
            if not call.get("willContinue"):
                yield from self._end_call()

    def _end_call(self) -> Iterator[Delta]:
        call, self._call = self._call, None
        if call is not None:
            spelled = json.dumps(call.arguments).decode() if call.arguments else ""
            yield ToolCallDelta(call.part, arguments=spelled, verbatim=False, choice=self._choice)

    def _other(self, part: Wire, extras: Wire | None) -> Iterator[Delta]:
        plain = {name: value for name, value in part.items() if name != "thoughtSignature" and value is not None}
        kind = next((name for name in SERVER_TOOLS if name in plain), None)
        if kind is not None:
            given = named(section(plain, kind), "id")
            yield ServerToolDelta(self._next(), given, kind, data=plain, choice=self._choice, extras=extras)
        elif section(part, "inlineData") or section(part, "fileData"):
            yield self._media(part, extras)
        elif extras and not plain:
            # A signature that comes after the words it belongs to, alone.
            yield from self._words({"text": ""}, extras)
        elif name := next(iter(plain), None):
            yield ContentDelta(self._next(), GenericContent(kind=name, data=plain, extras=extras or {}), self._choice)

    def _media(self, part: Wire, extras: Wire | None) -> Delta:
        told = section(part, "inlineData") or section(part, "fileData")
        mime = words(told, "mimeType") or None
        kind = (mime or "").split("/")[0]
        if part.get("thought"):
            extras = {**(extras or {}), "thought": True}
        return MediaDelta(
            self._next(),
            kind if kind in KINDS else "file",  # type: ignore[arg-type]  # one of the kinds there are
            words(told, "data"),
            mime,
            url=words(told, "fileUri") or None,
            choice=self._choice,
            extras=extras,
        )
