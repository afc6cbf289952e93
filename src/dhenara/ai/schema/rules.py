"""The parts of JSON Schema that dialects support, as data; each is named after its behaviour."""

from __future__ import annotations

from dataclasses import dataclass

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
