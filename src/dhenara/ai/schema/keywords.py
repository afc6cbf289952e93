"""Keywords of JSON Schema: which of them each dialect supports, which hold subschemas, and what references point to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pkgutil import get_data
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from ..wire import json

STRUCTURE = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "prefixItems", "anyOf", "oneOf", "allOf"}
    | {"$ref", "$defs", "definitions", "enum", "const"}
)
"""Keywords for the shape of a value."""

NOTES = frozenset(
    {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "discriminator"}
    | {"$schema", "$id", "$comment", "$anchor", "contentEncoding", "contentMediaType"}
)
"""Keywords that constrain nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class SchemaRules:
    """Supported parts of JSON Schema. The defaults support everything.

    Attributes:
        closed: Every object must have `additionalProperties: false`.
        all_required: Every property must be required; optional ones may be null instead.
        typed: Every schema must have a type.
        recursion: Whether schemas may contain themselves.
        reference_siblings: Whether there may be keywords next to `$ref`.
        one_of: Whether `oneOf` is supported.
        all_of: Whether `allOf` is supported.
        const: Whether `const` is supported.
        tuples: Whether `prefixItems` is supported.
        type_lists: Whether `type` may be a list.
        keywords: Supported constraints other than the shape; None: all.
        notes: Supported keywords that constrain nothing, such as `description`.
        formats: Supported values of `format`; None: all.
        largest_min_items: Largest value of `minItems`; None: any.
        lookaround: Whether patterns may have lookarounds.
    """

    closed: bool = False
    all_required: bool = False
    typed: bool = False
    recursion: bool = True
    reference_siblings: bool = True
    one_of: bool = True
    all_of: bool = True
    const: bool = True
    tuples: bool = True
    type_lists: bool = True
    keywords: frozenset[str] | None = None
    notes: frozenset[str] = NOTES
    formats: frozenset[str] | None = None
    largest_min_items: int | None = None
    lookaround: bool = False


ANY_SCHEMA = SchemaRules()

NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
COMMON_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})

ALL_REQUIRED = SchemaRules(
    closed=True,
    all_required=True,
    typed=True,
    reference_siblings=False,
    one_of=False,
    all_of=False,
    tuples=False,
    keywords=NUMBERS | {"pattern", "format", "minItems", "maxItems"},
    notes=frozenset({"title", "description"}),
    formats=COMMON_FORMATS,
)
"""Strict mode of Chat Completions and Responses."""

CLOSED = SchemaRules(
    closed=True,
    typed=True,
    recursion=False,
    reference_siblings=False,
    one_of=False,
    all_of=False,
    tuples=False,
    type_lists=False,
    keywords=frozenset({"format", "minItems"}),
    notes=frozenset({"title", "description"}),
    formats=COMMON_FORMATS | {"uri"},
    largest_min_items=1,
)
"""Structured output and strict tools of Messages and Converse."""

LONE_REFERENCES = SchemaRules(
    reference_siblings=False,
    one_of=False,
    all_of=False,
    const=False,
    keywords=frozenset({"format", "minItems", "maxItems", "minimum", "maximum", "pattern"}),
    notes=frozenset({"title", "description", "propertyOrdering"}),
    lookaround=True,
)
"""The part of JSON Schema that `generateContent` supports, with its `propertyOrdering`."""

SHAPES_ONLY = SchemaRules(
    one_of=False,
    all_of=False,
    tuples=False,
    type_lists=False,
    keywords=frozenset({"format", "pattern"}),
    notes=frozenset({"title", "description"}),
    formats=frozenset({"date-time", "date", "time", "uuid"}),
)
"""Types and properties, without limits of size."""


ONE = frozenset(
    {"additionalProperties", "additionalItems", "unevaluatedItems", "unevaluatedProperties", "items", "contains"}
    | {"propertyNames", "not", "if", "then", "else", "contentSchema"}
)
MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})
OLD = ("draft-03", "draft-04", "draft-06", "draft-07")
"""In these drafts, keywords next to `$ref` are ignored."""

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")

Scope = tuple[str, ...]
"""Base URIs of the resources that evaluation entered, outermost first."""


