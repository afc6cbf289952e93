"""Responses of hosts with missing fields, or content that is repeated in other events."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.openai_responses.codec import CODEC
from dhenara.ai.codecs.quirks import ResponsesQuirks
from dhenara.ai.types import ChatResponse
from dhenara.ai.types.content.parts import AudioContent, GenericContent
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame
from support.folding import folded


def received(*events: dict[str, Any]) -> ChatResponse:
    decoder = CODEC.decoder(ResponsesQuirks())
    reported = [delta for event in events for delta in decoder.frame(Frame(json.dumps(event)))]
    return folded([*reported, *decoder.finish()]).response()


def whole(*items: Any, **extra: Any) -> ChatResponse:
    body = {"object": "response", "status": "completed", "output": list(items), **extra}
    return folded(CODEC.decoder(ResponsesQuirks()).whole(body)).response()


DONE = {"type": "response.completed", "response": {"status": "completed", "output": []}}


def test_text_deltas_without_index_are_one_text() -> None:
    provided = ({"type": "response.output_text.delta", "delta": piece} for piece in ("Ye", None, "s."))
    assert received(*provided, DONE).text() == "Yes."


def test_text_that_only_done_event_contains_is_emitted_once() -> None:
    item = {"type": "message", "content": [{"type": "output_text", "text": "Yes."}]}
    end = {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Yes."}
    last = {"type": "response.output_item.done", "output_index": 0, "item": item}
    assert received(end).text() == received(end, last, DONE).text() == received(last, DONE).text() == "Yes."


def test_arguments_that_only_done_event_contains_are_emitted_once() -> None:
    item = {"type": "function_call", "id": "i1", "call_id": "c1", "name": "add", "arguments": ""}
    begun = {"type": "response.output_item.added", "output_index": 0, "item": item}
    end = {"type": "response.function_call_arguments.done", "output_index": 0, "arguments": '{"a": 1}'}
    last = {"type": "response.output_item.done", "output_index": 0, "item": {**item, "arguments": '{"a": 1}'}}
    for events in ([begun, end], [begun, end, last, DONE], [begun, last, DONE], [end, last, DONE]):
        assert [call.arguments for call in received(*events).tool_calls()] == [{"a": 1}]


@pytest.mark.parametrize("arguments", [{"a": 1}, '{"a": 1}'])
def test_arguments_may_be_object_or_string(arguments: Any) -> None:
    (call,) = whole({"type": "function_call", "call_id": "c1", "name": "add", "arguments": arguments}).tool_calls()
    assert (call.id, call.name, call.arguments) == ("c1", "add", {"a": 1})


def test_audio_deltas_are_joined_with_transcript() -> None:
    answer = received(
        {"type": "response.audio.transcript.delta", "delta": "Ye"},
        {"type": "response.audio.delta", "delta": "QUJD"},
        {"type": "response.audio.transcript.delta", "delta": "s."},
        {"type": "response.audio.delta", "delta": "REVG"},
        DONE,
    )
    (sound,) = answer.contents
    assert isinstance(sound, AudioContent)
    assert (sound.data, sound.transcript) == (b"ABCDEF", "Yes.")


def test_part_of_unknown_type_is_preserved() -> None:
    part = {"type": "output_hologram", "angle": 3}
    answer = whole({"type": "message", "content": [part, {"type": "output_text", "text": "Yes."}]})
    (retained,) = [one for one in answer.contents if isinstance(one, GenericContent)]
    assert (retained.kind, retained.data, answer.text()) == ("output_hologram", part, "Yes.")


@pytest.mark.parametrize(
    "content", ["Yes.", {"text": "Yes."}, [{"type": "text", "text": "Yes."}], [None, {"text": "Yes."}]]
)
def test_message_content_may_have_other_shapes(content: Any) -> None:
    assert whole({"type": "message", "content": content}).text() == whole({"content": content}).text() == "Yes."


@pytest.mark.parametrize("summary", ["Hm.", {"text": "Hm."}, [{"type": "summary_text", "text": "Hm."}, None]])
def test_summary_may_have_other_shapes(summary: Any) -> None:
    assert whole({"type": "reasoning", "summary": summary, "content": None}).reasoning() == "Hm."


def test_null_items_and_sources_are_ignored() -> None:
    provided = {"type": "output_text", "text": "Yes.", "annotations": [None], "logprobs": [None]}
    assert whole(None, {"type": "message", "content": [provided]}, usage=None).text() == "Yes."


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "message": "overloaded", "code": "server_error"},
        {"type": "error", "error": {"message": "overloaded"}},
        {"error": {"message": "overloaded"}},
        {"type": "response.failed", "response": {"status": "failed", "error": {"message": "overloaded"}}},
    ],
)
def test_stream_error_message_is_read_in_every_shape(event: Any) -> None:
    answer = received({"type": "response.output_text.delta", "delta": "Ye"}, event)
    assert (answer.text(), answer.interrupted) == ("Ye", True)
    assert "overloaded" in (answer.error or "")


@pytest.mark.parametrize(
    "body", [{"error": {"message": "overloaded"}}, {"message": "overloaded"}, {"detail": "overloaded"}]
)
def test_error_body_with_status_200_is_read(body: Any) -> None:
    assert "overloaded" in str(folded(CODEC.decoder(ResponsesQuirks()).whole(body)).error)


@pytest.mark.parametrize("data", [b"", b" ", b"null", b"[DONE]", b"[DONE] ", b"{}", b'{"type": "response.new"}'])
def test_empty_events_are_ignored(data: bytes) -> None:
    decoder = CODEC.decoder(ResponsesQuirks())
    assert list(decoder.frame(Frame(data, "keepalive"))) == []


def test_last_service_tier_is_preserved() -> None:
    begun = {"type": "response.created", "response": {"id": "r1", "model": "m", "service_tier": "auto"}}
    end = {"type": "response.completed", "response": {"status": "completed", "service_tier": "default"}}
    assert received(begun, end).extras["service_tier"] == "default"
