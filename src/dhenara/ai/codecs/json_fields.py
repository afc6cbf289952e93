"""Readers for JSON fields that return nothing for a value of the wrong type."""

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
    """Return the objects in this field; a single object becomes a list of one."""
    match = data.get(name)
    if isinstance(match, dict):
        return [match]
    return [one for one in match if isinstance(one, dict)] if isinstance(match, list) else []


def read_index(data: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    """Return the index; `otherwise` if the provider omits it."""
    match = data.get(name)
    return match if isinstance(match, int) else otherwise


def require(data: Any, what: str, *names: str) -> None:
    """Raise ValueError unless this is an object with at least one of these fields. `what` names the expected
    object.
    """
    if not isinstance(data, dict) or not any(data.get(name) is not None for name in names):
        raise ValueError(f"expected {what}, but it has no {' and no '.join(names)}")


def read_name(data: Mapping[str, Any], name: str) -> str | None:
    """Return an id or a name; some providers send a number."""
    match = data.get(name)
    return str(match) if isinstance(match, str | int) and match != "" else None


def address_of(source: Any) -> str | None:
    """Return the source of a citation if it is a URL."""
    return source if isinstance(source, str) and "://" in source else None


def build_citation(extras: Wire | None = None, **facts: Any) -> Citation:
    """Create a citation; values of the wrong type are ignored."""
    stored: dict[str, Any] = {name: fact for name, fact in facts.items() if isinstance(fact, KINDS[name])}
    return Citation(extras=extras or {}, **stored)


KINDS: dict[str, type] = {"url": str, "title": str, "cited_text": str, "start": int, "end": int}