class ReferenceNotFound(LookupError):
    """The reference points at nothing in the document."""


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each direct subschema with its path."""
    for word, value in schema.items():
        if word in NAMED and isinstance(value, Mapping):
            for name, inner in value.items():
                if not (word == "dependencies" and isinstance(inner, list | tuple)):
                    yield f"{word}.{name}", inner
        elif word in MANY and isinstance(value, list | tuple):
            yield from ((f"{word}.{index}", inner) for index, inner in enumerate(value))
        elif word in ONE and isinstance(value, Mapping | bool):
            yield word, value


class Resources:
    """The resources, anchors and base URIs of one document."""

    def __init__(self, root: Any) -> None:
        self.uses_unevaluated = False
        self._resources: dict[str, Any] = {"": root}
        self._anchors: dict[tuple[str, str], Any] = {}
        self._dynamic: dict[tuple[str, str], Any] = {}
        self._bases: dict[int, str] = {}
        declared = str(root.get("$schema", "")) if isinstance(root, Mapping) else ""
        self.replaces = any(draft in declared for draft in OLD)
        self._word = "id" if "draft-04" in declared or "draft-03" in declared else "$id"
        self._index(root, "")

    def _index(self, root: Any, base: str) -> None:
        left: list[tuple[Any, str]] = [(root, base)]
        seen: set[int] = set()
        while left:
            schema, base = left.pop()
            if not isinstance(schema, Mapping) or id(schema) in seen:
                continue
            seen.add(id(schema))
            base = self._register(schema, base)
            self.uses_unevaluated |= "unevaluatedProperties" in schema or "unevaluatedItems" in schema
            left += ((inner, base) for _, inner in subschemas(schema))

    def _register(self, schema: Mapping[str, Any], base: str) -> str:
        named = schema.get(self._word)
        if isinstance(named, str) and not (self.replaces and "$ref" in schema):
            if named.startswith("#"):
                self._anchors[base, named[1:]] = schema
            else:
                base = urldefrag(join(base, named))[0]
                self._resources.setdefault(base, schema)
                self._bases[id(schema)] = base
        for word, names in (("$anchor", self._anchors), ("$dynamicAnchor", self._dynamic)):
            if isinstance(schema.get(word), str):
                names[base, schema[word]] = self._anchors[base, schema[word]] = schema
        return base

    def enter(self, schema: Mapping[str, Any], scope: Scope) -> Scope:
        """Return the scope inside this schema."""
        base = self._bases.get(id(schema), scope[-1])
        return scope if base == scope[-1] else (*scope, base)

    def resolve(self, reference: str, base: str) -> tuple[Any, str]:
        """Return the target of a reference, and its base URI.

        Args:
            reference: A URI, a JSON pointer (`#/...`) or an anchor (`#name`).
            base: Base URI of the schema that has the reference.

        Raises:
            ReferenceNotFound: If it points at nothing in this document.
        """
        url, fragment = urldefrag(join(base, reference))
        if url not in self._resources and url in metaschemas():
            for address, schema in metaschemas().items():
                self._index(schema, address)
                self._resources[address] = schema
        if url not in self._resources:
            raise ReferenceNotFound("it is in another document, and other documents are never fetched")
        if fragment and not fragment.startswith("/"):
            name = unquote(fragment)
            if (url, name) not in self._anchors:
                raise ReferenceNotFound(f"there is no anchor {name!r}")
            return self._anchors[url, name], url
        return self._walk(self._resources[url], fragment, url)

    def _walk(self, place: Any, fragment: str, base: str) -> tuple[Any, str]:
        for step in fragment.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(place, Mapping) and name in place:
                place = place[name]
            elif isinstance(place, list | tuple) and name.isdecimal() and int(name[:9]) < len(place):
                place = place[int(name)]
            else:
                raise ReferenceNotFound(f"there is no {name!r}")
            base = self._bases.get(id(place), base)
        if not isinstance(place, Mapping | bool):
            raise ReferenceNotFound("there is no schema at this place")
        return place, base

    def resolve_dynamic(self, reference: str, scope: Scope) -> tuple[Any, str]:
        """Return the target of `$dynamicRef`: in the outermost resource of the scope that has the anchor."""
        target, base = self.resolve(reference, scope[-1])
        name = reference.rpartition("#")[2]
        if isinstance(target, Mapping) and target.get("$dynamicAnchor") == name:
            outer = next((one for one in scope if (one, name) in self._dynamic), None)
            if outer is not None:
                return self._dynamic[outer, name], outer
        return target, base

    def resolve_recursive(self, reference: str, scope: Scope) -> tuple[Any, str]:
        """Return the target of `$recursiveRef` (draft 2019-09)."""
        target, base = self.resolve(reference, scope[-1])
        if isinstance(target, Mapping) and target.get("$recursiveAnchor") is True:
            for outer in scope:
                root = self._resources.get(outer)
                if isinstance(root, Mapping) and root.get("$recursiveAnchor") is True:
                    return root, outer
        return target, base


@cache
def metaschemas() -> dict[str, Any]:
    """Return the metaschemas of drafts 4 to 2020-12 by URI, as json-schema.org publishes them."""
    schemas: dict[str, Any] = json.loads(get_data(__package__ or "", "metaschemas.json") or b"")
    return schemas


def join(base: str, reference: str) -> str:
    """Resolve a reference against its base; `urljoin` would lose the base of a URN for a fragment."""
    if not reference or reference.startswith("#"):
        return urldefrag(base)[0] + reference
    return urljoin(base, reference)
