"""Responses of hosts for operations other than chat in another shape, or instead of an answer."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.providers.operation_routes import operation_route
from dhenara.ai.providers.provider import load_provider
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types.operations.text_operations import EmbeddingResponse, ModerationResponse, RerankResponse
from dhenara.ai.wire.sse import Frame


def decoder(provider: str, operation: str, model: str = "m") -> Any:
    route = operation_route(load_provider(provider), model, operation)
    return load_codec(route.codec).decoder(route.quirks)


def folded(deltas: Any) -> ResponseBuilder:
    draft = ResponseBuilder()
    for delta in deltas:
        draft.add(delta)
    return draft


def read(provider: str, operation: str, body: Any) -> Any:
    return folded(decoder(provider, operation).whole(body)).result()


@pytest.mark.parametrize(
    ("provider", "operation"),
    [
        ("openai", "embed"),
        ("cohere", "embed"),
        ("google_ai", "embed"),
        ("cohere", "rerank"),
        ("openai", "moderate"),
        ("mistral", "ocr"),
        ("anthropic", "count_tokens"),
        ("google_ai", "count_tokens"),
        ("openai", "image"),
    ],
)
@pytest.mark.parametrize("body", [{"error": {"message": "overloaded"}}, {"message": "overloaded"}])
def test_an_error_in_the_place_of_an_answer_says_what_it_says(provider: str, operation: str, body: Any) -> None:
    assert "overloaded" in str(folded(decoder(provider, operation).whole(body)).error)


def test_what_is_no_answer_and_says_nothing_is_no_answer() -> None:
    with pytest.raises(KeyError):
        list(decoder("openai", "embed").whole({"object": "list"}))


def test_a_single_vector_may_stand_alone() -> None:
    answer = read("google_ai", "embed", {"embedding": {"values": [0.5, 1.0]}})
    assert isinstance(answer, EmbeddingResponse)
    assert [list(vector) for vector in answer.vectors] == [[0.5, 1.0]]


@pytest.mark.parametrize("results", ["results", "data"])
@pytest.mark.parametrize("score", ["relevance_score", "score"])
def test_scores_are_read_under_either_name(results: str, score: str) -> None:
    answer = read("cohere", "rerank", {results: [{"index": 1, score: 0.5}, {"index": 0, score: 1}]})
    assert isinstance(answer, RerankResponse)
    assert [(one.index, one.score) for one in answer.results] == [(0, 1.0), (1, 0.5)]


def test_a_verdict_may_leave_out_its_scores() -> None:
    answer = read("openai", "moderate", {"results": [{"categories": {"hate": True}, "category_scores": None}]})
    assert isinstance(answer, ModerationResponse)
    assert [(one.flagged, one.scores) for one in answer.results] == [(True, {})]


@pytest.mark.parametrize("data", [b"", b" ", b"null", b"{}"])
def test_events_that_say_nothing_are_passed_over(data: bytes) -> None:
    for codec in ("openai_rest.images.ImageReader", "openai_rest.transcription.TranscriptionReader"):
        module, _, name = codec.rpartition(".")
        reader = getattr(__import__(f"dhenara.ai.codecs.{module}", fromlist=[name]), name)()
        assert list(reader.frame(Frame(data))) == []
