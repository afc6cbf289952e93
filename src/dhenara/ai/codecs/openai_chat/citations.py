"""Citations: the sources of a text, beside the message or beside the choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.content import Citation
from ...types.delta import CitationDelta, Delta


def read_annotation(note: dict[str, Any], part: str, choice: int) -> Delta:
    """A source as the message itself names it."""
    said = note.get("url_citation")
    if not isinstance(said, dict):
        return CitationDelta(part, Citation(extras=dict(note)), choice)
    citation = Citation(
        url=said.get("url"),
        title=said.get("title"),
        cited_text=said.get("content"),
        start=said.get("start_index"),
        end=said.get("end_index"),
    )
    return CitationDelta(part, citation, choice)


def read_citations(body: dict[str, Any], known: set[str], part: str) -> Iterator[Delta]:
    """Addresses beside the choices, numbered as the text refers to them; streams repeat them in every event."""
    titles = {r.get("url"): r.get("title") for r in body.get("search_results") or () if isinstance(r, dict)}
    for url in body["citations"]:
        if isinstance(url, str) and url not in known:
            known.add(url)
            yield CitationDelta(part, Citation(url=url, title=titles.get(url)))
