"""Values that break their schema are never valid, and schemas that cannot work are refused when they are given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, DhenaraError, InvalidOutputError, InvalidSchemaError
from dhenara.ai.response.structured import restore
from dhenara.ai.schema.validate import problems
from dhenara.ai.schema.values import compile_pattern
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import StructuredOutput, Tool, ToolDefinition
from dhenara.ai.types.tools.tool import InvalidArgumentsError
from support.worlds import World, endpoint

Json = Any
BROKEN: dict[str, tuple[dict[str, Json], Json]] = {
    "dependentRequired": ({"dependentRequired": {"card": ["address"]}}, {"card": 1}),
    "dependentSchemas": ({"dependentSchemas": {"card": {"required": ["address"]}}}, {"card": 1}),
    "dependencies, as draft 7 writes it": ({"dependencies": {"card": ["address"]}}, {"card": 1}),
    "propertyNames": ({"propertyNames": {"pattern": "^[a-z]+$"}}, {"A1": 1}),
    "minContains": ({"properties": {"a": {"contains": {"const": 1}, "minContains": 2}}}, {"a": [1, 2]}),
    "maxContains": ({"properties": {"a": {"contains": {"const": 1}, "maxContains": 1}}}, {"a": [1, 1]}),
    "unevaluatedProperties": (
        {"allOf": [{"properties": {"a": True}}], "unevaluatedProperties": False},
        {"a": 1, "b": 2},
    ),
    "unevaluatedItems": ({"properties": {"a": {"prefixItems": [True], "unevaluatedItems": False}}}, {"a": [1, 2]}),
    "items as a list, as draft 7 writes it": (
        {"properties": {"a": {"items": [{"type": "string"}], "additionalItems": False}}},
        {"a": ["x", 1]},
    ),
    "an exclusive minimum, as draft 4 writes it": (
        {"properties": {"a": {"minimum": 1, "exclusiveMinimum": True}}},
        {"a": 1},
    ),
    "a reference to an anchor": (
        {"properties": {"a": {"$ref": "#word"}}, "$defs": {"w": {"$anchor": "word", "type": "string"}}},
        {"a": 1},
    ),
}
UNUSABLE: dict[str, tuple[dict[str, Json], str]] = {
    "a type that does not exist": ({"properties": {"a": {"type": "strnig"}}}, "properties.a.type"),
    "a type among others": ({"properties": {"a": {"type": ["null", "int"]}}}, "properties.a.type"),
    "a reference to nothing": ({"properties": {"a": {"$ref": "#/$defs/missing"}}}, "properties.a.$ref"),
    "a reference to nothing in a definition": ({"$defs": {"d": {"items": {"$ref": "#gone"}}}}, "$defs.d.items.$ref"),
    "a reference to elsewhere": ({"properties": {"a": {"$ref": "https://example.org/s.json"}}}, "never fetched"),
    "a broken pattern": ({"properties": {"a": {"pattern": "a("}}}, "properties.a.pattern"),
    "a broken name pattern": ({"patternProperties": {"[": True}}, "patternProperties"),
    "a schema that leads back to itself": (
        {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "properties": {"x": {"$ref": "#/$defs/a"}}},
        "back to itself",
    ),
    "a list of values that is none": ({"properties": {"a": {"enum": "red"}}}, "properties.a.enum"),
    "properties that are none": ({"properties": ["a"]}, "properties"),
    "needed names that are none": ({"dependentRequired": {"a": True}}, "dependentRequired"),
    "names that are none": ({"required": "a"}, "required"),
    "a limit that is none": ({"properties": {"a": {"minLength": "2"}}}, "properties.a.minLength"),
    "a schema that is none": ({"properties": {"a": "string"}}, "properties.a"),
}
ANSWERS = pytest.mark.parametrize("name", BROKEN)
SCHEMAS = pytest.mark.parametrize("name", UNUSABLE)


def object_schema(part: dict[str, Json]) -> dict[str, Json]:
    return {"title": "order", "type": "object", **part}


@ANSWERS
def test_an_answer_that_breaks_its_schema_is_invalid(world: World, server: FakeServer, name: str) -> None:
    part, answer = BROKEN[name]
    server.add_replies(Answer(text=json.dumps(answer)))
    client = AIModelClient(endpoint(server.url))
    response = world.run(client, "An order", structured_output=object_schema(part)).chat_response
    world.close(client)
    assert response is not None
    with pytest.raises(InvalidOutputError):
        response.structured()


@ANSWERS
def test_arguments_that_break_the_schema_never_reach_the_function(name: str) -> None:
    part, arguments = BROKEN[name]
    tool = Tool.from_schema(object_schema(part), lambda **given: given, name="order")
    with pytest.raises(InvalidArgumentsError):
        tool.bind(arguments)


@SCHEMAS
def test_a_schema_that_cannot_work_is_refused_before_anything_is_sent(
    world: World, server: FakeServer, name: str
) -> None:
    part, place = UNUSABLE[name]
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(InvalidSchemaError) as caught:
        world.run(client, "An order", structured_output=object_schema(part))
    assert place in str(caught.value)
    with pytest.raises(InvalidSchemaError):
        world.run(client, "An order", tools=[{"name": "order", "parameters": object_schema(part)}])
    world.close(client)
    assert server.exchanges == []


@SCHEMAS
def test_a_schema_that_cannot_work_is_refused_where_it_is_given(name: str) -> None:
    part, place = UNUSABLE[name]
    with pytest.raises(InvalidSchemaError, match="output 'order'") as caught:
        StructuredOutput.of(object_schema(part))
    assert place in str(caught.value)
    with pytest.raises(InvalidSchemaError, match="tool 'order'"):
        Tool.from_schema(object_schema(part), print, name="order")
    with pytest.raises(ValueError, match="tool 'order'"):
        ToolDefinition(name="order", parameters=object_schema(part))


def test_an_answer_that_is_no_object_may_refer_to_the_whole_schema() -> None:
    shape = StructuredOutput.of({"type": "array", "items": {"anyOf": [{"type": "integer"}, {"$ref": "#"}]}})
    assert problems({"value": [1, [2, [3]]]}, shape.output_schema) == []
    assert problems({"value": [1, [2, ["three"]]]}, shape.output_schema) != []


BACKTRACKING = ["(a+)+$", "^(a|a)*$", "^(?=(a+)+$)", r"^(?:(a+)\1?)+$", "^(?!x)a*a*a*a*a*a*$", "^(?=a)(a?){40}$"]


@pytest.mark.parametrize("pattern", BACKTRACKING)
def test_no_pattern_takes_exponential_time(pattern: str) -> None:
    """Without a limit, each of these matches would run for years."""
    problems("a" * 5000 + "!", {"pattern": pattern})
    assert compile_pattern(pattern).longest > 9


def test_usual_patterns_with_lookaround_take_usual_texts() -> None:
    password = {"pattern": r"^(?=.*[A-Z])(?=.*\d)(?!.*\s).{8,}$"}
    assert problems("Abcdefg1" * 30, password) == []
    assert problems("abcdefg1", password) != []


TREE = {"properties": {"kids": {"items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/leaf"}]}}}, "type": "object"}
TREE["$defs"] = {"leaf": {"properties": {"kids": {"items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/leaf"}]}}}}}


def test_alternatives_that_contain_each_other_are_each_checked_once() -> None:
    tree: Json = {"kids": ["not a tree"]}
    for _ in range(25):
        tree = {"kids": [tree]}
    assert problems(tree, {**TREE, "required": ["name"]}) == ["name: is missing"]  # and not: too many steps
    assert restore(tree, TREE) == tree


def test_definitions_that_double_with_each_level_are_bounded() -> None:
    defs: dict[str, Json] = {
        f"d{n}": {"properties": {side: {"$ref": f"#/$defs/d{n + 1}", "description": side} for side in "ab"}}
        for n in range(30)
    }
    schema = {"type": "object", "properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": {**defs, "d30": {"type": "null"}}}
    shape = StructuredOutput.of(schema)
    from dhenara.ai.schema import keywords

    assert shape.transformed(keywords.ALL_REQUIRED).impossible


def test_a_value_nested_deeper_than_the_stack_is_a_problem_and_no_crash() -> None:
    deep: Json = 1
    for _ in range(5000):
        deep = [deep]
    schema = {"items": {"$ref": "#"}, "type": ["array", "integer"]}
    assert problems(deep, schema) == ["the whole: is nested too deeply to be checked"]
    assert restore(deep, schema) is deep


def test_the_error_is_of_the_one_tree() -> None:
    assert issubclass(InvalidSchemaError, ConfigurationError)
    assert issubclass(InvalidSchemaError, DhenaraError)
