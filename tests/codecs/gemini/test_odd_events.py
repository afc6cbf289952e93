"""Gemini responses of other hosts with missing fields, or fields split over events."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.gemini.codec import CODEC
from dhenara.ai.codecs.quirks import GeminiQuirks
from dhenara.ai.types import ChatResponse
from dhenara.ai.types.content.parts import ImageContent, TextContent
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame
from support.folding import folded


def received(*events: Any) -> ChatResponse:
    decoder = CODEC.decoder(GeminiQuirks())
    reported = [delta for event in events for delta in decoder.frame(Frame(json.dumps(event)))]
    return folded([*reported, *decoder.finish()]).response()


def candidate(*parts: Any, **extra: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, **extra}]}


def whole(*parts: Any, **extra: Any) -> ChatResponse:
    return folded(
        CODEC.decoder(GeminiQuirks()).whole(candidate(*parts, **{"finishReason": "STOP", **extra}))
    ).response()


END = candidate(finishReason="STOP")


def test_null_parts_and_fields_are_ignored() -> None:
    answer = whole(
        None, {"text": None, "functionCall": None}, {"text": "Yes.", "thoughtSignature": None, "inlineData": None}
    )
    assert [part.text for part in answer.contents if isinstance(part, TextContent)] == ["Yes."]


@pytest.mark.parametrize("args", [{"a": 1}, '{"a": 1}'])
def test_arguments_may_be_object_or_string(args: Any) -> None:
    assert [call.arguments for call in whole({"functionCall": {"name": "add", "args": args}}).tool_calls()] == [
        {"a": 1}
    ]


def test_signature_without_text_is_preserved() -> None:
    answer = received(candidate({"text": "Yes."}), candidate({"thoughtSignature": "s"}, finishReason="STOP"))
    assert answer.text() == "Yes."
    assert [part.extras.get("thought_signature") for part in answer.contents] == [None, "s"]


def test_image_of_reasoning_is_marked() -> None:
    (picture,) = whole({"inlineData": {"mimeType": "image/png", "data": "QUJD"}, "thought": True}).contents
    assert isinstance(picture, ImageContent)
    assert (picture.data, picture.extras) == (b"ABC", {"thought": True})


def page(name: str) -> dict[str, Any]:
    return {"web": {"uri": f"https://{name}.example", "title": name}}


def grounded(chunks: list[Any], *supports: tuple[int, ...]) -> dict[str, Any]:
    reported = [{"segment": {"endIndex": 3}, "groundingChunkIndices": list(support)} for support in supports]
    return {"groundingMetadata": {"groundingChunks": chunks, "groundingSupports": reported}}


def cited(answer: ChatResponse) -> list[str | None]:
    return [source.title for part in answer.contents if isinstance(part, TextContent) for source in part.citations]


def test_sources_in_several_events_are_all_cited() -> None:
    first = candidate({"text": "Yes."}, **grounded([page("a"), page("b")], (1,)))
    second = candidate({"text": " So."}, **grounded([page("c")], (0,)), finishReason="STOP")
    assert cited(received(first, second)) == ["b", "c", "a"]


def test_repeated_sources_are_cited_once() -> None:
    first = candidate({"text": "Yes."}, **grounded([page("a")], (0,)))
    second = candidate({"text": " So."}, **grounded([page("a"), page("b")], (0,), (1,)), finishReason="STOP")
    assert cited(received(first, second)) == ["a", "b"]


def test_maps_and_images_are_sources() -> None:
    actual = [
        {"maps": {"uri": "https://m.example", "title": "m"}},
        {"image": {"sourceUri": "https://i.example", "title": "i"}},
    ]
    assert cited(whole({"text": "Yes."}, **grounded([None, *actual], (1,)))) == ["m", "i"]


def test_sources_without_text_are_preserved() -> None:
    assert cited(whole({"functionCall": {"name": "add"}}, **grounded([page("a")]))) == ["a"]


def test_search_entry_point_is_in_extras() -> None:
    entry = {"searchEntryPoint": {"renderedContent": "<b>"}, "webSearchQueries": ["q"]}
    ratings = [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}]
    answer = whole({"text": "Yes."}, groundingMetadata=entry, safetyRatings=ratings)
    assert answer.extras == {"groundingMetadata": entry, "safetyRatings": ratings}


@pytest.mark.parametrize("data", [b"", b" ", b"null", b"[DONE]"])
def test_empty_events_are_ignored(data: bytes) -> None:
    assert list(CODEC.decoder(GeminiQuirks()).frame(Frame(data))) == []


def test_event_may_be_a_list() -> None:
    assert received([candidate({"text": "Yes."}), END]).text() == "Yes."


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}},
        [{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}],
        {"error": "overloaded"},
        {"message": "overloaded"},
    ],
)
def test_error_body_with_status_200_is_read(event: Any) -> None:
    assert "overloaded" in str(folded(CODEC.decoder(GeminiQuirks()).whole(event)).error)
    assert "overloaded" in (received(candidate({"text": "Ye"}), event).error or "")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (1, "stop"),
        (2, "length"),
        (3, "content_filter"),
        (5, "other"),
        (8, "content_filter"),
        (9, "error"),
        (99, "other"),
    ],
)
def test_numeric_finish_reasons_are_mapped(raw: int, reason: str) -> None:
    assert whole({"text": "Yes."}, finishReason=raw).finish_reason == reason


def test_arguments_that_start_empty_are_extended() -> None:
    pieces = [{"jsonPath": "$.a", "nullValue": "NULL_VALUE"}, None, {"jsonPath": "$.a.b", "stringValue": "x"}]
    call = {"functionCall": {"name": "add", "partialArgs": pieces}}
    assert [call.arguments for call in whole(call).tool_calls()] == [{"a": {"b": "x"}}]
