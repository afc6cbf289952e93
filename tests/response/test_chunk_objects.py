"""A chunk that arrived reads like one that was validated: its content is made when it is read."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.response.deltas import ChunkBuilder, ChunkSource
from dhenara.ai.types.chat.chunk import ChatContentDelta, ChatResponseChoiceDelta, ChatResponseChunk
from dhenara.ai.types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    FinishDelta,
    LogprobsDelta,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    ResponseStart,
    ServerToolDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from dhenara.ai.types.chat.stream import SSEResponse, StreamingChatResponse
from dhenara.ai.types.chat.usage import Usage
from dhenara.ai.types.content.media import Citation, Origin
from dhenara.ai.types.content.parts import GenericContent

ORIGIN = Origin(provider="openai", model="gpt", protocol="openai_chat")
START = ResponseStart("resp_1", "gpt-5")
EVENTS: dict[str, Sequence[Delta]] = {
    "text": [TextDelta("text", 'Hello "you"\n\u2028 é 😀 \x7f\x01')],
    "empty text": [TextDelta("text", "")],
    "text that looks like the mark": [TextDelta("text", "TEXT")],
    "text of another choice": [TextDelta("text", "b", choice=1)],
    "two texts": [TextDelta(0, "a"), TextDelta(1, "b"), TextDelta(0, "c", choice=2)],
    "start with text": [ResponseStart("other", "gpt-6"), TextDelta("text", "a")],
    "reasoning": [ReasoningDelta("r", "thinking"), ReasoningDelta("s", raw_text="raw")],
    "refusal": [RefusalDelta("refusal", "no")],
    "call": [ToolCallDelta("call", "c1", "add", '{"a"'), ToolCallDelta("call", arguments=":1}")],
    "media": [MediaDelta("audio", "audio", "AAAA", transcript="hi")],
    "content": [ContentDelta("x", GenericContent(kind="new", data={"a": [1]}))],
    "server tool": [ServerToolDelta("t", "t1", "web_search")],
    "citation": [CitationDelta("text", Citation(url="https://example.org"))],
    "usage": [UsageDelta(Usage(input_tokens=3, output_tokens=4))],
    "finish": [FinishDelta("stop", "stop"), StreamEnd()],
    "probabilities": [TextDelta("text", "a"), LogprobsDelta([{"token": "a"}])],
}


class Holder(BaseModel):
    chunk: StreamingChatResponse


@pytest.fixture(params=list(EVENTS))
def make(request: pytest.FixtureRequest) -> Callable[[], StreamingChatResponse]:
    """Returns a function that makes a chunk that nobody has read."""

    def chunk() -> StreamingChatResponse:
        builder = ChunkBuilder(ORIGIN)
        assert builder.chunk([START]) is None
        arrived = builder.chunk(EVENTS[request.param])
        assert arrived is not None
        return arrived

    return chunk


@pytest.fixture
def validated(make: Callable[[], StreamingChatResponse]) -> StreamingChatResponse:
    return StreamingChatResponse.model_validate_json(make().model_dump_json())


def test_a_chunk_equals_its_validated_copy(
    make: Callable[[], StreamingChatResponse], validated: StreamingChatResponse
) -> None:
    assert make() == validated
    assert validated == make()
    assert "_arrived" not in vars(validated)


READERS: dict[str, Callable[[Any], Any]] = {
    "repr": repr,
    "model_dump": lambda chunk: chunk.model_dump(),
    "model_dump_json": lambda chunk: chunk.model_dump_json(),
    "order of fields": lambda chunk: list(chunk.model_dump()["data"]["choice_deltas"][0]["content_deltas"][0]),
    "asdict": dataclasses.asdict,
    "text_delta": lambda chunk: chunk.text_delta,
    "texts of choices": lambda chunk: [
        [delta.get_text_delta() for delta in choice.content_deltas] for choice in chunk.data.choice_deltas
    ],
    "event": lambda chunk: (chunk.event, chunk.id, chunk.retry, chunk.is_error()),
    "to_sse_format": lambda chunk: chunk.to_sse_format(),
    "pickle": lambda chunk: pickle.loads(pickle.dumps(chunk)),  # noqa: S301  # our own
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "replace": lambda chunk: dataclasses.replace(chunk, id="7"),
    "inside another model": lambda chunk: Holder(chunk=chunk).model_dump(),
    "type adapter": lambda chunk: TypeAdapter(list[StreamingChatResponse]).dump_json([chunk]),
    "validated again": StreamingChatResponse.model_validate,
}


def test_every_way_to_read_a_chunk_gives_what_the_validated_one_gives(
    make: Callable[[], StreamingChatResponse], validated: StreamingChatResponse
) -> None:
    assert [name for name, read in READERS.items() if read(make()) != read(validated)] == []


def test_all_values_of_a_chunk_are_valid(make: Callable[[], StreamingChatResponse]) -> None:
    chunk = make()
    again = StreamingChatResponse.model_validate(chunk.model_dump())
    assert again == chunk
    assert all(type(new) is type(old) for new, old in zip(deltas(again), deltas(chunk), strict=True))


def deltas(chunk: StreamingChatResponse) -> list[ChatContentDelta]:
    return [delta for choice in chunk.data.choice_deltas for delta in choice.content_deltas]


def test_the_types_of_a_chunk_are_the_public_ones(make: Callable[[], StreamingChatResponse]) -> None:
    chunk = make()
    assert type(chunk) is StreamingChatResponse
    assert isinstance(chunk, SSEResponse)
    assert type(chunk.data) is ChatResponseChunk
    assert {type(choice) for choice in chunk.data.choice_deltas} == {ChatResponseChoiceDelta}


def test_events_are_frozen_and_have_no_other_attributes(make: Callable[[], StreamingChatResponse]) -> None:
    for name in ("id", "event", "data", "retry"):
        with pytest.raises(AttributeError):
            setattr(make(), name, "7")
    with pytest.raises(AttributeError):
        _ = make().no_such_field  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        make().data.no_such_field = 1  # type: ignore[attr-defined]


def test_the_content_is_made_once(make: Callable[[], StreamingChatResponse]) -> None:
    chunk = make()
    assert chunk.data is chunk.data


@pytest.mark.parametrize("wrong", [{"data": {"choice_deltas": []}}, {"data": None}, {"retry": -1}, {"retry": "soon"}])
def test_an_invalid_chunk_is_refused(wrong: dict[str, Any]) -> None:
    right = {"data": {"choice_deltas": [{"content_deltas": [{"type": "text", "text_delta": "a"}]}]}}
    assert StreamingChatResponse.model_validate(right).text_delta == "a"
    with pytest.raises(ValidationError):
        StreamingChatResponse.model_validate({**right, **wrong})


def test_a_negative_retry_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="retry must be at least 0, not -1"):
        SSEResponse(data="a", retry=-1)


def test_a_chunk_keeps_the_names_that_were_known_when_it_arrived() -> None:
    builder = ChunkBuilder(ORIGIN)
    first = builder.chunk([TextDelta("text", "a")])
    builder.chunk([START])
    second = builder.chunk([TextDelta("other", "b")])
    assert first is not None
    assert second is not None
    assert (first.data.id, first.data.model) == (None, None)
    assert (second.data.id, second.data.model) == ("resp_1", "gpt-5")
    assert [deltas(chunk)[0].index for chunk in (second, first)] == [1, 0]


def test_a_text_is_read_and_written_without_making_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = ChunkBuilder(ORIGIN)
    first, second = (builder.chunk([TextDelta("text", text)]) for text in ("a", "b"))
    assert first is not None
    assert second is not None
    assert first.to_sse_format().count('"a"') == 1

    def refuse(*_: object) -> None:
        raise AssertionError("the content was made")

    monkeypatch.setattr(ChunkSource, "chunk", refuse)
    assert second.text_delta == "b"
    assert '"text_delta":"b"' in second.to_sse_format()
