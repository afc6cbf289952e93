"""Schemas of tools describe an object; anything else is a typed error."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dhenara.ai.errors import InvalidSchemaError
from dhenara.ai.types import StructuredOutput, Tool, ToolDefinition

NO_OBJECT: list[Any] = [False, True, None, 3, "x", [], {"type": "array"}, {"type": ["array", "null"]}]


@pytest.mark.parametrize("schema", NO_OBJECT, ids=repr)
def test_a_tool_needs_the_schema_of_an_object(schema: Any) -> None:
    with pytest.raises(InvalidSchemaError, match="the tool 'search'"):
        Tool.from_schema(schema, name="search")


@pytest.mark.parametrize("schema", NO_OBJECT, ids=repr)
def test_a_definition_needs_the_schema_of_an_object(schema: Any) -> None:
    with pytest.raises((InvalidSchemaError, ValidationError)):
        ToolDefinition(name="search", parameters=schema)


@pytest.mark.parametrize(
    "schema", [{}, {"type": "object"}, {"type": ["object", "null"]}, {"properties": {}}, {"type": "OBJECT"}], ids=repr
)
def test_schemas_that_allow_an_object_are_taken(schema: dict[str, Any]) -> None:
    assert Tool.from_schema(schema, name="search").parameters == schema
    assert ToolDefinition(name="search", parameters=schema).parameters == schema


@pytest.mark.parametrize("schema", [False, True, None, 3, "x", []], ids=repr)
def test_an_output_of_no_type_and_no_schema_is_a_typed_error(schema: Any) -> None:
    with pytest.raises(InvalidSchemaError, match="structured_output"):
        StructuredOutput.of(schema)
