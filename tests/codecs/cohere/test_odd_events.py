"""Cohere responses of other hosts with missing fields or other shapes."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.cohere.codec import CODEC
from dhenara.ai.codecs.quirks import CohereQuirks
from dhenara.ai.types import ChatResponse
from dhenara.ai.types.content.parts import GenericContent, TextContent
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame
from support.folding import folded


def received(*events: dict[str, Any]) -> ChatResponse:
    decoder = CODEC.decoder(CohereQuirks())
    reported = [delta for event in events for delta in decoder.frame(Frame(json.dumps(event)))]
    return folded([*reported, *decoder.finish()]).response()


def whole(**message: Any) -> ChatResponse:
    body = {"id": "c", "message": message, "finish_reason": "COMPLETE", "usage": None}
    return folded(CODEC.decoder(CohereQuirks()).whole(body)).response()


def event(kind: str, message: Any = None, **extra: Any) -> dict[str, Any]:
    return {"type": kind, "delta": {"message": message}, **extra}


END = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}
CITED = {"text": "Yes", "start": 0, "end": 3, "content_index": 0, "type": "THINKING_CONTENT"}


@pytest.mark.parametrize(
    "content", ["Yes.", {"text": "Yes."}, [None, {"type": "text", "text": "Yes.", "thinking": None}]]
)
def test_content_may_have_other_shapes(content: Any) -> None:
    assert whole(content=content).text() == "Yes."


def test_citations_of_reasoning_are_attached_to_text() -> None:
    content = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Yes."}]
    answer = whole(content=content, citations=[CITED, None])
    assert (answer.reasoning(), answer.text()) == ("Hm.", "Yes.")
    assert [len(part.citations) for part in answer.contents if isinstance(part, TextContent)] == [1]


def test_deltas_without_index_continue_last_block() -> None:
    answer = received(
        event("content-start", {"content": {"type": "thinking", "thinking": "Hm"}}, index=0),
        event("content-delta", {"content": {"thinking": "."}}),
        event("content-start", {"content": {"type": "text", "text": None}}, index=1),
        event("content-delta", {"content": {"text": "Yes."}}),
        event("content-delta", None),
        event("citation-start", {"citations": [CITED]}, index=0),
        END,
    )
    assert (answer.reasoning(), answer.text(), answer.interrupted) == ("Hm.", "Yes.", False)


def test_tool_calls_may_be_list_with_object_arguments() -> None:
    tools = [
        {"id": "t1", "function": {"name": "add", "arguments": {"a": 1}}},
        {"id": "t2", "function": {"name": "sub"}},
    ]
    for answer in (whole(tool_calls=tools), received(event("tool-call-start", {"tool_calls": tools}, index=0), END)):
        assert [(c.id, c.name, c.arguments) for c in answer.tool_calls()] == [
            ("t1", "add", {"a": 1}),
            ("t2", "sub", {}),
        ]


def test_block_of_unknown_type_is_preserved() -> None:
    (retained,) = whole(content=[{"type": "hologram", "angle": 3}]).contents
    assert isinstance(retained, GenericContent)
    assert retained.data == {"type": "hologram", "angle": 3}


@pytest.mark.parametrize(
    "body", [{"message": "overloaded"}, {"error": {"message": "overloaded"}}, {"error": "overloaded"}]
)
def test_error_message_is_read_in_every_shape(body: Any) -> None:
    assert "overloaded" in str(folded(CODEC.decoder(CohereQuirks()).whole(body)).error)
    provided = event("content-delta", {"content": {"text": "Ye"}}, index=0)
    assert (received(provided, body).text(), received(provided, body).interrupted) == ("Ye", True)
    assert "overloaded" in (received(provided, body).error or "")
