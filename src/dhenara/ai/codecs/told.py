"""What a field says: its words, its objects, its place; nothing where something else stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
