"""What a dialect understands of JSON Schema, as data. Named after the behaviour, used by whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass

STRUCTURE = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "prefixItems", "anyOf", "oneOf", "allOf"}
    | {"$ref", "$defs", "definitions", "enum", "const"}
)
"""What the shape of a value is said with."""

NOTES = frozenset(
    {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "discriminator"}
    | {"$schema", "$id", "$comment", "$anchor", "contentEncoding", "contentMediaType"}
)
"""Words that hold nobody to anything."""


@dataclass(frozen=True, slots=True)
class SchemaRules:
    """The defaults understand everything.

    `closed`: every object says that it has no other properties. `all_required`: every property is required, and
    those that need not be there may be null. `typed`: every place has a type. `keywords`: the constraints that are
    understood beyond the shape; None for all of them.
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
"""Strict mode as Chat Completions and Responses know it."""

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
"""Structured answers and strict tools as Messages and Converse know them."""

LONE_REFERENCES = SchemaRules(
    reference_siblings=False,
    one_of=False,
    all_of=False,
    const=False,
    keywords=frozenset({"format", "minItems", "maxItems", "minimum", "maximum", "pattern"}),
    notes=frozenset({"title", "description", "propertyOrdering"}),
    lookaround=True,
)
"""The part of JSON Schema that generateContent knows, and its own word for the order of properties."""

SHAPES_ONLY = SchemaRules(
    one_of=False,
    all_of=False,
    tuples=False,
    type_lists=False,
    keywords=frozenset({"format", "pattern"}),
    notes=frozenset({"title", "description"}),
    formats=frozenset({"date-time", "date", "time", "uuid"}),
)
"""Types and properties, and no sizes."""
