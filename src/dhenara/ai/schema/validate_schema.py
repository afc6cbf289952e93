"""Validation of JSON Schemas themselves, once, when they are passed in, so that no call fails for them later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from ..errors import InvalidSchemaError
from ..wire.text import similar_names
from .keywords import REFERENCES, ReferenceNotFound, Resources, Scope, subschemas
from .values import TYPES, PatternError, compile_pattern, is_number, kind_of, listed

MOST_SHOWN = 3
MOST_DEPTH = 200
NAMES = ("object", "array", "string", "number", "integer", "boolean", "null")
IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"})
"""Keywords whose schemas are applied to the same value."""

Problem = tuple[str, str]


def check_definition(schema: Any, owner: str) -> None:
    """Check that a JSON Schema is valid, and that all its references point into it.

    Args:
        schema: A JSON Schema of draft 4 to 2020-12. Unknown keywords are ignored, as the standard requires.
        owner: What the schema belongs to, for the message, such as "the tool 'search'".

    Raises:
        InvalidSchemaError: If not; the message names up to three places and what is wrong there.
    """
    try:
        faults = list(islice(Definition(schema).problems(), MOST_SHOWN))
    except RecursionError:
        faults = [("", "is nested too deeply")]
    if faults:
        data = "; ".join(f"{path or 'the root'} {problem}" for path, problem in faults)
        raise InvalidSchemaError(f"the JSON Schema of {owner} cannot be used: {data}")


def check_object_definition(schema: Any, owner: str) -> None:
    """Check a schema whose values must be objects, such as the arguments of a tool.

    Args:
        schema: A JSON Schema, as for `check_definition`.
        owner: Owner of the schema, for the message.

    Raises:
        InvalidSchemaError: The schema is invalid, is a boolean, or has a type other than `object`.
    """
    check_definition(schema, owner)
    # Google writes the names of types in capitals.
    kinds = [] if isinstance(schema, bool) else [kind.lower() for kind in listed(schema.get("type"))]
    if isinstance(schema, bool) or (kinds and "object" not in kinds):
        kind = "a boolean" if isinstance(schema, bool) else f"of type {schema['type']!r}"
        raise InvalidSchemaError(f"the JSON Schema of {owner} is {kind}. Use a schema of type 'object'")


class Definition:
    """A schema document that is being validated."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._resources = Resources(root)

    def problems(self) -> Iterator[Problem]:
        """Yield each problem with its path."""
        if not isinstance(self._root, Mapping | bool):
            yield "", f"should be an object or a boolean, not {kind_of(self._root)}"
            return
        left: list[tuple[Any, str, Scope, int]] = [(self._root, "", ("",), 0)]
        seen: set[int] = set()
        while left:
            schema, path, scope, depth = left.pop()
            if depth > MOST_DEPTH:
                yield path[:80], f"is nested deeper than {MOST_DEPTH} schemas"
                return
            if not isinstance(schema, Mapping):
                if not isinstance(schema, bool):
                    yield path, f"should be a schema, not {kind_of(schema)}"
                continue
            if id(schema) in seen:
                continue
            seen.add(id(schema))
            scope = self._resources.enter(schema, scope)
            yield from self._schema(schema, path, scope)
            inner = ((one, f"{path}.{at}" if path else at, scope, depth + 1) for at, one in subschemas(schema))
            left += reversed(list(inner))

    def _schema(self, schema: Mapping[str, Any], path: str, scope: Scope) -> Iterator[Problem]:
        for word in REFERENCES:
            if word in schema:
                yield from self._reference(schema, word, at(path, word), scope)
        if self._resources.replaces and "$ref" in schema:
            return
        for word, value in schema.items():
            rule = RULES.get(word)
            problem = rule(value) if rule is not None else None
            if problem is not None:
                yield at(path, word), problem

    def _reference(self, schema: Mapping[str, Any], word: str, path: str, scope: Scope) -> Iterator[Problem]:
        reference = schema[word]
        if not isinstance(reference, str):
            yield path, f"should be a string, not {kind_of(reference)}"
            return
        try:
            target, base = self._resources.resolve(reference, scope[-1])
        except ReferenceNotFound as error:
            yield path, f"points at {reference!r}, which cannot be found: {error}"
            return
        except ValueError as error:
            yield path, f"is {reference!r}, which is no reference: {error}"
            return
        if self._returns_to(schema, target, (*scope, base)):
            yield path, f"points at {reference!r}, which leads back to itself for the same value"

    def _returns_to(self, start: Mapping[str, Any], target: Any, scope: Scope) -> bool:
        """Whether the schema is applied to the same value again, endlessly."""
        left, seen = [(target, scope)], {0}
        while left:
            schema, scope = left.pop()
            if schema is start:
                return True
            if not isinstance(schema, Mapping) or id(schema) in seen:
                continue
            seen.add(id(schema))
            scope = self._resources.enter(schema, scope)
            left += ((inner, scope) for path, inner in subschemas(schema) if path.partition(".")[0] in IN_PLACE)
            for word in REFERENCES:
                if isinstance(schema.get(word), str):
                    try:
                        further, base = self._resources.resolve(schema[word], scope[-1])
                    except (ReferenceNotFound, ValueError):
                        continue
                    left.append((further, (*scope, base)))
        return False


