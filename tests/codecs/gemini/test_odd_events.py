"""What Gemini's hosts leave out, or tell bit by bit: read as it was meant."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.gemini.codec import CODEC
from dhenara.ai.codecs.gemini.quirks import GeminiQuirks
from dhenara.ai.types import ChatResponse
from dhenara.ai.types.content.parts import ImageContent, TextContent
from dhenara.ai.wire import json
from dhenara.ai.wire.frame import Frame
from support.folding import folded


def heard(*events: Any) -> ChatResponse:
    decoder = CODEC.decoder(GeminiQuirks())
    told = [delta for event in events for delta in decoder.frame(Frame(json.dumps(event)))]
    return folded([*told, *decoder.finish()]).response()


def candidate(*parts: Any, **beside: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, **beside}]}


def whole(*parts: Any, **beside: Any) -> ChatResponse:
    return folded(
        CODEC.decoder(GeminiQuirks()).whole(candidate(*parts, **{"finishReason": "STOP", **beside}))
    ).response()


END = candidate(finishReason="STOP")


def test_parts_and_fields_that_are_null_are_passed_over() -> None:
    answer = whole(
        None, {"text": None, "functionCall": None}, {"text": "Yes.", "thoughtSignature": None, "inlineData": None}
    )
    assert [part.text for part in answer.contents if isinstance(part, TextContent)] == ["Yes."]


@pytest.mark.parametrize("args", [{"a": 1}, '{"a": 1}'])
def test_arguments_may_be_an_object_or_its_text(args: Any) -> None:
    assert [call.arguments for call in whole({"functionCall": {"name": "add", "args": args}}).tool_calls()] == [
        {"a": 1}
    ]


def test_a_signature_that_comes_alone_is_kept() -> None:
    answer = heard(candidate({"text": "Yes."}), candidate({"thoughtSignature": "s"}, finishReason="STOP"))
    assert answer.text() == "Yes."
    assert [part.extras.get("thought_signature") for part in answer.contents] == [None, "s"]


def test_a_picture_that_was_only_thought_says_so() -> None:
    (picture,) = whole({"inlineData": {"mimeType": "image/png", "data": "QUJD"}, "thought": True}).contents
    assert isinstance(picture, ImageContent)
    assert (picture.data, picture.extras) == (b"ABC", {"thought": True})


def page(name: str) -> dict[str, Any]:
    return {"web": {"uri": f"https://{name}.example", "title": name}}


def grounded(chunks: list[Any], *supports: tuple[int, ...]) -> dict[str, Any]:
    told = [{"segment": {"endIndex": 3}, "groundingChunkIndices": list(support)} for support in supports]
    return {"groundingMetadata": {"groundingChunks": chunks, "groundingSupports": told}}


def cited(answer: ChatResponse) -> list[str | None]:
    return [source.title for part in answer.contents if isinstance(part, TextContent) for source in part.citations]


def test_sources_that_are_told_bit_by_bit_are_all_cited() -> None:
    first = candidate({"text": "Yes."}, **grounded([page("a"), page("b")], (1,)))
    second = candidate({"text": " So."}, **grounded([page("c")], (0,)), finishReason="STOP")
    assert cited(heard(first, second)) == ["b", "c", "a"]


def test_sources_that_are_told_again_are_cited_once() -> None:
    first = candidate({"text": "Yes."}, **grounded([page("a")], (0,)))
    second = candidate({"text": " So."}, **grounded([page("a"), page("b")], (0,), (1,)), finishReason="STOP")
    assert cited(heard(first, second)) == ["a", "b"]


def test_places_and_pictures_are_sources_too() -> None:
    found = [
        {"maps": {"uri": "https://m.example", "title": "m"}},
        {"image": {"sourceUri": "https://i.example", "title": "i"}},
    ]
    assert cited(whole({"text": "Yes."}, **grounded([None, *found], (1,)))) == ["m", "i"]


def test_sources_without_a_word_are_kept() -> None:
    assert cited(whole({"functionCall": {"name": "add"}}, **grounded([page("a")]))) == ["a"]


def test_what_must_be_shown_beside_a_search_is_kept_beside_the_answer() -> None:
    entry = {"searchEntryPoint": {"renderedContent": "<b>"}, "webSearchQueries": ["q"]}
    ratings = [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}]
    answer = whole({"text": "Yes."}, groundingMetadata=entry, safetyRatings=ratings)
    assert answer.extras == {"groundingMetadata": entry, "safetyRatings": ratings}


@pytest.mark.parametrize("data", [b"", b" ", b"null", b"[DONE]"])
def test_events_that_say_nothing_are_passed_over(data: bytes) -> None:
    assert list(CODEC.decoder(GeminiQuirks()).frame(Frame(data))) == []


def test_an_event_may_be_a_list_of_events() -> None:
    assert heard([candidate({"text": "Yes."}), END]).text() == "Yes."


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}},
        [{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}],
        {"error": "overloaded"},
        {"message": "overloaded"},
    ],
)
def test_an_error_in_the_place_of_an_answer_says_what_it_says(event: Any) -> None:
    assert "overloaded" in str(folded(CODEC.decoder(GeminiQuirks()).whole(event)).error)
    assert "overloaded" in (heard(candidate({"text": "Ye"}), event).error or "")


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
def test_numbers_of_reasons_mean_what_their_names_mean(raw: int, reason: str) -> None:
    assert whole({"text": "Yes."}, finishReason=raw).finish_reason == reason


def test_arguments_that_begin_with_nothing_may_grow() -> None:
    pieces = [{"jsonPath": "$.a", "nullValue": "NULL_VALUE"}, None, {"jsonPath": "$.a.b", "stringValue": "x"}]
    call = {"functionCall": {"name": "add", "partialArgs": pieces}}
    assert [call.arguments for call in whole(call).tool_calls()] == [{"a": {"b": "x"}}]
