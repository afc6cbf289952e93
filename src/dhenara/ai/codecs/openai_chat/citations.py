"""Citations: sources in the message or next to the choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.delta import CitationDelta, Delta
from ..json_fields import Wire, build_citation, read_object, read_objects, read_text

SOURCES = ("citations", "search_results")


def read_annotation(note: Wire, part: str, choice: int) -> Delta:
    """Read an annotation; some providers omit the nested object."""
    kind = read_text(note, "type")
    text = read_object(note, kind) or note
    source = build_citation(
        url=text.get("url"),
        title=text.get("title") or text.get("name") or text.get("filename"),
        cited_text=text.get("content"),
        start=text.get("start_index"),
        end=text.get("end_index"),
        extras={} if kind == "url_citation" and text is not note else dict(note),
    )
    return CitationDelta(part, source, choice)


def read_sources(body: Wire, known: set[str], part: str) -> Iterator[Delta]:
    """Read sources next to the choices, numbered as in the text; streams repeat them in every event."""
    titles = {read_text(r, "url"): read_text(r, "title") or None for r in read_objects(body, "search_results")}
    for source in next((data for name in SOURCES if isinstance(data := body.get(name), list) and data), ()):
        url, title = address(source)
        if url and url not in known:
            known.add(url)
            yield CitationDelta(part, build_citation(url=url, title=title or titles.get(url)))


def address(source: Any) -> tuple[str, str | None]:
    if isinstance(source, str):
        return source, None
    data: Wire = source if isinstance(source, dict) else {}
    return read_text(data, "url"), read_text(data, "title") or None
