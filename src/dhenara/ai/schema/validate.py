"""What is wrong with a value, by its JSON Schema: draft 2020-12, and the words of older drafts where they differ.

The judge is the standard's own test suite. `format` and `content*` are annotations there, and are not checked.
Evaluation is bounded: a schema can be written so that checking a small value takes exponential time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from .keywords import REFERENCES, ReferenceNotFound, Resources, Scope
from .values import (
    TYPES,
    Problem,
    Schema,
    check_number,
    check_size,
    check_text,
    comparable,
    compile_pattern,
    is_number,
    joined,
    kind_of,
    listed,
)

DESCRIBED = 10
"""Maximum number of reported problems."""

MOST_STEPS = 1_000_000
"""Maximum number of schemas applied to values in one check; a few seconds."""


class TooComplex(Exception):  # a condition that `problems` reports
    """The check takes too many steps."""


class Evaluated:
    """Evaluated properties and items, for `unevaluatedProperties` and `unevaluatedItems`."""

    __slots__ = ("items", "names")

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.items: set[int] = set()

    def add(self, other: Evaluated) -> None:
        self.names |= other.names
        self.items |= other.items


def problems(value: Any, schema: Any, checker: Checker | None = None) -> list[str]:
    """Validate a value.

    Args:
        value: A JSON value.
        schema: The whole schema; references are resolved in it.
        checker: Checker of this schema, if there is one already.

    Returns:
        Up to ten problems, each with the path to it; empty when the value satisfies the schema.
    """
    checker = checker or Checker(schema)
    try:
        faults = list(islice(checker.check(value, schema, ""), DESCRIBED))
    except TooComplex:
        faults = [("", "takes too many steps to check against this schema")]
    except RecursionError:
        faults = [("", "is nested too deeply to be checked")]
    return [f"{path or 'the whole'}: {problem}" for path, problem in faults]


class Checker:
    """Validates values by the schemas of one document."""

    def __init__(self, root: Any) -> None:
        self._resources = Resources(root)
        self._steps = 0
        self._checked: dict[tuple[int, int, str, Scope], tuple[Any, Any, list[Problem], Evaluated]] = {}
        """Results by value and schema, which are stored with them so that no other object gets their id."""

    def check(self, value: Any, schema: Any, path: str) -> Iterator[Problem]:
        """Yield the problems of a value, by a schema of this document."""
        self.restart()
        return self._check(value, schema, path, ("",), Evaluated())

    def fits(self, value: Any, schema: Any) -> bool:
        """Whether a value satisfies a schema of this document. Steps are counted until `restart`."""
        return next(self._check(value, schema, "", ("",), Evaluated()), None) is None

    def restart(self) -> None:
        """Reset the number of steps and the results so far."""
        self._steps = 0
        self._checked.clear()

    def resolve(self, reference: str) -> Any:
        """Return the target of a reference from the root; True (any value) if there is none."""
        try:
            return self._resources.resolve(reference, "")[0]
        except ReferenceNotFound:
            return True

    def _check(self, value: Any, schema: Any, path: str, scope: Scope, seen: Evaluated) -> Iterator[Problem]:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise TooComplex
        if not isinstance(schema, Mapping):
            if schema is False:
                yield path, "is not allowed here"
            return
        scope = self._resources.enter(schema, scope)
        yield from self._references(value, schema, path, scope, seen)
        if self._resources.replaces and "$ref" in schema:
            return
        kinds = listed(schema.get("type"))
        if kinds and not any(TYPES[kind](value) for kind in kinds) and not (value is None and is_nullable(schema)):
            yield path, f"should be {' or '.join(kinds)}, not {kind_of(value)}"
            return
        yield from check_constants(value, schema, path)
        yield from self._combined(value, schema, path, scope, seen)
        if isinstance(value, dict):
            yield from self._object(value, schema, path, scope, seen)
        elif isinstance(value, list):
            yield from self._array(value, schema, path, scope, seen)
        elif isinstance(value, str):
            yield from check_text(value, schema, path)
        elif is_number(value):
            yield from check_number(value, schema, path)

    def _references(self, value: Any, schema: Schema, path: str, scope: Scope, seen: Evaluated) -> Iterator[Problem]:
        for word in REFERENCES:
            if not isinstance(schema.get(word), str):
                continue
            if word == "$ref":
                target, base = self._resources.resolve(schema[word], scope[-1])
            elif word == "$dynamicRef":
                target, base = self._resources.resolve_dynamic(schema[word], scope)
            else:
                target, base = self._resources.resolve_recursive(schema[word], scope)
            inner = scope if base == scope[-1] else (*scope, base)
            if isinstance(value, dict | list):
                yield from self._once(value, target, path, inner, seen)
            else:
                yield from self._in_place(value, target, path, inner, seen)

    def _once(self, value: Any, schema: Any, path: str, scope: Scope, seen: Evaluated) -> Sequence[Problem]:
        """Check a value by a referenced schema, once however many alternatives refer to it."""
        key = (id(value), id(schema), path, scope)
        if key not in self._checked:
            evaluated = Evaluated()
            faults = list(islice(self._check(value, schema, path, scope, evaluated), DESCRIBED))
            self._checked[key] = (value, schema, faults, evaluated)
        _, _, faults, evaluated = self._checked[key]
        if not faults:
            seen.add(evaluated)
        return faults

    def _in_place(self, value: Any, schema: Any, path: str, scope: Scope, seen: Evaluated) -> Iterator[Problem]:
        """Check the same value by another schema; what it evaluated counts if the value satisfies it."""
        inner, wrong = Evaluated(), False
        for problem in self._check(value, schema, path, scope, inner):
            wrong = True
            yield problem
        if not wrong:
            seen.add(inner)

    def _satisfies(self, value: Any, schema: Any, scope: Scope, seen: Evaluated) -> bool:
        return next(self._in_place(value, schema, "", scope, seen), None) is None

    def _combined(self, value: Any, schema: Schema, path: str, scope: Scope, seen: Evaluated) -> Iterator[Problem]:
        for inner in schema.get("allOf", ()):
            yield from self._in_place(value, inner, path, scope, seen)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                yield from self._alternatives(value, schema[word], path, scope, seen, word == "oneOf")
        if "not" in schema and self._satisfies(value, schema["not"], scope, Evaluated()):
            yield path, "is what it should not be"
        if "if" in schema:
            branch = "then" if self._satisfies(value, schema["if"], scope, seen) else "else"
            yield from self._in_place(value, schema.get(branch, True), path, scope, seen)

    def _alternatives(
        self, value: Any, schemas: Sequence[Any], path: str, scope: Scope, seen: Evaluated, only_one: bool
    ) -> Iterator[Problem]:
        """Report the problems of the only alternative with the right type, if no alternative fits."""
        near: list[list[Problem]] = []
        fitting = 0
        for schema in schemas:
            faults = list(islice(self._in_place(value, schema, path, scope, seen), DESCRIBED))
            fitting += not faults
            if faults and kind_of(value) in self._kinds(schema, scope):
                near.append(faults)
        if not fitting:
            yield from near[0] if len(near) == 1 else [(path, "fits none of the alternatives")]
        elif only_one and fitting > 1:
            yield path, f"fits {fitting} of the alternatives, but should fit exactly one"

    def _kinds(self, schema: Any, scope: Scope) -> Sequence[str]:
        if isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
            schema = self._resources.resolve(schema["$ref"], self._resources.enter(schema, scope)[-1])[0]
        return listed(schema.get("type")) if isinstance(schema, Mapping) else ()

    def _object(
        self, value: dict[str, Any], schema: Schema, path: str, scope: Scope, seen: Evaluated
    ) -> Iterator[Problem]:
        yield from ((joined(path, name), "is missing") for name in required_names(schema) if name not in value)
        yield from check_size(len(value), schema, path, "Properties", "properties")
        yield from self._dependencies(value, schema, path, scope, seen)
        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        rest = schema.get("additionalProperties", True)
        for name, inner in value.items():
            at = joined(path, name)
            wanted = [known[name]] if name in known else []
            wanted += [one for pattern, one in patterns.items() if compile_pattern(pattern).search(name)]
            if wanted or "additionalProperties" in schema:
                seen.names.add(name)
            if not wanted and rest is False:
                yield at, "is not known here"
            for one in wanted or ([] if rest is False else [rest]):
                yield from self._check(inner, one, at, scope, Evaluated())
            if "propertyNames" in schema:
                problem = next(self._check(name, schema["propertyNames"], at, scope, Evaluated()), None)
                if problem is not None:
                    yield at, f"has a name that is not allowed: it {problem[1]}"
        if "unevaluatedProperties" in schema:
            yield from self._unevaluated(value, schema["unevaluatedProperties"], path, scope, seen)

    def _unevaluated(
        self, value: dict[str, Any], schema: Any, path: str, scope: Scope, seen: Evaluated
    ) -> Iterator[Problem]:
        for name in [name for name in value if name not in seen.names]:
            at = joined(path, name)
            if schema is False:
                yield at, "is not known here"
            yield from () if schema is False else self._check(value[name], schema, at, scope, Evaluated())
            seen.names.add(name)

    def _dependencies(
        self, value: dict[str, Any], schema: Schema, path: str, scope: Scope, seen: Evaluated
    ) -> Iterator[Problem]:
        """Check `dependentRequired` and `dependentSchemas`; `dependencies` is the older keyword for both."""
        older = schema.get("dependencies", {})
        needed = {**{k: v for k, v in older.items() if is_list(v)}, **schema.get("dependentRequired", {})}
        for name, others in needed.items():
            if name in value:
                missing = (one for one in others if one not in value)
                yield from ((joined(path, one), f"is missing, and {name} needs it") for one in missing)
        whole = {**{k: v for k, v in older.items() if not is_list(v)}, **schema.get("dependentSchemas", {})}
        for name, inner in whole.items():
            if name in value:
                yield from self._in_place(value, inner, path, scope, seen)

    def _array(self, value: list[Any], schema: Schema, path: str, scope: Scope, seen: Evaluated) -> Iterator[Problem]:
        first, rest = tuple_items(schema)
        for index, inner in enumerate(value):
            if index < len(first) or rest is not None:
                wanted = first[index] if index < len(first) else rest
                yield from self._check(inner, wanted, joined(path, str(index)), scope, Evaluated())
                seen.items.add(index)
        yield from check_size(len(value), schema, path, "Items", "items")
        if schema.get("uniqueItems") is True and len(set(map(comparable, value))) < len(value):
            yield path, "has an item twice"
        if "contains" in schema:
            yield from self._contains(value, schema, path, scope, seen)
        if "unevaluatedItems" in schema:
            for index in (one for one in range(len(value)) if one not in seen.items):
                at = joined(path, str(index))
                yield from self._check(value[index], schema["unevaluatedItems"], at, scope, Evaluated())
            seen.items.update(range(len(value)))

    def _contains(
        self, value: list[Any], schema: Schema, path: str, scope: Scope, seen: Evaluated
    ) -> Iterator[Problem]:
        wanted = schema["contains"]
        matching = [index for index, one in enumerate(value) if self._satisfies(one, wanted, scope, Evaluated())]
        seen.items.update(matching)
        least = schema.get("minContains", 1)
        if len(matching) < least:
            yield path, f"should contain at least {least} items of a kind that it has {len(matching)} of"
        if len(matching) > schema.get("maxContains", len(matching)):
            yield path, f"should contain at most {schema['maxContains']} items of a kind that it has {len(matching)} of"


def check_constants(value: Any, schema: Schema, path: str) -> Iterator[Problem]:
    if "enum" in schema and comparable(value) not in set(map(comparable, schema["enum"])):
        yield path, f"should be one of {', '.join(map(repr, schema['enum']))}"
    if "const" in schema and comparable(value) != comparable(schema["const"]):
        yield path, f"should be {schema['const']!r}"


def tuple_items(schema: Schema) -> tuple[Sequence[Any], Any]:
    """Return the schemas of the first items and that of the others; older drafts have a list in `items`."""
    items = schema.get("items")
    if isinstance(items, list | tuple):
        return items, schema.get("additionalItems")
    return schema.get("prefixItems", ()), items


def required_names(schema: Schema) -> Sequence[str]:
    names = schema.get("required", ())
    return names if is_list(names) else ()


def is_nullable(schema: Schema) -> bool:
    """Whether OpenAPI's `nullable` allows null."""
    return schema.get("nullable") is True


def is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def resolved(root: Any, reference: Any) -> Any:
    """Return the target of a reference in the document; True if there is none."""
    return Checker(root).resolve(reference) if isinstance(reference, str) else True
