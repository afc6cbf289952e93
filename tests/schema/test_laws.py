"""Laws of schemas: the check agrees with the standard's own, and what is rewritten keeps its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies as st

from dhenara.ai.response.structured import restore
from dhenara.ai.schema import keywords
from dhenara.ai.schema.keywords import SchemaRules
from dhenara.ai.schema.transform import transform_schema
from dhenara.ai.schema.validate import problems
from support.schemas import TREE, Schema, schemas, values

DIALECTS = [
    keywords.ANY_SCHEMA,
    keywords.ALL_REQUIRED,
    keywords.CLOSED,
    keywords.LONE_REFERENCES,
    keywords.SHAPES_ONLY,
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.text("xyk", max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "v"]), inner, max_size=2),
    max_leaves=5,
)


def satisfies(value: Any, schema: Schema) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def every(schema: Any) -> Iterator[Schema]:
    """The schema and all schemas in it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    for one in [*inner, *schema.get("prefixItems", ()), *([schema["items"]] if "items" in schema else [])]:
        yield from every(one)


@given(schemas(), JSON)
def test_a_value_is_refused_exactly_when_the_standard_refuses_it(schema: Schema, value: Any) -> None:
    assert (not problems(value, schema)) == satisfies(value, schema)


@given(st.data())
def test_a_value_that_satisfies_its_schema_has_no_problems(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    value = data.draw(values(schema, schema))
    assert problems(value, schema) == []
    assert restore(value, schema) == value


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: next(n for n, v in vars(keywords).items() if v is one))
@given(data=st.data())
def test_what_satisfies_the_rewritten_schema_satisfies_the_original(dialect: SchemaRules, data: st.DataObject) -> None:
    schema = data.draw(schemas())
    fitted = transform_schema(schema, dialect)
    if fitted.impossible:
        return
    jsonschema.Draft202012Validator.check_schema(fitted.schema)
    value = data.draw(values(fitted.schema, fitted.schema))
    assert satisfies(value, fitted.schema)
    if not fitted.unsupported:
        assert satisfies(restore(value, schema), schema)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
def test_no_right_answer_is_shut_out_by_the_rewriting(dialect: SchemaRules, data: st.DataObject) -> None:
    """Every value of the original is one of the rewritten schema, once missing fields are null."""
    schema = data.draw(schemas())
    fitted = transform_schema(schema, dialect)
    if fitted.impossible or dialect.all_required:
        return
    value = data.draw(values(schema, schema))
    assert satisfies(value, fitted.schema)


@given(schemas())
def test_only_supported_keywords_are_sent(schema: Schema) -> None:
    fitted = transform_schema(schema, keywords.ALL_REQUIRED)
    if fitted.impossible:
        return
    for one in every(fitted.schema):
        assert not one.keys() & {"minLength", "maxLength", "prefixItems", "oneOf", "default"}
        assert "$ref" not in one or len(one) == 1
        if one.get("type") == "object":
            assert one["additionalProperties"] is False
            assert one["required"] == list(one["properties"])


@given(schemas())
def test_the_given_schema_is_left_as_it_is(schema: Schema) -> None:
    import copy

    before = copy.deepcopy(schema)
    for dialect in DIALECTS:
        transform_schema(schema, dialect)
    assert schema == before


def test_unsupported_constraints_move_to_descriptions_and_are_reported() -> None:
    schema = {
        "type": "object",
        "properties": {"code": {"type": "string", "minLength": 2, "description": "A code."}},
        "required": ["code"],
    }
    fitted = transform_schema(schema, keywords.ALL_REQUIRED)
    assert fitted.schema["properties"]["code"] == {"type": "string", "description": "A code. (minLength: 2)"}
    assert fitted.unsupported == ("minLength of code",)


def test_recursive_schemas_are_sent_where_supported_and_refused_elsewhere() -> None:
    schema = {"$ref": "#/$defs/Tree", "$defs": {"Tree": TREE}}
    fitted = transform_schema(schema, keywords.ALL_REQUIRED)
    assert fitted.impossible == ()
    tree = {"name": "a", "kids": [{"name": "b", "kids": None}]}
    assert satisfies(tree, fitted.schema)
    assert restore(tree, schema) == {"name": "a", "kids": [{"name": "b"}]}
    assert transform_schema(schema, keywords.CLOSED).impossible == ("Tree contains itself",)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "no fixed names"),
        ({"type": "object"}, "no fixed names"),
        ({}, "anything is allowed"),
        ({"type": "array"}, "items may be anything"),
    ],
)
def test_keywords_that_strict_modes_lack_are_reported(part: Schema, why: str) -> None:
    fitted = transform_schema({"type": "object", "properties": {"m": part}, "required": ["m"]}, keywords.ALL_REQUIRED)
    assert fitted.impossible
    assert why in fitted.impossible[0]


def test_parts_that_must_all_hold_become_one() -> None:
    schema = {
        "allOf": [{"$ref": "#/$defs/A"}, {"type": "object", "properties": {"b": {"type": "null"}}, "required": ["b"]}],
        "$defs": {"A": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}},
    }
    fitted = transform_schema(schema, keywords.CLOSED)
    assert fitted.schema["properties"].keys() == {"a", "b"}
    assert set(fitted.schema["required"]) == {"a", "b"}
    assert fitted.impossible == ()
