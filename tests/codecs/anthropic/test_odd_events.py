"""Messages responses of gateways with missing, repeated or additional fields."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.anthropic.codec import CODEC
from dhenara.ai.codecs.quirks import MessagesQuirks
from dhenara.ai.errors import ServerError
from dhenara.ai.types import ChatResponse
from dhenara.ai.types.content.parts import GenericContent, ReasoningContent, TextContent
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame
from support.folding import folded


def received(*events: dict[str, Any]) -> ChatResponse:
    decoder = CODEC.decoder(MessagesQuirks())
    reported = [delta for event in events for delta in decoder.frame(Frame(json.dumps(event)))]
    return folded([*reported, *decoder.finish()]).response()


def whole(*blocks: Any, **extra: Any) -> ChatResponse:
    body = {"type": "message", "content": list(blocks), "stop_reason": "end_turn", **extra}
    return folded(CODEC.decoder(MessagesQuirks()).whole(body)).response()


def start(block: Any, **index: int) -> dict[str, Any]:
    return {"type": "content_block_start", "content_block": block, **index}


def grow(kind: str, index: dict[str, int] | None = None, **provided: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "delta": {"type": kind, **provided}, **(index or {})}


STOP = {"type": "message_stop"}


def test_text_reasoning_and_signature_may_be_null() -> None:
    answer = received(
        start({"type": "thinking", "thinking": None, "signature": None}, index=0),
        grow("thinking_delta", {"index": 0}, thinking="Hm."),
        grow("signature_delta", {"index": 0}, signature=None),
        start({"type": "text"}, index=1),
        grow("text_delta", {"index": 1}, text=None),
        grow("text_delta", {"index": 1}, text="Yes."),
        STOP,
    )
    assert (answer.reasoning(), answer.text(), answer.interrupted) == ("Hm.", "Yes.", False)


def test_blocks_with_the_same_index_are_separate() -> None:
    answer = received(
        start({"type": "text", "text": ""}, index=0),
        grow("text_delta", {"index": 0}, text="Yes."),
        {"type": "content_block_stop", "index": 0},
        start({"type": "tool_use", "id": "t1", "name": "add", "input": {}}, index=0),
        grow("input_json_delta", {"index": 0}, partial_json='{"a": 1}'),
        start({"type": "tool_use", "id": "t2", "name": "add", "input": {}}, index=0),
        grow("input_json_delta", {"index": 0}, partial_json='{"a": 2}'),
        STOP,
    )
    assert answer.text() == "Yes."
    assert [(c.id, c.arguments) for c in answer.tool_calls()] == [("t1", {"a": 1}), ("t2", {"a": 2})]


def test_blocks_without_index_are_appended() -> None:
    answer = received(
        start({"type": "text", "text": "Y"}), grow("text_delta", text="es."), start({"text": " So."}), STOP
    )
    assert answer.text() == "Yes. So."


def test_repeated_tool_input_is_read_once() -> None:
    answer = received(
        start({"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}}, index=0),
        grow("input_json_delta", {"index": 0}, partial_json='{"a":'),
        grow("input_json_delta", {"index": 0}, partial_json=" 1}"),
        {"type": "content_block_stop", "index": 0},
        STOP,
    )
    assert [call.arguments for call in answer.tool_calls()] == [{"a": 1}]


def test_tool_input_of_block_start_is_preserved_without_block_stop() -> None:
    answer = received(start({"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}}, index=0))
    assert [call.arguments for call in answer.tool_calls()] == [{"a": 1}]


@pytest.mark.parametrize("given", [{"a": 1}, '{"a": 1}'])
def test_tool_input_may_be_object_or_string(given: Any) -> None:
    answer = whole({"type": "tool_use", "id": "t1", "name": "add", "input": given})
    assert [call.arguments for call in answer.tool_calls()] == [{"a": 1}]


def test_message_start_may_contain_blocks() -> None:
    message = {"id": "m1", "model": "m", "content": [{"type": "text", "text": "Yes."}], "usage": None}
    answer = received(
        {"type": "message_start", "message": message}, grow("text_delta", {"index": 1}, text=" So."), STOP
    )
    assert answer.text() == "Yes. So."


def test_streamed_input_of_unknown_block_is_preserved() -> None:
    block = {"type": "oracle_use", "id": "o1", "input": {}}
    answer = received(start(block, index=0), grow("input_json_delta", {"index": 0}, partial_json='{"q": 1}'), STOP)
    (retained,) = answer.contents
    assert isinstance(retained, GenericContent)
    assert retained.data == {**block, "input": {"q": 1}}


@pytest.mark.parametrize(
    "content", ["Yes.", [{"text": "Yes."}], {"type": "text", "text": "Yes."}, [None, {"text": "Yes."}]]
)
def test_body_content_may_have_other_shapes(content: Any) -> None:
    assert whole(content=content).text() == "Yes."


@pytest.mark.parametrize("content", [None, []])
def test_response_may_be_empty(content: Any) -> None:
    assert (whole(content=content).contents, whole(content=content).interrupted) == ([], False)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}},
        {"error": {"type": "overloaded_error", "message": "overloaded"}},
        {"message": "overloaded"},
        {"detail": "overloaded"},
    ],
)
def test_error_body_with_status_200_is_read(body: Any) -> None:
    draft = folded(CODEC.decoder(MessagesQuirks()).whole(body))
    assert isinstance(draft.error, ServerError)
    assert "overloaded" in str(draft.error)


def test_event_type_may_be_in_frame_only() -> None:
    decoder = CODEC.decoder(MessagesQuirks())
    reported = [
        *decoder.frame(Frame(b'{"delta": {"type": "text_delta", "text": "Yes."}, "index": 0}', "content_block_delta"))
    ]
    reported += [*decoder.frame(Frame(b"{}", "message_stop")), *decoder.frame(Frame(b"", "ping"))]
    assert (folded(reported).response().text(), folded(reported).complete) == ("Yes.", True)


def test_later_token_counts_replace_earlier_ones() -> None:
    answer = received(
        {"type": "message_start", "message": {"usage": {"input_tokens": 0, "output_tokens": 0}}},
        {"type": "message_delta", "delta": None, "usage": {"input_tokens": 7, "output_tokens": 3}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_details": "x"}, "usage": None},
        STOP,
    )
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.finish_reason) == (7, 3, "stop")


def test_null_sources_and_blocks_are_ignored() -> None:
    provided = {"type": "text", "text": "Yes.", "citations": [None, {"type": "char_location", "cited_text": "c"}]}
    (text,) = whole(None, provided).contents
    assert isinstance(text, TextContent)
    assert [citation.cited_text for citation in text.citations] == ["c"]


def test_unknown_delta_is_ignored() -> None:
    answer = received(
        start({"type": "thinking", "thinking": "Hm.", "signature": "s"}, index=0),
        grow("thinking_tokens_delta", {"index": 0}, estimated_tokens=5),
        STOP,
    )
    (thought,) = answer.contents
    assert isinstance(thought, ReasoningContent)
    assert (thought.text, thought.signature) == ("Hm.", "s")
