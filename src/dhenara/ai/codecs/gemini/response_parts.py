"""Candidates of a response: their parts, sources and streamed arguments; and its token counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from ...types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    MediaDelta,
    ReasoningDelta,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from ...types.chat.usage import Usage, modality_tokens, reported_usage
from ...types.content.parts import Citation, GenericContent
from ...wire import json
from ..common.response_fields import (
    Report,
    TokenReport,
    Wire,
    build_citation,
    count,
    invalid_counts,
    read_int,
    read_name,
    read_object,
    read_objects,
    read_text,
    split,
    unread_warning,
)


class GroundingSources:
    """Collects sources; events repeat all of them or send only new ones, whose indexes continue."""

    __slots__ = ("_chunks", "_cited", "_supports")

    def __init__(self) -> None:
        self._chunks: list[Any] = []
        self._supports: list[Wire] = []
        self._cited: list[Wire] = []

    def add(self, candidate: Wire) -> None:
        grounding = read_object(candidate, "groundingMetadata")
        data = grounding.get("groundingChunks")
        chunks: list[Any] = data if isinstance(data, list) else []
        again = chunks[: len(self._chunks)] == self._chunks
        before = 0 if again else len(self._chunks)
        self._chunks = chunks if again else self._chunks + chunks
        for support in read_objects(grounding, "groundingSupports"):
            known = {**support, "groundingChunkIndices": [before + at for at in chunk_indices(support)]}
            if known not in self._supports:
                self._supports.append(known)
        self._cited.extend(read_objects(read_object(candidate, "citationMetadata"), "citations"))

    def citations(self, text: str) -> Iterator[Citation]:
        """Return the citations, with byte offsets converted to characters."""
        chunks = [source(chunk) for chunk in self._chunks]
        encoded, used = text.encode(), set()
        for support in self._supports:
            segment = read_object(support, "segment")
            start, end = (to_character_offset(encoded, segment.get(name)) for name in ("startIndex", "endIndex"))
            for index in support["groundingChunkIndices"]:
                if 0 <= index < len(chunks):
                    used.add(index)
                    where = {"start": start or 0, "end": end, "cited_text": read_text(segment, "text") or None}
                    yield chunks[index].model_copy(update=where)
        yield from (chunk for index, chunk in enumerate(chunks) if index not in used and chunk.extras)
        for cited in self._cited:
            places = {name: cited.get(f"{name}Index") for name in ("start", "end")}
            yield build_citation(cited, url=cited.get("uri"), title=cited.get("title"), **places)


def chunk_indices(support: Wire) -> list[int]:
    data = support.get("groundingChunkIndices")
    return [at for at in data if isinstance(at, int)] if isinstance(data, list) else []


def source(chunk: Any) -> Citation:
    """Read a source: a web page, a map location, an image or a document of the user."""
    known: Wire = chunk if isinstance(chunk, dict) else {}
    data = next((value for value in known.values() if isinstance(value, dict)), {})
    return build_citation(known, url=data.get("uri") or data.get("sourceUri"), title=data.get("title"))


def to_character_offset(encoded: bytes, offset: Any) -> int | None:
    return len(encoded[:offset].decode("utf-8", "ignore")) if isinstance(offset, int) else None


STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
VALUES = ("stringValue", "numberValue", "boolValue")


class PartialArgs:
    """The arguments of one call."""

    __slots__ = ("arguments", "part")

    def __init__(self, part: int) -> None:
        self.part = part
        self.arguments: dict[str, Any] = {}

    def add(self, pieces: Iterable[dict[str, Any]]) -> None:
        for piece in pieces:
            steps = path(str(piece.get("jsonPath", "$")))
            if steps:
                self._put(steps, next((piece[name] for name in VALUES if name in piece), None))

    def _put(self, steps: list[str | int], value: Any) -> None:
        """Set a value; a string at a path that has one is appended."""
        place: Any = self.arguments
        for step, following in pairwise(steps):
            place = descend(place, step, [] if isinstance(following, int) else {})
        known = descend(place, steps[-1], None)
        put(place, steps[-1], known + value if isinstance(known, str) and isinstance(value, str) else value)


def path(text: str) -> list[str | int]:
    match = STEP.finditer(text.removeprefix("$"))
    return [int(m[2]) if m[2] is not None else next(g for g in (m[1], m[3], m[4]) if g is not None) for m in match]


def descend(place: Any, step: str | int, otherwise: Any) -> Any:
    """Return the value at this step; create it if missing."""
    if isinstance(step, int):
        while len(place) <= step:
            place.append(None)
        if place[step] is None:
            place[step] = otherwise
        return place[step]
    if place.get(step) is None:
        place[step] = otherwise
    return place[step]


def put(place: Any, step: str | int, value: Any) -> None:
    place[step] = value


SERVER_TOOLS = ("toolCall", "toolResponse", "executableCode", "codeExecutionResult")
KINDS = ("image", "audio", "video")


class CandidateReader:
    """Appends text to the open part if kind and signature match; signed parts are never joined."""

    __slots__ = ("_call", "_choice", "_last_text", "_open", "_parts", "_sources", "_text", "called")

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._parts = 0
        self._open: str | None = None
        self._last_text: int | None = None
        self._text: list[str] = []
        self._call: PartialArgs | None = None
        self._sources: GroundingSources | None = None
        self.called = False

    def read(self, data: Wire) -> list[Delta]:
        content = data.get("content")
        parts = content.get("parts") if content is not None and content.__class__ is dict else None
        deltas: list[Delta] = []
        silent = False
        for part in parts if parts is not None and parts.__class__ is list else (parts,):
            read = self._part(part) if part is not None and part.__class__ is dict else ()
            silent = silent or not read
            deltas += read
        if silent:
            deltas += unread_warning(parts)
        return deltas

    def add_sources(self, data: Wire) -> None:
        """Keep the sources that a candidate cites."""
        if data.get("groundingMetadata") or data.get("citationMetadata"):
            self._sources = self._sources or GroundingSources()
            self._sources.add(data)

    def finish(self) -> Sequence[Delta]:
        deltas: list[Delta] = [] if self._call is None else [*self._end_call()]
        sources, self._sources = self._sources, None
        if sources is not None:
            place = self._parts + 1 if self._last_text is None else self._last_text
            cited = sources.citations("".join(self._text))
            deltas += [CitationDelta(place, one, self._choice) for one in cited]
        return deltas

    def _part(self, part: Wire) -> Sequence[Delta]:
        text = part.get("text")
        if text is not None and text.__class__ is str and len(part) == 1:
            return (self.add_text(text, "text", None),)
        signature = part.get("thoughtSignature")
        extras = {"thought_signature": signature} if signature and isinstance(signature, str) else None
        if isinstance(call := part.get("functionCall"), dict):
            return list(self._function_call(call, extras))
        if isinstance(text, str):
            return [self.add_text(text, "thought" if part.get("thought") else "text", extras)]
        return list(self._other_part(part, extras))

    def add_text(self, text: str, kind: str, extras: Wire | None) -> Delta:
        if extras is not None or self._open != kind:
            self._parts += 1
        self._open = None if extras is not None else kind
        if kind == "thought":
            return ReasoningDelta(self._parts, text, choice=self._choice, extras=extras)
        self._text.append(text)
        if text or self._last_text is None:
            self._last_text = self._parts
        return TextDelta(self._parts, text, self._choice, extras)

    def _next_part(self) -> int:
        self._open = None
        self._parts += 1
        return self._parts

    def _function_call(self, call: Wire, extras: Wire | None) -> Iterator[Delta]:
        """Read a call; arguments are complete or, on Vertex, streamed value by value with their paths."""
        if self._call is None and call.get("name") and not (call.get("willContinue") or call.get("partialArgs")):
            self.called = True
            args = call.get("args")
            arguments = args if isinstance(args, str) else json.dumps(args).decode() if args else ""
            yield ToolCallDelta(
                self._next_part(), read_name(call, "id"), str(call["name"]), arguments, False, self._choice, extras
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
            arguments = json.dumps(call.arguments).decode() if call.arguments else ""
            yield ToolCallDelta(call.part, arguments=arguments, verbatim=False, choice=self._choice)

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
            yield self.add_text("", "text", extras)
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


TOOL_PROMPT = "tool_prompt"
EXTRA_COUNTS = frozenset({TOOL_PROMPT, "reasoning_tokens"})
MAIN_COUNTS = frozenset({"promptTokenCount", "candidatesTokenCount", "totalTokenCount"})


def read_usage(report: Report, searches: int = 0, maps: int = 0) -> Usage:
    """Convert the report; counts of zero are omitted by the API.

    Args:
        report: The token counts of a response.
        searches: The billed web searches.
        maps: The billed searches on Google Maps.
    """
    has_parts = not MAIN_COUNTS.issuperset(report)
    buckets = split(
        TokenReport(
            count(report, "promptTokenCount"),
            read_int(report, "candidatesTokenCount"),
            count(report, "totalTokenCount"),
            read=prompt_parts(report) if has_parts else {},
            made=answer_parts(report) if has_parts else {},
            separate=EXTRA_COUNTS,
        )
    )
    counts = buckets.counts
    if TOOL_PROMPT in counts:
        counts["input_tokens"] += counts.pop(TOOL_PROMPT)
    units = (("web_searches", searches), ("maps_searches", maps)) if searches or maps else ()
    return reported_usage(
        {
            **counts,
            "units": {name: float(n) for name, n in units if n},
            "unclear": (*buckets.unclear, *invalid_counts(report)),
            "raw": dict(report),
        }
    )


def prompt_parts(report: Report) -> dict[str, int]:
    """Return the counts of a report that are parts of the prompt."""
    received = modality_tokens(report, "promptTokensDetails", "AUDIO")
    return {
        "cache_read_tokens": read_int(report, "cachedContentTokenCount"),
        "input_audio_tokens": max(0, received - modality_tokens(report, "cacheTokensDetails", "AUDIO")),
        TOOL_PROMPT: read_int(report, "toolUsePromptTokenCount"),
    }


def answer_parts(report: Report) -> dict[str, int]:
    """Return the counts of a report that are parts of the answer."""
    return {
        "output_audio_tokens": modality_tokens(report, "candidatesTokensDetails", "AUDIO"),
        "output_image_tokens": modality_tokens(report, "candidatesTokensDetails", "IMAGE"),
        "reasoning_tokens": read_int(report, "thoughtsTokenCount"),
    }
