"""References inside a JSON Schema: which definitions contain themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def recursive_names(root: Any) -> frozenset[str]:
    """The definitions that can be reached from themselves; "#" is the whole."""
    definitions = {"#": {k: v for k, v in root.items() if k not in ("$defs", "definitions")}}
    definitions |= {**root.get("definitions", {}), **root.get("$defs", {})}
    reached = {name: set(references(schema)) for name, schema in definitions.items()}
    grew = True
    while grew:
        grew = False
        for names in reached.values():
            further = set().union(*(reached.get(name, set()) for name in names)) - names
            names |= further
            grew = grew or bool(further)
    return frozenset(name for name, names in reached.items() if name in names)


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rsplit("/", 1)[-1]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)
