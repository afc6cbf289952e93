"""Answers as objects: what is restored from the schema that was sent, and which text of an answer is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai.response.structured import parse_structured, read_structured, restore
from dhenara.ai.types import StructuredContent, StructuredOutput, TextContent, ToolCallContent
from dhenara.ai.types.chat.response import ChatResponseChoice
from dhenara.ai.types.content.parts import Citation

NUMBER = StructuredOutput.of({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})


def optional(name: str) -> dict[str, Any]:
    """The schema of an object with one optional text."""
    return {"type": "object", "properties": {name: {"type": "string"}}}


@pytest.mark.parametrize(
    "schema",
    [
        optional("a"),
        {"allOf": [optional("a")]},
        {"anyOf": [{"type": "string"}, optional("a")]},
        {"oneOf": [{"type": "string"}, optional("a")]},
        {"$ref": "#/$defs/x", "$defs": {"x": optional("a")}},
    ],
)
def test_nulls_of_optional_properties_are_left_out_wherever_they_are_declared(schema: dict[str, Any]) -> None:
    assert restore({"a": None}, schema) == {}
    assert restore({"a": "x", "b": None}, schema) == {"a": "x", "b": None}


@pytest.mark.parametrize("word", ["prefixItems", "items"])
def test_each_item_is_restored_by_its_own_schema(word: str) -> None:
    rest = "items" if word == "prefixItems" else "additionalItems"
    schema = {"type": "array", word: [optional("a"), optional("b")], rest: optional("c")}
    values = [{"a": None, "c": None}, {"b": None, "c": None}, {"a": None, "c": None}, {"c": None}]
    assert restore(values, schema) == [{"c": None}, {"c": None}, {"a": None}, {}]
    assert restore(values[:1], schema) == [{"c": None}]


def test_nulls_of_optional_properties_are_left_out_of_an_answer() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "note": {"type": "string"}}, "required": ["n"]}
    answer = read_structured('{"n": 1, "note": null}', StructuredOutput.of(schema))
    assert (answer.data, answer.error) == ({"n": 1}, None)


def choice(*contents: Any) -> ChatResponseChoice:
    return ChatResponseChoice(contents=list(contents))


def test_text_with_a_tool_call_is_no_answer() -> None:
    given = choice(TextContent(text='{"n": 1}'), ToolCallContent(id="c1", name="f"))
    assert parse_structured(given, NUMBER) == given


def test_a_comment_before_the_answer_stays_text() -> None:
    given = choice(TextContent(text='Instead of {"n": "one"}:'), TextContent(text='{"n": 1}'))
    comment, answer = parse_structured(given, NUMBER).contents
    assert (comment, answer.data, answer.error) == (given.contents[0], {"n": 1}, None)


def test_pieces_of_one_answer_are_joined_with_their_citations() -> None:
    pieces = [
        TextContent(text=text, citations=[Citation(url=f"https://example.org/{text}")]) for text in ('{"n":', " 1}")
    ]
    (answer,) = parse_structured(choice(*pieces), NUMBER).contents
    assert isinstance(answer, StructuredContent)
    assert (answer.text, answer.data) == ('{"n": 1}', {"n": 1})
    assert answer.citations == [citation for piece in pieces for citation in piece.citations]


@pytest.mark.parametrize("value", [[1, 2], [1, "two"]])
def test_a_value_that_is_no_object_is_unwrapped_though_it_is_wrong(value: Any) -> None:
    shape = StructuredOutput.of({"type": "array", "items": {"type": "integer"}})
    answer = read_structured(json.dumps({"value": value}), shape)
    assert (answer.data, answer.error is None) == (value, value == [1, 2])


def test_what_has_too_many_levels_is_returned_as_it_is() -> None:
    deep: Any = {"a": None}
    for _ in range(50_000):
        deep = {"b": deep}
    assert restore(deep, {"type": "object", "properties": {"a": {"type": "string"}, "b": {"$ref": "#"}}}) is deep
