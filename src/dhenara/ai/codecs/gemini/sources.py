"""Citations with their positions; emitted once, when the whole text is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.content import Citation
from ..json_fields import Wire, build_citation, read_object, read_objects, read_text


class GroundingSources:
    """Collects sources; events repeat all of them or send only new ones, whose indexes continue."""

    __slots__ = ("_chunks", "_cited", "_supports")

    def __init__(self) -> None:
        self._chunks: list[Any] = []
        self._supports: list[Wire] = []
        self._cited: list[Wire] = []

    def add(self, candidate: Wire) -> None:
        if not candidate.get("groundingMetadata") and not candidate.get("citationMetadata"):
            return
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
