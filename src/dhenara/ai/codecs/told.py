"""What a field says: its words, its objects, its place; nothing where something else stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..types.text import Citation

Wire = dict[str, Any]


def words(told: Mapping[str, Any], name: str) -> str:
    found = told.get(name)
    return found if isinstance(found, str) else ""


def section(told: Mapping[str, Any], name: str) -> Wire:
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def entries(told: Mapping[str, Any], name: str) -> list[Wire]:
    """The objects under this name; one that stands alone is a list of one."""
    found = told.get(name)
    if isinstance(found, dict):
        return [found]
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def place(told: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    """A position, or this one where the host leaves it out."""
    found = told.get(name)
    return found if isinstance(found, int) else otherwise


def require(told: Any, what: str, *names: str) -> None:
    """Raises ValueError unless this is an object with at least one of these fields, which all that are `what` have."""
    if not isinstance(told, dict) or not any(told.get(name) is not None for name in names):
        raise ValueError(f"this is not {what}: it has no {' and no '.join(names)}")


def named(told: Mapping[str, Any], name: str) -> str | None:
    """An id or a name, which some hosts have as a number."""
    found = told.get(name)
    return str(found) if isinstance(found, str | int) and found != "" else None


def address_of(source: Any) -> str | None:
    """The source of a citation, where it is an address and no id of the user's."""
    return source if isinstance(source, str) and "://" in source else None


def citation(extras: Wire | None = None, **facts: Any) -> Citation:
    """A source out of fields that may hold anything: words where words belong, places where places do."""
    kept: dict[str, Any] = {name: fact for name, fact in facts.items() if isinstance(fact, KINDS[name])}
    return Citation(extras=extras or {}, **kept)


KINDS: dict[str, type] = {"url": str, "title": str, "cited_text": str, "start": int, "end": int}
