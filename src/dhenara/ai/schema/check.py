"""What is wrong with a value, by its JSON Schema. Formats are notes there, and are not looked at."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]
TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: not isinstance(value, bool) and (isinstance(value, int) or whole(value)),
}
TOLD = 10
"""Nobody reads more problems than these."""


def problems(value: Any, schema: Any) -> list[str]:
    """What is wrong, each with the path to it; empty when the value satisfies the schema."""
    found = Checker(schema).check(value, schema, "")
    return [
        f"{path or 'the whole'}: {problem}"
        for path, problem in (one for one, _ in zip(found, range(TOLD), strict=False))
    ]


def whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


class Checker:
    """Knows the whole schema, which references speak of."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def check(self, value: Any, schema: Any, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(schema, bool):
            if not schema:
                yield path, "nothing is allowed here"
            return
        if "$ref" in schema:
            yield from self.check(value, resolved(self._root, schema["$ref"]), path)
        kinds = schema.get("type")
        if kinds is not None and not any(TYPES[kind](value) for kind in listed(kinds)):
            yield path, f"should be {' or '.join(listed(kinds))}, not {kind_of(value)}"
            return
        yield from self._values(value, schema, path)
        yield from self._combined(value, schema, path)
        if isinstance(value, dict):
            yield from self._object(value, schema, path)
        elif isinstance(value, list):
            yield from self._array(value, schema, path)
        elif isinstance(value, str):
            yield from text(value, schema, path)
        elif TYPES["number"](value):
            yield from number(value, schema, path)

    def _values(self, value: Any, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
        if "enum" in schema and not any(same(value, one) for one in schema["enum"]):
            yield path, f"should be one of {', '.join(map(repr, schema['enum']))}"
        if "const" in schema and not same(value, schema["const"]):
            yield path, f"should be {schema['const']!r}"

    def _combined(self, value: Any, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
        for inner in schema.get("allOf", ()):
            yield from self.check(value, inner, path)
        for word in ("anyOf", "oneOf"):
            if word not in schema:
                continue
            fits = [inner for inner in schema[word] if self._fits(value, inner)]
            if not fits:
                yield from self._nearest(value, schema[word], path)
            elif word == "oneOf" and len(fits) > 1:
                yield path, f"fits {len(fits)} of the alternatives, but should fit exactly one"
        if "not" in schema and self._fits(value, schema["not"]):
            yield path, "is what it should not be"
        if "if" in schema:
            branch = "then" if self._fits(value, schema["if"]) else "else"
            yield from self.check(value, schema.get(branch, True), path)

    def _nearest(self, value: Any, alternatives: Sequence[Any], path: str) -> Iterator[tuple[str, str]]:
        """The problems of the one alternative of the right type, where there is one."""
        kind = kind_of(value)
        near = [one for one in alternatives if isinstance(one, Mapping) and kind in self._kinds(one)]
        if len(near) == 1:
            yield from self.check(value, near[0], path)
        else:
            yield path, "fits none of the alternatives"

    def _kinds(self, schema: Schema) -> Sequence[str]:
        return listed((resolved(self._root, schema["$ref"]) if "$ref" in schema else schema).get("type", ()))

    def _fits(self, value: Any, schema: Any) -> bool:
        return next(self.check(value, schema, ""), None) is None

    def _object(self, value: dict[str, Any], schema: Schema, path: str) -> Iterator[tuple[str, str]]:
        yield from ((joined(path, name), "is missing") for name in schema.get("required", ()) if name not in value)
        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        rest = schema.get("additionalProperties", True)
        for name, inner in value.items():
            at = joined(path, name)
            if name in known:
                yield from self.check(inner, known[name], at)
            matching = [one for pattern, one in patterns.items() if re.search(pattern, name)]
            for one in matching:
                yield from self.check(inner, one, at)
            if rest is False and name not in known and not matching:
                yield at, "is not known here"
            elif name not in known and not matching:
                yield from self.check(inner, rest, at)
        yield from sizes(len(value), schema, path, "Properties", "properties")

    def _array(self, value: list[Any], schema: Schema, path: str) -> Iterator[tuple[str, str]]:
        first = schema.get("prefixItems", ())
        for index, inner in enumerate(value):
            wanted = first[index] if index < len(first) else schema.get("items", True)
            yield from self.check(inner, wanted, joined(path, str(index)))
        yield from sizes(len(value), schema, path, "Items", "items")
        if schema.get("uniqueItems") and any(same(a, b) for i, a in enumerate(value) for b in value[:i]):
            yield path, "has an item twice"
        if "contains" in schema and not any(self._fits(inner, schema["contains"]) for inner in value):
            yield path, "has no item of the kind that it should contain"


def text(value: str, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    yield from sizes(len(value), schema, path, "Length", "characters")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield path, f"should match the pattern {schema['pattern']}"


def number(value: float, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    if "minimum" in schema and value < schema["minimum"]:
        yield path, f"should be at least {schema['minimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        yield path, f"should be at most {schema['maximum']}"
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield path, f"should be more than {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        yield path, f"should be less than {schema['exclusiveMaximum']}"
    if "multipleOf" in schema and not multiple(value, schema["multipleOf"]):
        yield path, f"should be a multiple of {schema['multipleOf']}"


def sizes(size: int, schema: Schema, path: str, word: str, things: str) -> Iterator[tuple[str, str]]:
    if size < schema.get(f"min{word}", 0):
        yield path, f"should have at least {schema[f'min{word}']} {things}, not {size}"
    if size > schema.get(f"max{word}", math.inf):
        yield path, f"should have at most {schema[f'max{word}']} {things}, not {size}"


def multiple(value: float, of: float) -> bool:
    if isinstance(value, int) and isinstance(of, int):
        return value % of == 0
    quotient = value / of
    return math.isfinite(quotient) and math.isclose(quotient, round(quotient), rel_tol=1e-9, abs_tol=1e-9)


def same(one: Any, other: Any) -> bool:
    """JSON knows no difference between 1 and 1.0, but one between 1 and true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def resolved(root: Any, reference: str) -> Any:
    """What a reference inside the document points at; anything where it points elsewhere."""
    found = root
    for step in reference.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) else found.get(name, True)
    return found if reference.startswith("#") else True


def listed(kinds: Any) -> Sequence[str]:
    """The types by name. Anything else that stands in their place, such as Google's numbers, says nothing here."""
    named = (kinds,) if isinstance(kinds, str) else kinds if isinstance(kinds, list | tuple) else ()
    return [kind for kind in named if isinstance(kind, str)]


def kind_of(value: Any) -> str:
    return next(
        kind for kind in ("null", "boolean", "integer", "number", "string", "array", "object") if TYPES[kind](value)
    )


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
