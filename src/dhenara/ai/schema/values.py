"""JSON values: types, equality, and limits of numbers, texts and sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeGuard

from .patterns import compile_pattern

Schema = Mapping[str, Any]
Problem = tuple[str, str]
"""Path of a value, and what is wrong with it."""


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": is_number,
    "integer": lambda value: is_number(value) and (isinstance(value, int) or value.is_integer()),
}
TYPES |= {name.upper(): is_type for name, is_type in TYPES.items()}  # as Google writes them


def listed(kinds: Any) -> Sequence[str]:
    """Return the names of types as a list; other values, such as Google's numbers, are ignored."""
    named = (kinds,) if isinstance(kinds, str) else kinds if isinstance(kinds, list | tuple) else ()
    return [kind for kind in named if isinstance(kind, str)]


def kind_of(value: Any) -> str:
    """Return the most specific type of a JSON value."""
    kinds = ("null", "boolean", "integer", "number", "string", "array", "object")
    return next((kind for kind in kinds if TYPES[kind](value)), type(value).__name__)


def comparable(value: Any) -> Hashable:
    """Return a key that is equal for equal JSON values: 1 equals 1.0, but not true."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list | tuple):
        return ("array", tuple(map(comparable, value)))
    if isinstance(value, dict):
        return ("object", frozenset((name, comparable(inner)) for name, inner in value.items()))
    return value  # type: ignore[no-any-return]  # what is left of JSON can be hashed


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def check_text(value: str, schema: Schema, path: str) -> Iterator[Problem]:
    yield from check_size(len(value), schema, path, "Length", "characters")
    if "pattern" not in schema:
        return
    pattern = compile_pattern(schema["pattern"])
    if len(value) > pattern.longest:
        yield path, f"is too long to be matched with the pattern {schema['pattern']}, which takes {pattern.longest}"
    elif not pattern.search(value):
        yield path, f"should match the pattern {schema['pattern']}"


def check_number(value: float, schema: Schema, path: str) -> Iterator[Problem]:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    # In draft 4, the value true makes a limit exclusive.
    above, low = (low, None) if above is True else (above, low)
    below, high = (high, None) if below is True else (below, high)
    if low is not None and value < low:
        yield path, f"should be at least {low}"
    if high is not None and value > high:
        yield path, f"should be at most {high}"
    if above is not None and above is not False and value <= above:
        yield path, f"should be more than {above}"
    if below is not None and below is not False and value >= below:
        yield path, f"should be less than {below}"
    if "multipleOf" in schema and not is_multiple(value, schema["multipleOf"]):
        yield path, f"should be a multiple of {schema['multipleOf']}"


def check_size(size: int, schema: Schema, path: str, word: str, things: str) -> Iterator[Problem]:
    if size < schema.get(f"min{word}", 0):
        yield path, f"should have at least {schema[f'min{word}']} {things}, not {size}"
    if size > schema.get(f"max{word}", math.inf):
        yield path, f"should have at most {schema[f'max{word}']} {things}, not {size}"


def is_multiple(value: float, of: float) -> bool:
    """Whether one number is a multiple of another, by their decimal digits: 0.3 is a multiple of 0.1."""
    if not (math.isfinite(value) and math.isfinite(of)):
        return False
    return exact(value) % exact(of) == 0


def exact(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(Decimal(repr(number)))
