"""Every recorded exchange of the operations other than chat, read as a correct client reads it."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import pytest

from dhenara.ai.codecs.base import Codec, load_codec
from dhenara.ai.codecs.operations.quirks import EmbeddingQuirks
from dhenara.ai.errors import BadRequestError, CallError, NotFoundError
from dhenara.ai.providers.operation_routes import embeddings, operation_route
from dhenara.ai.providers.provider import Route, find_provider
from dhenara.ai.types.chat.report import Result, TokenCountResponse
from dhenara.ai.types.chat.usage import Usage
from dhenara.ai.types.operations.images import ImageResponse
from dhenara.ai.types.operations.text_operations import (
    EmbeddingResponse,
    ModerationResponse,
    OcrResponse,
    RerankResponse,
)
from support.corpus import Exchange, body_bytes, exchanges, head_of, read

# What the recordings call an API, and where it is offered; those with None are found by their provider.
OFFERED: dict[str, tuple[str | None, str]] = {
    "embeddings": (None, "embed"),
    "cohere-embed": ("cohere", "embed"),
    "gemini-embeddings": ("google_ai", "embed"),
    "vertex-predict": ("google_vertex_ai", "embed"),
    "rerank": (None, "rerank"),
    "moderations": (None, "moderate"),
    "ocr": (None, "ocr"),
    "images": (None, "image"),
    "anthropic-count-tokens": ("anthropic", "count_tokens"),
    "gemini-count-tokens": ("google_ai", "count_tokens"),
    "bedrock-count-tokens": ("amazon_bedrock", "count_tokens"),
    "responses-input-tokens": ("openai", "count_tokens"),
}
FALLBACKS = {"vertex-predict": Route("vertex.embeddings", EmbeddingQuirks(), operation="embed")}
NAMES = {"azure": "microsoft_openai", "gemini": "google_ai", "bedrock": "amazon_bedrock"}


def route_for(exchange: Exchange) -> Route:
    provider, operation = OFFERED[exchange["api"]]
    known = find_provider(provider or NAMES.get(exchange["provider"], exchange["provider"]))
    if known is None:
        return FALLBACKS.get(exchange["api"]) or embeddings()
    return operation_route(known, "m", operation)


def recorded(kind: str) -> list[Any]:
    actual = [
        pytest.param(exchange, id=f"{exchange['provider']}-{exchange['id'][-100:]}".replace("/", "."))
        for api in OFFERED
        for exchange in exchanges(api, lambda e: e["expected"]["kind"] == kind)
    ]
    skip = pytest.mark.skip(reason="the recorded traffic is not available")
    return actual or [pytest.param(None, marks=skip)]


def result_of(exchange: Exchange) -> Result:
    route = route_for(exchange)
    codec: Codec[Any] = load_codec(route.codec)
    draft = read(codec, route.quirks, exchange)
    assert draft.complete
    result = draft.result()
    assert result is not None
    return result


@pytest.mark.parametrize("exchange", recorded("embeddings"))
def test_vectors_are_those_that_were_sent(exchange: Exchange) -> None:
    expected, result = exchange["expected"], result_of(exchange)
    assert isinstance(result, EmbeddingResponse)
    assert len(result.vectors) == expected["vectors"]
    if not any(map(math.isnan, expected["sum"])):
        assert {len(vector) for vector in result.vectors} == set(expected["dims"])
        assert [vector[:3] for vector in result.vectors] == expected["head"]
        assert [round(sum(vector), 6) for vector in result.vectors] == pytest.approx(expected["sum"], abs=2e-6)
    assert result.model == expected["model"]
    assert counted(result.usage) == (expected["usage"] or {}).get("input_tokens", 0)


def test_bytes_are_not_taken_for_floats() -> None:
    """The recording's own expectation reads the bytes of these vectors as floats, which they are not."""
    for exchange in exchanges("embeddings", lambda e: e["provider"] == "perplexity"):
        result = result_of(exchange)
        assert isinstance(result, EmbeddingResponse)
        assert result.dimensions == 1024
        assert result.vectors[0][:3] == [-10.0, -58.0, 0.0]
        assert all(-128 <= number <= 127 for number in result.vectors[0])
        assert result.usage is not None
        assert result.usage.reported_cost == 2.8e-08


@pytest.mark.parametrize("exchange", recorded("rerank"))
def test_documents_are_ranked_as_they_were(exchange: Exchange) -> None:
    expected, result = exchange["expected"], result_of(exchange)
    assert isinstance(result, RerankResponse)
    assert [[one.index, one.score] for one in result.results] == expected["results"]
    assert result.id == expected["id"]


@pytest.mark.parametrize("exchange", recorded("moderation"))
def test_judgements_are_those_that_were_given(exchange: Exchange) -> None:
    expected, result = exchange["expected"], result_of(exchange)
    assert isinstance(result, ModerationResponse)
    assert [one.flagged for one in result.results] == expected["flagged"]
    assert (result.id, result.model) == (expected["id"], expected["model"])
    assert all(one.categories.keys() == one.scores.keys() for one in result.results)


@pytest.mark.parametrize("exchange", recorded("count_tokens"))
def test_tokens_are_counted_as_they_were(exchange: Exchange) -> None:
    result = result_of(exchange)
    assert isinstance(result, TokenCountResponse)
    assert (result.input_tokens, result.estimated) == (exchange["expected"]["input_tokens"], False)


@pytest.mark.parametrize("exchange", recorded("media"))
def test_pictures_are_those_that_were_drawn(exchange: Exchange) -> None:
    expected, result = exchange["expected"], result_of(exchange)
    assert isinstance(result, ImageResponse)
    for picture, reported in zip(result.images, expected["media"], strict=True):
        assert picture.url == reported.get("url")
        if "sha256" in reported:
            assert (len(picture.bytes), hashlib.sha256(picture.bytes).hexdigest()) == (
                reported["bytes"],
                reported["sha256"],
            )
            assert picture.mime_type == "image/png"
            assert picture.size == (1024, 1024)
    assert result.usage is not None
    assert result.usage.units == {"images": len(expected["media"])}


@pytest.mark.parametrize("exchange", recorded("other"))
def test_pages_are_read_as_they_were(exchange: Exchange) -> None:
    body, result = json.loads(body_bytes(exchange)), result_of(exchange)
    assert isinstance(result, OcrResponse)
    assert [page.markdown for page in result.pages] == [page["markdown"] for page in body["pages"]]
    assert result.usage is not None
    assert result.usage.units == {"pages": body["usage_info"]["pages_processed"]}
    assert [page.width for page in result.pages] == [page["dimensions"]["width"] for page in body["pages"]]


@pytest.mark.parametrize("exchange", recorded("error"))
def test_an_error_contains_the_message_of_the_provider(exchange: Exchange) -> None:
    expected = exchange["expected"]["error"]
    error = load_codec(route_for(exchange).codec).error(head_of(exchange), body_bytes(exchange))
    kinds: dict[int, type[CallError]] = {400: BadRequestError, 404: NotFoundError}
    assert isinstance(error, kinds[exchange["status"]])
    assert expected["message"] in error.message
    assert error.provider_code == expected["code"]


def counted(usage: Usage | None) -> int:
    return usage.prompt_tokens if usage else 0
