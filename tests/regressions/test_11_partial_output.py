"""Looking at an answer after every piece of it takes work in proportion to its length."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.openai_chat.tools import CallReader
from dhenara.ai.pipeline.streaming.structured_output import PartialOutputReader
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import StructuredOutput
from dhenara.ai.types.chat.delta import TextDelta, ToolCallDelta
from support.worlds import endpoint

SIZES = (50, 100, 200, 400)


class Item(BaseModel):
    name: str
    count: int
    tags: list[str] = []


class Order(BaseModel):
    id: int
    items: list[Item]
    by_name: dict[str, Item] = {}
    note: str = ""


def order(size: int) -> str:
    items = [{"name": f"thing {number}", "count": number, "tags": ["a", "b"]} for number in range(size)]
    whole = {"id": 1, "items": items, "by_name": {item["name"]: item for item in items}, "note": "word " * size}
    return json.dumps(whole)


def cut(text: str) -> list[str]:
    return [text[at : at + 6] for at in range(0, len(text), 6)]


def operations(work: Callable[[], object]) -> int:
    """The calls, of Python and of C, that the work makes."""
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def is_linear(counts: list[int]) -> bool:
    return all(later < 2.3 * earlier for earlier, later in pairwise(counts))


@pytest.mark.parametrize("kind", [Order, None], ids=["typed", "plain"])
def test_objects_shown_after_every_piece_take_linear_work(kind: Any) -> None:
    shape = StructuredOutput.of(kind or {"type": "object"})

    def show(size: int) -> None:
        growing = PartialOutputReader(shape)
        for piece in cut(order(size)):
            growing.add(piece)
            growing.output()

    show(2)
    assert is_linear([operations(lambda size=size: show(size)) for size in SIZES])


def test_no_part_that_is_complete_is_made_again() -> None:
    made = 0

    class Counted(Item):
        @classmethod
        def model_construct(cls, *args: Any, **values: Any) -> Any:
            nonlocal made
            made += 1
            return super().model_construct(*args, **values)

    growing = PartialOutputReader(StructuredOutput.of(list[Counted]))
    pieces = cut(json.dumps({"value": json.loads(order(300))["items"]}))
    for piece in pieces:
        growing.add(piece)
        growing.output()
    assert made <= len(pieces) + 300


@pytest.mark.parametrize("name", ["ToolCallDelta", "TextDelta"])
def test_answers_shown_after_every_piece_take_linear_work(name: str) -> None:
    def show(size: int) -> None:
        draft = ResponseBuilder()
        for piece in cut(order(size)):
            delta = ToolCallDelta("call", "1", "order", piece) if name == "ToolCallDelta" else TextDelta("text", piece)
            draft.add(delta)
            draft.response()

    show(2)
    assert is_linear([operations(lambda size=size: show(size)) for size in SIZES])


def test_arguments_are_parsed_once_however_often_they_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    import dhenara.ai.response.part_builders as tool_part_builders

    parsed: list[int] = []
    real = tool_part_builders.read_arguments
    monkeypatch.setattr(tool_part_builders, "read_arguments", lambda text: (parsed.append(len(text)), real(text))[1])
    draft, text = ResponseBuilder(), order(50)
    for piece in cut(text):
        draft.add(ToolCallDelta("call", "1", "order", piece))
        draft.response()
    assert sum(parsed) <= 2 * len(text)
    (call,) = draft.response().tool_calls()
    assert call.arguments == json.loads(text)


def test_hosts_that_repeat_the_name_with_every_piece_take_linear_work() -> None:
    def read(size: int) -> None:
        reader = CallReader(0)
        for piece in cut(order(size)):
            message = {"tool_calls": [{"index": 0, "function": {"name": "order", "arguments": piece}}]}
            list(reader.read(message, whole=False))

    read(2)
    counts = [operations(lambda size=size: read(size)) for size in SIZES]
    assert is_linear(counts)


def test_a_stream_shows_its_object_after_every_chunk_and_after_it_was_left(server: FakeServer) -> None:
    text = order(5)
    server.add_replies(
        Answer(text=text, pieces=cut(text)) if "pieces" in Answer.__init__.__annotations__ else Answer(text=text)
    )
    with AIModelClient(endpoint(server.url)) as client:
        stream = client.generate("?", structured_output=Order, streaming=True).stream_generator
        next(iter(stream))
        assert stream.partial_output() is None or isinstance(stream.partial_output(), Order)
        for _ in stream:
            assert isinstance(stream.partial_output(), Order)
        assert stream.partial_output() == Order.model_validate_json(text)
