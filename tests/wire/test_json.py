"""The one JSON door: what hosts send that is nearly JSON is read, what is none is refused."""

from __future__ import annotations

import json as standard
from typing import Any

import pytest
from hypothesis import given

from dhenara.ai.wire import json
from support.calls import JSON

LOST = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (rb'{"a": "\ud83d"}', {"a": LOST}),
        (rb'{"a": "x\ude00y", "b": ["\ud83d\ude00"]}', {"a": f"x{LOST}y", "b": ["\N{GRINNING FACE}"]}),
        (b"\xef\xbb\xbf{}", {}),
        (b"[" * 250 + b"]" * 250, standard.loads("[" * 250 + "]" * 250)),
    ],
)
def test_lone_surrogates_byte_order_marks_and_depth_are_accepted(data: bytes, value: Any) -> None:
    assert json.loads(data) == value


@pytest.mark.parametrize(
    "data", [b"", b"{", b"<html>", b'{"a": "\n"}', b"{'a': 1}", b"{} {}", b"[" * 100_000, b'{"a": "caf\xe9"}']
)
def test_invalid_json_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        json.loads(data)


@given(JSON)
def test_values_survive_a_round_trip(value: Any) -> None:
    assert json.loads(json.dumps(value)) == value
