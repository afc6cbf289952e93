"""Sources of an answer, with the places that they support: told once, when all of the text is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.content import Citation
from ..told import Wire, citation, entries, section, words


class Sources:
    """Events tell all sources again, or only the new ones: those count on from the ones before."""

    __slots__ = ("_chunks", "_cited", "_supports")

    def __init__(self) -> None:
        self._chunks: list[Any] = []
        self._supports: list[Wire] = []
        self._cited: list[Wire] = []

    def add(self, candidate: Wire) -> None:
        if not candidate.get("groundingMetadata") and not candidate.get("citationMetadata"):
            return
        grounding = section(candidate, "groundingMetadata")
        told = grounding.get("groundingChunks")
        chunks: list[Any] = told if isinstance(told, list) else []
        again = chunks[: len(self._chunks)] == self._chunks
        before = 0 if again else len(self._chunks)
        self._chunks = chunks if again else self._chunks + chunks
        for support in entries(grounding, "groundingSupports"):
            known = {**support, "groundingChunkIndices": [before + at for at in indices(support)]}
            if known not in self._supports:
                self._supports.append(known)
        self._cited.extend(entries(section(candidate, "citationMetadata"), "citations"))

    def told(self, text: str) -> Iterator[Citation]:
        """Offsets are counted in bytes there and in characters here."""
        chunks = [source(chunk) for chunk in self._chunks]
        encoded, used = text.encode(), set()
        for support in self._supports:
            segment = section(support, "segment")
            start, end = (characters(encoded, segment.get(name)) for name in ("startIndex", "endIndex"))
            for index in support["groundingChunkIndices"]:
                if 0 <= index < len(chunks):
                    used.add(index)
                    where = {"start": start or 0, "end": end, "cited_text": words(segment, "text") or None}
                    yield chunks[index].model_copy(update=where)
        yield from (chunk for index, chunk in enumerate(chunks) if index not in used and chunk.extras)
        for cited in self._cited:
            places = {name: cited.get(f"{name}Index") for name in ("start", "end")}
            yield citation(cited, url=cited.get("uri"), title=cited.get("title"), **places)


def indices(support: Wire) -> list[int]:
    told = support.get("groundingChunkIndices")
    return [at for at in told if isinstance(at, int)] if isinstance(told, list) else []


def source(chunk: Any) -> Citation:
    """A page, a place, a picture or a text of the user's own."""
    known: Wire = chunk if isinstance(chunk, dict) else {}
    told = next((value for value in known.values() if isinstance(value, dict)), {})
    return citation(known, url=told.get("uri") or told.get("sourceUri"), title=told.get("title"))


def characters(encoded: bytes, offset: Any) -> int | None:
    return len(encoded[:offset].decode("utf-8", "ignore")) if isinstance(offset, int) else None
