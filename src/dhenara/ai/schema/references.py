"""References inside a JSON Schema: which of them lead back to themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .resources import subschemas
from .validate import Checker


def recursive_references(root: Any) -> frozenset[str]:
    """The references whose target contains the same reference again, in itself or behind others; "#" is the root."""
    checker = Checker(root)
    inside: dict[str, set[str]] = {"#": set(references(root, definitions=False))}
    left = [*references(root), *inside["#"]]
    while left:
        reference = left.pop()
        if reference not in inside:
            inside[reference] = set(references(checker.resolve(reference)))
            left += inside[reference]
    return frozenset(name for name in inside if name in reachable(name, inside))


def reachable(start: str, inside: Mapping[str, set[str]]) -> set[str]:
    """The references that are met on the ways from this one."""
    met: set[str] = set()
    left = list(inside[start])
    while left:
        name = left.pop()
        if name not in met:
            met.add(name)
            left += inside.get(name, ())
    return met


def references(schema: Any, definitions: bool = True) -> Iterator[str]:
    """Every reference in a schema, and in those of its definitions."""
    left: list[tuple[Any, bool]] = [(schema, definitions)]
    while left:
        one, all_of_it = left.pop()
        if not isinstance(one, Mapping):
            continue
        if isinstance(one.get("$ref"), str):
            yield one["$ref"]
        inner = subschemas(one)
        left += ((part, True) for path, part in inner if all_of_it or not path.startswith(("$defs.", "definitions.")))