def at(path: str, word: str) -> str:
    return f"{path}.{word}" if path else word


Rule = Callable[[Any], str | None]


def is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def type_names(value: Any) -> str | None:
    if is_list(value) and not value:
        return "names no type"
    if is_number(value):
        return None  # Google's SDKs write types as numbers
    if not isinstance(value, str) and not (is_list(value) and len(listed(value)) == len(value)):
        return f"should be the name of a type or a list of names, not {value!r:.60}"
    unknown = next((name for name in listed(value) if name not in TYPES), None)
    if unknown is None:
        return None
    near = [name for name, others in ALIASES.items() if unknown.lower() in others]
    near = near or [*similar_names(unknown.lower(), NAMES)]
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(NAMES)}"
    return f"is {unknown!r:.60}, which is no type; {hint}"


ALIASES = {
    "string": ("str", "text", "date", "datetime"),
    "number": ("float", "double", "decimal"),
    "integer": ("int", "long"),
    "boolean": ("bool",),
    "object": ("dict", "map", "struct"),
    "array": ("list", "tuple", "set"),
    "null": ("none", "nil", "undefined"),
}
"""Names of types in other languages, and the JSON type that is meant."""


def list_of_names(value: Any) -> str | None:
    if isinstance(value, bool):
        return None  # draft 3 and some vendors say it of the property itself
    if not is_list(value) or not all(isinstance(name, str) for name in value):
        return f"should be a list of names of properties, not {value!r:.60}"
    return None


def names_of(value: Any) -> str | None:
    """Problems of a keyword that must be a list in every draft."""
    return list_of_names(value) or (None if is_list(value) else f"should be a list of names of properties, not {value}")


def named_lists(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"should be an object, not {kind_of(value)}"
    return next((f"for {name!r} {wrong}" for name, one in value.items() if (wrong := names_of(one))), None)


def pattern(value: Any) -> str | None:
    if not isinstance(value, str):
        return f"should be a regular expression, not {kind_of(value)}"
    try:
        compile_pattern(value)
    except PatternError as error:
        return f"is {value!r:.80}, which is no regular expression: {error}"
    return None


def patterned(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"should be an object, not {kind_of(value)}"
    return next((f"has a name that {wrong}" for name in value if (wrong := pattern(name))), None)


def count(value: Any) -> str | None:
    if TYPES["integer"](value) and value >= 0:
        return None
    return f"should be a whole number of at least 0, not {value!r:.60}"


def number(value: Any) -> str | None:
    return None if is_number(value) else f"should be a number, not {value!r:.60}"


def limit(value: Any) -> str | None:
    return None if isinstance(value, bool) else number(value)


def divisor(value: Any) -> str | None:
    return number(value) or (None if value > 0 else f"should be more than 0, not {value!r:.60}")


def values(value: Any) -> str | None:
    return None if is_list(value) else f"should be a list of values, not {kind_of(value)}"


def schemas(value: Any) -> str | None:
    if not is_list(value) or not value:
        return f"should be a list of schemas, not {value!r:.60}"
    return None


def schema_map(value: Any) -> str | None:
    return None if isinstance(value, Mapping) else f"should be an object of schemas, not {kind_of(value)}"


def schema_or_list(value: Any) -> str | None:
    return schema_at(value) if not is_list(value) else None


def schema_at(value: Any) -> str | None:
    return None if isinstance(value, Mapping | bool) else f"should be a schema, not {value!r:.60}"


RULES: dict[str, Rule] = {
    "type": type_names,
    "required": list_of_names,
    "dependentRequired": named_lists,
    "pattern": pattern,
    "patternProperties": patterned,
    "enum": values,
    "items": schema_or_list,
    "multipleOf": divisor,
    **dict.fromkeys(("minimum", "maximum"), number),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), limit),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), count),
    **dict.fromkeys(("minContains", "maxContains"), count),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), schemas),
    **dict.fromkeys(("properties", "$defs", "definitions", "dependentSchemas", "dependencies"), schema_map),
    **dict.fromkeys(
        ("additionalProperties", "additionalItems", "unevaluatedItems", "unevaluatedProperties"), schema_at
    ),
    **dict.fromkeys(("contains", "propertyNames", "not", "if", "then", "else"), schema_at),
}
"""Check of each keyword's value; other keywords are annotations or unknown, and may have any value."""
