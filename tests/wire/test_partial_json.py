"""JSON that is read while it arrives: at every moment what pydantic-core reads of the same text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic_core import from_json

from dhenara.ai.wire.partial_json import MANY, MOST_DEPTH, PartialJson

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def read(*pieces: str) -> PartialJson:
    parser = PartialJson()
    for piece in pieces:
        parser.feed(piece)
    return parser


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4), st.booleans(), st.data())
def test_every_prefix_is_parsed_like_pydantic_core(
    value: dict[str, Any], ascii_only: bool, data: st.DataObject
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=data.draw(st.sampled_from([None, 1])))
    parser, at = PartialJson(), 0
    while at < len(text):
        size = data.draw(st.integers(1, 9))
        parser.feed(text[at : at + size])
        at += size
        assert parser.value() == from_json(text[:at], allow_partial="trailing-strings")
    assert parser.complete
    assert parser.value() == value


@given(st.text(st.sampled_from('{}[]",:\\u0aD8tfn1-.e \n'), max_size=30))
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    whole, pieces = read(text), read(*text)
    assert whole.value() == pieces.value()
    assert whole.complete == pieces.complete


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('Here it is:\n```json\n{"a": 1}\n```\nThat is all.', {"a": 1}),
        ('Use {braces} like this: {"a": [1, 2', {"a": [1, 2]}),
        ('{"a": "half \\ud83d', {"a": "half "}),
        ('{"a": "half \\ud83dx"}', {"a": "half \ufffdx"}),
        ('{"a": 1, "b": tru', {"a": 1}),
        ('{"a": 1, "b', {"a": 1}),
        ("no object", None),
    ],
)
def test_text_around_the_object_and_incomplete_values(text: str, value: Any) -> None:
    assert read(text).value() == read(*text).value() == value


def test_a_value_that_was_returned_does_not_change() -> None:
    parser = read('{"list": [1')
    shown = parser.value()
    parser.feed(', 2], "text": "a')
    assert shown == {"list": [1]}
    later = parser.value()
    parser.feed("b")
    assert later == {"list": [1, 2], "text": "a"}


def test_a_very_long_list_is_complete_when_it_is_closed() -> None:
    parser = read('{"list": [0')
    for number in range(1, 3 * MANY):
        parser.feed(f", {number}")
        shown = parser.value()["list"]
        assert shown == list(range(len(shown)))
        assert len(shown) * 64 >= number * 62
    parser.feed("]")
    assert parser.value() == {"list": list(range(3 * MANY))}


def test_nesting_is_bounded() -> None:
    value, depth = read('{"a":' * 100_000).value(), 0
    while value:
        value, depth = value["a"], depth + 1
    assert depth <= MOST_DEPTH
