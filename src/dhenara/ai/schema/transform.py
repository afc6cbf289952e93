"""Rewrites a JSON Schema for providers that support only a part of the standard, and reports what is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..wire import json
from .keywords import NOTES, STRUCTURE, SchemaRules, subschemas
from .validate import Checker, is_list, required_names, tuple_items
from .values import kind_of, listed


def recursive_references(root: Any) -> frozenset[str]:
    """Return the references that lead to themselves, directly or through others; "#" is the root."""
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
    """Return all references that can be reached from this one."""
    visited: set[str] = set()
    left = list(inside[start])
    while left:
        name = left.pop()
        if name not in visited:
            visited.add(name)
            left += inside.get(name, ())
    return visited


def references(schema: Any, definitions: bool = True) -> Iterator[str]:
    """Yield every reference in a schema and in its definitions."""
    left: list[tuple[Any, bool]] = [(schema, definitions)]
    while left:
        one, all_of_it = left.pop()
        if not isinstance(one, Mapping):
            continue
        if isinstance(one.get("$ref"), str):
            yield one["$ref"]
        inner = subschemas(one)
        left += ((part, True) for path, part in inner if all_of_it or not path.startswith(("$defs.", "definitions.")))


Schema = dict[str, Any]
MOST_COPIES = 1000
"""Maximum number of copied definitions; definitions that use others twice double with each level."""

LOOKAROUND = re.compile(r"\(\?[=!<]")


@dataclass(slots=True, eq=False)
class TransformedSchema:
    """A rewritten schema.

    Attributes:
        schema: The schema for the provider.
        unsaid: Constraints that the provider does not support; they can only be described in words.
        impossible: Reasons why the schema cannot be rewritten; empty if it was.
    """

    schema: Schema
    unsupported: tuple[str, ...] = ()
    impossible: tuple[str, ...] = ()


def transform_schema(schema: Mapping[str, Any], rules: SchemaRules) -> TransformedSchema:
    """Rewrite a schema for a dialect.

    Args:
        schema: The schema; it is not changed.
        rules: What the dialect supports.
    """
    fitter = SchemaTransformer(dict(schema), rules)
    written = fitter.root()
    return TransformedSchema(written, tuple(fitter.unsupported), tuple(fitter.impossible))


class SchemaTransformer:
    """Rewrites one schema."""

    def __init__(self, root: Schema, rules: SchemaRules) -> None:
        self._root = root
        self._rules = rules
        self._recursive = recursive_references(root)
        self._resolve = Checker(root).resolve
        self._copies = 0
        self.unsupported: dict[str, None] = {}
        self.impossible: dict[str, None] = {}

    def root(self) -> Schema:
        if self._recursive and not self._rules.recursion:
            names = sorted({reference.rsplit("/", 1)[-1] for reference in self._recursive})
            self._refuse("", f"{', '.join(names)} contains itself")
            return self._root
        root = self._root
        if "$ref" in root:
            # The root must be an object, not a reference to one.
            target = self._resolve(root["$ref"])
            root = {**(target if isinstance(target, dict) else {}), **{k: v for k, v in root.items() if k != "$ref"}}
        written: Schema = self._transform({k: v for k, v in root.items() if k not in ("$defs", "definitions")}, "")
        for word in ("$defs", "definitions"):
            if word in root:
                written[word] = {name: self._transform(one, name) for name, one in root[word].items()}
        return written

    def _refuse(self, path: str, why: str) -> None:
        self.impossible[f"{path}: {why}" if path else why] = None

    def _transform(self, schema: Any, path: str) -> Schema:
        if isinstance(schema, bool):
            schema = {} if schema else {"not": {}}
        if "$ref" in schema and len(schema) > 1 and not self._rules.reference_siblings:
            return self._fit_reference(schema, path)
        schema = self._merge_all_of(modern(schema), path)
        if schema.get("nullable") is True and self._rules.keywords is not None:
            # OpenAPI's keyword for the type null.
            return self._nullable(self._transform({word: schema[word] for word in schema if word != "nullable"}, path))
        if isinstance(schema.get("type"), list) and not self._rules.type_lists:
            return self._fit_types(schema, path)
        written: Schema = {}
        for word, value in schema.items():
            if word in STRUCTURE:
                written.update(self._structure(word, value, path))
        if "properties" in schema or "object" in listed(schema.get("type", ())):
            self._fit_object(schema, written, path)
        self._fit_constraints(schema, written, path)
        self._fit_type(schema, written, path)
        return written

    def _fit_reference(self, schema: Schema, path: str) -> Schema:
        """Rewrite a reference with other keywords next to it: they are merged into a copy of its target."""
        extra = {word: value for word, value in schema.items() if word != "$ref"}
        target = self._resolve(schema["$ref"])
        if schema["$ref"] not in self._recursive and isinstance(target, dict):
            self._copies += 1
            if self._copies > MOST_COPIES:
                self._refuse("", "its references stand for too many copies")
                return {"$ref": schema["$ref"]}
            return self._transform({**target, **extra}, path)
        for word in extra.keys() - NOTES:
            self._leave_unsaid(word, extra[word], path)
        return {"$ref": schema["$ref"]}

    def _fit_types(self, schema: Schema, path: str) -> Schema:
        """Rewrite a list of types: one alternative for each, with the keywords that apply to it."""
        kinds = schema["type"]
        rest = {word: value for word, value in schema.items() if word != "type"}
        if len(kinds) == 1:
            return self._transform({**rest, "type": kinds[0]}, path)
        if "enum" in rest or "const" in rest:
            return self._transform(rest, path)
        notes = {word: rest.pop(word) for word in NOTES & rest.keys()}
        written: Schema = {
            "anyOf": [self._transform({**part_for_type(rest, kind), "type": kind}, path) for kind in kinds]
        }
        self._fit_constraints(notes, written, path)
        return written

    def _merge_all_of(self, schema: Schema, path: str) -> Schema:
        """Merge the parts of `allOf` into one schema, if they do not contradict each other."""
        parts = schema.get("allOf")
        if parts is None or self._rules.all_of:
            return schema
        merged = {word: value for word, value in schema.items() if word != "allOf"}
        for part in parts:
            inner = self._dereference(part)
            clash = [word for word in inner if word in merged and merged[word] != inner[word]]
            for word in clash:
                if word == "properties" and not merged[word].keys() & inner[word].keys():
                    inner = {**inner, word: {**merged[word], **inner[word]}}
                elif word == "required":
                    inner = {**inner, word: list(dict.fromkeys([*merged[word], *inner[word]]))}
                elif word not in NOTES:
                    self._refuse(path, f"its parts disagree about {word}")
            merged = {**merged, **inner}
        return merged

    def _dereference(self, part: Any) -> Schema:
        if not isinstance(part, dict):
            return {}
        target = self._resolve(part["$ref"]) if "$ref" in part else {}
        return {**(target if isinstance(target, dict) else {}), **{k: v for k, v in part.items() if k != "$ref"}}

    def _structure(self, word: str, value: Any, path: str) -> Schema:
        """Rewrite a keyword of the shape; objects are rewritten by `_fit_object`."""
        rules = self._rules
        match word:
            case "anyOf" | "allOf":
                return {word: [self._transform(one, path) for one in value]}
            case "oneOf":
                return {"oneOf" if rules.one_of else "anyOf": [self._transform(one, path) for one in value]}
            case "const" if not rules.const:
                return {"enum": [value]}
            case "items":
                return {"items": self._transform(value, f"{path}[]")}
            case "prefixItems" if value:
                return self._tuple(value, path)
            case "properties" | "required" | "additionalProperties":
                return {}
            case _:
                return {word: value}

    def _tuple(self, parts: Sequence[Any], path: str) -> Schema:
        fitted = [self._transform(one, f"{path}[{index}]") for index, one in enumerate(parts)]
        if self._rules.tuples:
            return {"prefixItems": fitted}
        self._leave_unsaid("prefixItems", f"{len(parts)} items, each of its own kind", path)
        different = [one for index, one in enumerate(fitted) if one not in fitted[:index]]
        return {"items": different[0] if len(different) == 1 else {"anyOf": different}}

    def _fit_object(self, schema: Schema, written: Schema, path: str) -> None:
        rules, properties = self._rules, schema.get("properties", {})
        required = list(required_names(schema))
        rest = schema.get("additionalProperties")
        if rules.closed and allows_additional(schema):
            self._refuse(path, "its properties have no fixed names")
        inner = {name: self._transform(one, f"{path}.{name}" if path else name) for name, one in properties.items()}
        if rules.all_required:
            inner = {name: one if name in required else self._nullable(one) for name, one in inner.items()}
            required = list(inner)
        written["properties"] = inner
        if required or rules.all_required:
            written["required"] = required
        if rules.closed:
            written["additionalProperties"] = False
        elif rest is not None:
            written["additionalProperties"] = rest if isinstance(rest, bool) else self._transform(rest, f"{path}.*")
        if not properties and "properties" not in schema and not rules.closed:
            del written["properties"]

    def _nullable(self, schema: Schema) -> Schema:
        if self._takes_null(schema):
            return schema
        notes: Schema = {word: schema[word] for word in ("title", "description") if word in schema}
        stored = {word: value for word, value in schema.items() if word not in notes}
        if "anyOf" in stored and len(stored) == 1:
            return {**notes, "anyOf": [*stored["anyOf"], {"type": "null"}]}
        return {**notes, "anyOf": [stored, {"type": "null"}]}

    def _takes_null(self, schema: Schema) -> bool:
        if "$ref" in schema:
            target = self._resolve(schema["$ref"])
            return isinstance(target, dict) and self._takes_null(target) if "$ref" not in target else False
        if "anyOf" in schema:
            return any(self._takes_null(one) for one in schema["anyOf"])
        return "null" in listed(schema.get("type", ())) or None in schema.get("enum", ())

    def _fit_constraints(self, schema: Schema, written: Schema, path: str) -> None:
        notes: list[str] = []
        for word, value in schema.items():
            if word in STRUCTURE:
                continue
            if word in NOTES or word in self._rules.notes:
                if word in self._rules.notes:
                    written[word] = value
            elif self._understands(word, value):
                written[word] = value
            else:
                notes.append(f"{word}: {to_json(value)}")
                self._leave_unsaid(word, value, path)
        if "prefixItems" in schema and not self._rules.tuples:
            notes.append(f"exactly {len(schema['prefixItems'])} items")
        if notes:
            text = [written["description"]] if written.get("description") else []
            written["description"] = " ".join([*text, f"({', '.join(notes)})"])

    def _understands(self, word: str, value: Any) -> bool:
        rules = self._rules
        if rules.keywords is None:
            return True
        if word not in rules.keywords:
            return False
        if word == "format" and rules.formats is not None:
            return value in rules.formats
        if word == "minItems" and rules.largest_min_items is not None:
            return bool(value <= rules.largest_min_items)
        return word != "pattern" or rules.lookaround or not LOOKAROUND.search(value)

    def _leave_unsaid(self, word: str, value: Any, path: str) -> None:
        self.unsupported[f"{word} of {path or 'the whole'}"] = None

    def _fit_type(self, schema: Schema, written: Schema, path: str) -> None:
        """Set the type of a schema that has none, from its `enum` or `const`."""
        if self._rules.typed and written.get("type") == "array" and "items" not in written:
            self._refuse(path, "its items may be anything")
        if not self._rules.typed or any(word in written for word in ("type", "anyOf", "allOf", "$ref")):
            return
        values = written.get("enum") or ([written["const"]] if "const" in written else None)
        if values:
            kinds = list(dict.fromkeys(map(kind_of, values)))
            if len(kinds) == 1 or self._rules.type_lists:
                written["type"] = kinds[0] if len(kinds) == 1 else kinds
        elif "properties" in schema:
            written["type"] = "object"
        else:
            self._refuse(path, "anything is allowed here")


def modern(schema: Schema) -> Schema:
    """Return the schema with keywords of older drafts in the form of 2020-12."""
    if is_list(schema.get("items")):
        first, rest = tuple_items(schema)
        plain = {word: value for word, value in schema.items() if word not in ("items", "additionalItems")}
        schema = {**plain, "prefixItems": list(first), **({} if rest is None else {"items": rest})}
    for exclusive, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(exclusive), bool):
            written = {word: value for word, value in schema.items() if word != exclusive}
            if schema[exclusive] and inclusive in written:
                written[exclusive] = written.pop(inclusive)
            schema = written
    return schema


def part_for_type(schema: Schema, kind: str) -> Schema:
    """Return the keywords that apply to values of one type; none for null."""
    return {} if kind == "null" else schema


def allows_additional(schema: Schema) -> bool:
    """Whether property names are free: the object names none of its properties."""
    rest = schema.get("additionalProperties")
    if "patternProperties" in schema or isinstance(rest, Mapping):
        return True
    return not schema.get("properties") and rest is not False and ("properties" not in schema or rest is True)


def to_json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value).decode()
