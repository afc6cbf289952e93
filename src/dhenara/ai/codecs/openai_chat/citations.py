"""Citations: the sources of a text, beside the message or beside the choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.delta import CitationDelta, Delta
from ..told import Wire, citation, entries, section, words

SOURCES = ("citations", "search_results")


def read_annotation(note: Wire, part: str, choice: int) -> Delta:
    """A source as the message itself names it; some hosts leave out the object around it."""
    kind = words(note, "type")
    said = section(note, kind) or note
    source = citation(
        url=said.get("url"),
        title=said.get("title") or said.get("name") or said.get("filename"),
        cited_text=said.get("content"),
        start=said.get("start_index"),
        end=said.get("end_index"),
        extras={} if kind == "url_citation" and said is not note else dict(note),
    )
    return CitationDelta(part, source, choice)


def read_sources(body: Wire, known: set[str], part: str) -> Iterator[Delta]:
    """Sources beside the choices, numbered as the text refers to them; streams repeat them in every event."""
    titles = {words(r, "url"): words(r, "title") or None for r in entries(body, "search_results")}
    for source in next((told for name in SOURCES if isinstance(told := body.get(name), list) and told), ()):
        url, title = address(source)
        if url and url not in known:
            known.add(url)
            yield CitationDelta(part, citation(url=url, title=title or titles.get(url)))


def address(source: Any) -> tuple[str, str | None]:
    if isinstance(source, str):
        return source, None
    told: Wire = source if isinstance(source, dict) else {}
    return words(told, "url"), words(told, "title") or None
