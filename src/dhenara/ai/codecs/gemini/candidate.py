"""One candidate of an answer: its parts, joined where the stream cut them and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.content import Citation, GenericContent
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
from .partial_args import PartialArgs

Wire = dict[str, Any]
SERVER_TOOLS = ("toolCall", "toolResponse", "executableCode", "codeExecutionResult")
KINDS = ("image", "audio", "video")


class Candidate:
    """Text goes on in the open part while kind and signature allow it: signed parts are never joined."""

    __slots__ = ("_call", "_choice", "_grounding", "_last_text", "_open", "_parts", "_text", "called")

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._parts = 0
        self._open: str | None = None
        self._last_text: int | None = None
        self._text: list[str] = []
        self._call: PartialArgs | None = None
        self._grounding: Wire = {}
        self.called = False

    def read(self, told: Wire) -> Iterator[Delta]:
        for part in (told.get("content") or {}).get("parts") or ():
            yield from self._part(part)
        if told.get("groundingMetadata"):
            self._grounding.update(told["groundingMetadata"])
        for source in (told.get("citationMetadata") or {}).get("citations") or ():
            self._grounding.setdefault("cited", []).append(source)

    def finish(self) -> Iterator[Delta]:
        yield from self._end_call()
        if self._grounding and self._last_text is not None:
            place = self._last_text
            for citation in citations(self._grounding, "".join(self._text)):
                yield CitationDelta(place, citation, self._choice)
            self._grounding = {}

    def _part(self, part: Wire) -> Iterator[Delta]:
        signature = part.get("thoughtSignature")
        extras = {"thought_signature": signature} if signature else None
        if "functionCall" in part:
            yield from self._function_call(part["functionCall"], extras)
        elif "text" in part:
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
            spelled = json.dumps(call["args"]).decode() if call.get("args") else ""
            yield ToolCallDelta(self._next(), call.get("id"), call["name"], spelled, False, self._choice, extras)
            return
        if call.get("name"):
            yield from self._end_call()
            self.called = True
            self._call = PartialArgs(self._next())
            yield ToolCallDelta(self._call.part, call.get("id"), call["name"], "", False, self._choice, extras)
        if self._call is not None:
            self._call.add(call.get("partialArgs") or ())
            if not call.get("willContinue"):
                yield from self._end_call()

    def _end_call(self) -> Iterator[Delta]:
        call, self._call = self._call, None
        if call is not None:
            spelled = json.dumps(call.arguments).decode() if call.arguments else ""
            yield ToolCallDelta(call.part, arguments=spelled, verbatim=False, choice=self._choice)

    def _other(self, part: Wire, extras: Wire | None) -> Iterator[Delta]:
        kind = next((name for name in SERVER_TOOLS if name in part), None)
        plain = {name: value for name, value in part.items() if name != "thoughtSignature"}
        if kind is not None:
            inner = part[kind] if isinstance(part[kind], dict) else {}
            yield ServerToolDelta(self._next(), inner.get("id"), kind, data=plain, choice=self._choice, extras=extras)
        elif "inlineData" in part or "fileData" in part:
            yield self._media(part, extras)
        elif plain:
            name = next(iter(plain))
            yield ContentDelta(self._next(), GenericContent(kind=name, data=plain, extras=extras or {}), self._choice)

    def _media(self, part: Wire, extras: Wire | None) -> Delta:
        told = part.get("inlineData") or part.get("fileData") or {}
        mime = told.get("mimeType")
        kind = (mime or "").split("/")[0]
        return MediaDelta(
            self._next(),
            kind if kind in KINDS else "file",  # type: ignore[arg-type]  # one of the kinds there are
            told.get("data") or "",
            mime,
            url=told.get("fileUri"),
            choice=self._choice,
            extras=extras,
        )


def citations(grounding: Wire, text: str) -> Iterator[Citation]:
    """Sources with the places they support; offsets are counted in bytes there and in characters here."""
    chunks = [source(chunk) for chunk in grounding.get("groundingChunks") or ()]
    encoded, used = text.encode(), set()
    for support in grounding.get("groundingSupports") or ():
        segment = support.get("segment") or {}
        start, end = (characters(encoded, segment.get(name)) for name in ("startIndex", "endIndex"))
        for index in support.get("groundingChunkIndices") or ():
            if 0 <= index < len(chunks):
                used.add(index)
                where = {"start": start or 0, "end": end, "cited_text": segment.get("text")}
                yield chunks[index].model_copy(update=where)
    yield from (chunk for index, chunk in enumerate(chunks) if index not in used)
    for cited in grounding.get("cited") or ():
        places = {name: cited.get(f"{name}Index") for name in ("start", "end")}
        yield Citation(url=cited.get("uri"), title=cited.get("title"), extras=cited, **places)


def source(chunk: Wire) -> Citation:
    told = next((value for value in chunk.values() if isinstance(value, dict)), {})
    return Citation(url=told.get("uri"), title=told.get("title"), extras=chunk)


def characters(encoded: bytes, offset: int | None) -> int | None:
    return None if offset is None else len(encoded[:offset].decode("utf-8", "ignore"))
