"""What a field says: its words, its objects, its place; nothing where something else stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..types.text import Citation

Wire = dict[str, Any]


def read_text(data: Mapping[str, Any], name: str) -> str:
    match = data.get(name)
    return match if isinstance(match, str) else ""


def read_object(data: Mapping[str, Any], name: str) -> Wire:
    match = data.get(name)
    return match if isinstance(match, dict) else {}


def read_objects(data: Mapping[str, Any], name: str) -> list[Wire]:
    """The objects under this name; one that stands alone is a list of one."""
    match = data.get(name)
    if isinstance(match, dict):
        return [match]
    return [one for one in match if isinstance(one, dict)] if isinstance(match, list) else []


def read_index(data: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    """A position, or this one where the host leaves it out."""
    match = data.get(name)
    return match if isinstance(match, int) else otherwise


def require(data: Any, what: str, *names: str) -> None:
    """Raises ValueError unless this is an object with at least one of these fields, which all that are `what` have."""
    if not isinstance(data, dict) or not any(data.get(name) is not None for name in names):
        raise ValueError(f"this is not {what}: it has no {' and no '.join(names)}")


def read_name(data: Mapping[str, Any], name: str) -> str | None:
    """An id or a name, which some hosts have as a number."""
    match = data.get(name)
    return str(match) if isinstance(match, str | int) and match != "" else None


def address_of(source: Any) -> str | None:
    """The source of a citation, where it is an address and no id of the user's."""
    return source if isinstance(source, str) and "://" in source else None


def build_citation(extras: Wire | None = None, **facts: Any) -> Citation:
    """A source out of fields that may hold anything: words where words belong, places where places do."""
    stored: dict[str, Any] = {name: fact for name, fact in facts.items() if isinstance(fact, KINDS[name])}
    return Citation(extras=extras or {}, **stored)


KINDS: dict[str, type] = {"url": str, "title": str, "cited_text": str, "start": int, "end": int}
