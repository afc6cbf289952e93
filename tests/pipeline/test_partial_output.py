"""Objects on their way: of the right type at every moment, and whole at the end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, Field

from dhenara.ai import AIModelClient
from dhenara.ai.pipeline.streaming.structured_output import PartialOutputReader, partial_output
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import StructuredOutput
from support.schemas import schemas, values
from support.worlds import endpoint


class Item(BaseModel):
    name: str
    when: date | None = None
    tags: list[str] = Field(default_factory=list, alias="labels")


class Order(BaseModel):
    id: int
    items: list[Item]
    note: str = "none"


@dataclass
class Pair:
    left: str
    right: list[int] = field(default_factory=list)
    inner: Pair | None = None


WHOLE = {
    "id": 7,
    "items": [{"name": "pen", "when": "2026-11-21", "labels": ["a", "b"]}, {"name": "ink"}],
    "note": "quick",
}


def test_every_prefix_is_an_object_of_the_type() -> None:
    text, shape = json.dumps(WHOLE), StructuredOutput.model_validate(Order)
    seen = [partial_output(text[:end], shape) for end in range(1, len(text) + 1)]
    assert all(isinstance(one, Order) for one in seen)
    assert seen[0].id is None
    assert seen[0].note == "none"
    assert all(isinstance(item, Item) for one in seen for item in one.items or ())
    assert seen[-1] == Order.model_validate(WHOLE)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Pair, '{"left": "a", "right": [1, 2', Pair("a", [1, 2])),
        (Pair, '{"left": "a", "inner": {"left": "b', Pair("a", inner=Pair("b"))),
        (Pair, "{", Pair(None)),  # type: ignore[arg-type]  # it has not arrived
        (list[Pair], '{"value": [{"left": "a"}, {"lef', [Pair("a"), Pair(None)]),  # type: ignore[arg-type]  # as above
        (dict[str, Item], '{"x": {"name": "pe', {"x": Item.model_construct(name="pe")}),
        (Order, "", None),
        (Order, "no json", None),
    ],
)
def test_all_types_grow(kind: Any, text: str, value: Any) -> None:
    assert partial_output(text, StructuredOutput.model_validate(kind)) == value


@given(st.data())
def test_plain_objects_grow_to_what_they_are(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    text = json.dumps(data.draw(values(schema, schema)))
    shape = StructuredOutput.model_validate({"output_schema": schema})
    for end in range(1, len(text)):
        assert isinstance(partial_output(text[:end], shape), dict)
    assert partial_output(text, shape) == json.loads(text)


def test_a_long_answer_is_not_read_again_for_every_piece_of_it() -> None:
    growing = PartialOutputReader(StructuredOutput.model_validate(Order))
    read, length = 0, 0
    for piece in ['{"id": 1, "note": "', *["word "] * 20_000]:
        growing.add(piece)
        length += len(piece)
        if growing.has_new_value():
            growing.output()
            read += length
    assert read < 40 * length


def test_a_plain_stream_shows_its_object_too(server: FakeServer) -> None:
    server.add_replies(Answer(text=json.dumps(WHOLE)))
    with AIModelClient(endpoint(server.url)) as client:
        stream = client.generate("?", structured_output=Order, streaming=True).stream_generator
        seen = [stream.partial_output() for _ in stream]
    assert any(one is not None and one.items is None for one in seen)
    assert seen[-1] == Order.model_validate(WHOLE)
