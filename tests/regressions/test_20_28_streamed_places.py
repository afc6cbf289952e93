"""What a stream says once is read once, wherever the server puts it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.providers.provider import find_provider
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.response.deltas import ChunkBuilder
from dhenara.ai.types.chat.response import ChatResponse
from dhenara.ai.types.content.parts import Origin
from dhenara.ai.wire.sse import Frame


def quirks(codec: str) -> Any:
    provider = find_provider({"openai_responses": "openai", "anthropic": "anthropic"}[codec])
    assert provider is not None
    return next(route.quirks for route in provider.routes if route.codec == codec)


def streamed(codec: str, events: list[dict[str, Any]]) -> tuple[ChatResponse, str]:
    """The answer, and the text that its chunks show."""
    origin = Origin(provider="openai", model="m", protocol=codec)
    decoder, draft, chunker, shown = (
        load_codec(codec).decoder(quirks(codec)),
        ResponseBuilder(origin),
        ChunkBuilder(origin),
        "",
    )
    for event in events:
        batch = list(decoder.frame(Frame(json.dumps(event).encode(), event["type"])))
        for delta in batch:
            draft.add(delta)
        chunk = chunker.chunk(batch)
        for choice in chunk.data.choice_deltas if chunk else ():
            shown += "".join(getattr(delta, "text_delta", "") or "" for delta in choice.content_deltas)
    for delta in decoder.finish():
        draft.add(delta)
    return draft.response(), shown


def item(*texts: str, id: str | None = "msg_1") -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "role": "assistant", "content": content, **({"id": id} if id else {})}


def completed(*items: dict[str, Any]) -> dict[str, Any]:
    response = {"id": "r", "object": "response", "status": "completed", "model": "m", "output": list(items)}
    return {"type": "response.completed", "response": response}


def delta(text: str, content: int, output: int = 0) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "output_index": output, "content_index": content, "delta": text}


def ended(whole: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": 0, "item": whole}


@pytest.mark.parametrize("streamed_at", [0, 1, 2])
@pytest.mark.parametrize("done_at", [0, 1, None])
@pytest.mark.parametrize("has_item", [True, False])
def test_20_a_text_is_emitted_once_at_whatever_index_it_is_streamed(
    streamed_at: int, done_at: int | None, has_item: bool
) -> None:
    events = [delta("Hel", streamed_at), delta("lo", streamed_at)]
    if done_at is not None:
        text_done = {"type": "response.output_text.done", "output_index": 0, "content_index": done_at, "text": "Hello"}
        events.append(text_done)
    events += [ended(item("Hello"))] if has_item else []
    answer, shown = streamed("openai_responses", [*events, completed(item("Hello"))])
    assert answer.text() == shown == "Hello"
    assert [part.type for part in answer.contents] == ["text"]
    assert answer.contents[0].extras["item"]["id"] == "msg_1"


def test_20_two_texts_of_one_message_stay_two() -> None:
    events = [delta("one", 1), delta("two", 2), ended(item("one", "two")), completed(item("one", "two"))]
    answer, shown = streamed("openai_responses", events)
    assert answer.text() == shown == "onetwo"
    same = [delta("ok", 0), delta("ok", 1), ended(item("ok", "ok")), completed(item("ok", "ok"))]
    answer, shown = streamed("openai_responses", same)
    assert answer.text() == shown == "okok"


def test_20_a_text_that_was_not_streamed_is_added() -> None:
    answer, shown = streamed("openai_responses", [delta("one", 1), completed(item("one", "two"))])
    assert answer.text() == shown == "onetwo"


@pytest.mark.parametrize("output", [0, 1, 3])
def test_20_an_item_without_an_id_is_emitted_once_at_whatever_index(output: int) -> None:
    answer, shown = streamed("openai_responses", [delta("Hello", 0, output), completed(item("Hello", id=None))])
    assert answer.text() == shown == "Hello"


def test_20_an_item_whose_id_changes_is_emitted_once() -> None:
    events = [
        {"type": "response.output_item.added", "output_index": 0, "item": {**item(), "id": "a"}},
        delta("Hello", 0),
        completed({**item("Hello"), "id": "b"}),
    ]
    answer, shown = streamed("openai_responses", events)
    assert answer.text() == shown == "Hello"


def message(**about: Any) -> dict[str, Any]:
    begun = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None}
    return {"type": "message_start", "message": {**begun, "usage": {"input_tokens": 3, "output_tokens": 2}, **about}}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [("end_turn", "stop"), ("max_tokens", "length"), ("tool_use", "tool_calls"), ("refusal", "refusal")],
)
def test_28_a_stop_reason_in_message_start_is_read(raw: str, reason: str) -> None:
    content = [{"type": "text", "text": "Hello"}]
    events = [message(content=content, stop_reason=raw), {"type": "message_stop"}]
    answer, shown = streamed("anthropic", events)
    assert answer.finish_reason == reason
    assert answer.choices[0].raw_finish_reason == raw
    assert not answer.interrupted
    assert answer.text() == shown == "Hello"


def test_28_a_later_stop_reason_counts_more() -> None:
    later = {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 9}}
    answer, _ = streamed("anthropic", [message(stop_reason="end_turn"), later, {"type": "message_stop"}])
    assert answer.finish_reason == "length"


def test_28_a_stop_sequence_in_message_start_is_read() -> None:
    start = message(stop_reason="stop_sequence", stop_sequence="END")
    answer, _ = streamed("anthropic", [start, {"type": "message_stop"}])
    assert answer.choices[0].stop_sequence == "END"


def test_20_texts_that_are_one_in_the_finished_item_are_emitted_once() -> None:
    events = [{"type": "response.output_item.added", "output_index": 0, "item": item()}]
    events += [delta("Hel", 1), delta("lo", 2), completed(item("Hello"))]
    answer, shown = streamed("openai_responses", events)
    assert answer.text() == shown == "Hello"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_20_the_end_of_a_text_that_was_not_streamed_is_emitted(place: int) -> None:
    done = {"type": "response.output_item.done", "output_index": 0, "item": item("Hello")}
    events = [{"type": "response.output_item.added", "output_index": 0, "item": item()}]
    events += [delta("Hel", place), done, completed(item("Hello"))]
    answer, shown = streamed("openai_responses", events)
    assert answer.text() == shown == "Hello"


def test_20_items_that_share_one_place_are_emitted_once() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}
    message = {**item("Hello"), "id": "msg_1"}
    events = [
        {"type": "response.output_item.added", "output_index": 0, "item": {**item(), "id": "msg_1"}},
        delta("Hello", 1),
        {"type": "response.output_item.done", "output_index": 0, "item": message},
        {"type": "response.output_item.added", "output_index": 0, "item": {**call, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc_1", "delta": "{}"},
        {"type": "response.output_item.done", "output_index": 0, "item": call},
        completed(message, call),
    ]
    answer, shown = streamed("openai_responses", events)
    assert answer.text() == shown == "Hello"
    assert [(one.name, one.arguments_text) for one in answer.tool_calls()] == [("f", "{}")]


@pytest.mark.parametrize("streamed_at", [0, 1, 2])
@pytest.mark.parametrize("done_at", [0, 1])
@pytest.mark.parametrize("has_item", [True, False])
def test_20_a_beginning_that_was_streamed_is_not_repeated_by_the_end_of_the_text(
    streamed_at: int, done_at: int, has_item: bool
) -> None:
    """The end of the text is taken as it was streamed, at whatever place the server counts it."""
    done = {"type": "response.output_text.done", "output_index": 0, "content_index": done_at, "text": "Hello"}
    events = [delta("Hel", streamed_at), done, *([ended(item("Hello"))] if has_item else [])]
    answer, shown = streamed("openai_responses", [*events, completed(item("Hello"))])
    assert answer.text() == shown
    assert shown in ("Hel", "Hello")
