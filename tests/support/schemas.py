"""JSON Schemas, and values that satisfy them, made by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "d")
Schema = dict[str, Any]


@st.composite
def leaves(draw: st.DrawFn) -> Schema:
    kind = draw(st.sampled_from(["string", "integer", "boolean", "null", "enum", "const", "named", "many"]))
    match kind:
        case "string":
            return draw(
                st.sampled_from(
                    [{"type": "string"}, {"type": "string", "maxLength": 4}, {"type": "string", "minLength": 2}]
                )
            )
        case "integer":
            return draw(
                st.sampled_from(
                    [{"type": "integer"}, {"type": "integer", "minimum": 2, "maximum": 9, "description": "n"}]
                )
            )
        case "enum":
            return {"enum": draw(st.sampled_from([["x", "y"], [1, 2], ["x", None], ["x", 1]]))}
        case "const":
            return {"const": draw(st.sampled_from(["k", 3]))}
        case "named":
            return draw(st.sampled_from([{"$ref": "#/$defs/Leaf"}, {"$ref": "#/$defs/Leaf", "description": "one"}]))
        case "many":
            return {"type": ["string", "null"]}
        case _:
            return {"type": kind}


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    schema: Schema = {"type": "object", "properties": {name: draw(inner) for name in names}}
    if required := draw(st.lists(st.sampled_from(names), unique=True) if names else st.just([])):
        schema["required"] = required
    if draw(st.booleans()):
        schema["additionalProperties"] = False
    return schema


def nested(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(
        objects(inner),
        st.builds(lambda items, low: {"type": "array", "items": items, "minItems": low}, inner, st.integers(0, 2)),
        st.builds(lambda one: {"anyOf": [one, {"type": "null"}]}, inner),
        st.builds(
            lambda one, two: {"type": "array", "prefixItems": [one, two], "minItems": 2, "maxItems": 2}, inner, inner
        ),
    )


LEAF = {"type": "object", "properties": {"v": {"type": "integer"}, "w": {"type": "string"}}, "required": ["v"]}
TREE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
    "required": ["name"],
}


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """A schema with an object at its root."""
    inner = st.recursive(leaves(), nested, max_leaves=6)
    schema = draw(objects(inner))
    return {**schema, "$defs": {"Leaf": LEAF}}


def values(schema: Any, root: Schema) -> st.SearchStrategy[Any]:
    """Values that satisfy the schema, as far as this knows its words; with no property that it does not name."""
    if "$ref" in schema:
        return values(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return st.one_of([values(one, root) for one in schema[word]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    kinds = schema["type"]
    return st.one_of([typed(kind, schema, root) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


def typed(kind: str, schema: Schema, root: Schema) -> st.SearchStrategy[Any]:
    match kind:
        case "string":
            return st.text("xyz", min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 6))
        case "integer":
            return st.integers(schema.get("minimum", -5), schema.get("maximum", 20))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array" if "prefixItems" in schema:
            return st.tuples(*(values(one, root) for one in schema["prefixItems"])).map(list)
        case "array":
            low = schema.get("minItems", 0)
            return st.lists(values(schema["items"], root), min_size=low, max_size=schema.get("maxItems", low + 2))
        case _:
            named = {name: values(one, root) for name, one in schema.get("properties", {}).items()}
            needed = {name: one for name, one in named.items() if name in schema.get("required", ())}
            return st.fixed_dictionaries(needed, optional={n: one for n, one in named.items() if n not in needed})
