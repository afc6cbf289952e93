"""Vectors of pictures, and vectors on Amazon Bedrock: as their vendors describe them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from ai_utilities.cache import CacheLayer, MemoryCache
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, UnsupportedError
from dhenara.ai.testing import FakeServer, Raw, Refusal, SampleOperations
from dhenara.ai.testing.sample_operations import png
from dhenara.ai.types import ImageContent
from support.worlds import World, endpoint

OTTER = ImageContent(data=png(), mime_type="image/png")
SEEN = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
SEEING = [
    ("cohere", "embed-v4.0"),
    ("voyage", "voyage-multimodal-3.5"),
    ("google_ai", "gemini-embedding-2"),
    ("amazon_bedrock", "cohere.embed-v4:0"),
]
BLIND = [
    ("openai", "text-embedding-3-small"),
    ("google_ai", "gemini-embedding-001"),
    ("voyage", "voyage-3.5"),
    ("ollama", "all-minilm"),
    ("amazon_bedrock", "amazon.titan-embed-text-v2:0"),
]


def at(provider: str, model: str, server: FakeServer, **more: Any) -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider, model, region="us-east-1"), **more)


@pytest.mark.parametrize(("provider", "model"), SEEING)
def test_pictures_among_texts_have_vectors_in_their_place(
    provider: str, model: str, world: World, server: FakeServer
) -> None:
    server.add_replies(Refusal(503, "later", headers={"retry-after-ms": "5"}), SampleOperations(), SampleOperations())
    client = at(provider, model, server)
    actual = world.ask(client, "embed", ["an otter", OTTER, "a cat"])
    assert len(actual.vectors) == 3
    assert len(actual.attempts) == 2
    assert base64.b64encode(png()).decode() in server.exchanges[1].body.decode()
    assert len(world.ask(client, "embed", OTTER).vectors) == 1
    world.close(client)


@pytest.mark.parametrize(("provider", "model"), BLIND)
def test_a_model_that_does_not_see_says_so_first(provider: str, model: str, world: World, server: FakeServer) -> None:
    client = at(provider, model, server)
    with pytest.raises(UnsupportedError, match="embeddings of pictures are not supported"):
        world.ask(client, "embed", ["an otter", OTTER])
    world.close(client)
    assert server.exchanges == []


def test_requests_are_valid_for_the_types_of_coheres_sdk(server: FakeServer) -> None:
    cohere = pytest.importorskip("cohere")
    server.add_replies(SampleOperations())
    with at("cohere", "embed-v4.0", server) as client:
        client.embed(["an otter", OTTER], dimensions=256)
    requested = server.exchanges[0].json
    inputs = TypeAdapter(list[cohere.EmbedInput]).validate_python(requested["inputs"])
    assert [one.content[0].type for one in inputs] == ["text", "image_url"]
    assert inputs[1].content[0].image_url.url == SEEN
    assert "texts" not in requested


def test_requests_are_valid_for_the_types_of_googles_sdk(server: FakeServer) -> None:
    types = pytest.importorskip("google.genai.types")
    server.add_replies(SampleOperations())
    with at("google_ai", "gemini-embedding-2", server) as client:
        client.embed(["an otter", OTTER])
        with pytest.raises(UnsupportedError, match="Pass ImageContent"):
            client.embed(ImageContent(url="https://example.org/otter.png"))
    contents = [types.Content.model_validate(one["content"]) for one in server.exchanges[0].json["requests"]]
    assert contents[1].parts[0].inline_data.data == png()


def test_voyage_takes_words_and_pictures_side_by_side(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    by_address = ImageContent(url="https://example.org/otter.png")
    with at("voyage", "voyage-multimodal-3.5", server) as client:
        client.embed(["an otter", OTTER, by_address], input_type="document", truncate=True)
    assert server.exchanges[0].path == "/v1/multimodalembeddings"
    assert server.exchanges[0].json == {
        "model": "voyage-multimodal-3.5",
        "inputs": [
            {"content": [{"type": "text", "text": "an otter"}]},
            {"content": [{"type": "image_base64", "image_base64": SEEN}]},
            {"content": [{"type": "image_url", "image_url": "https://example.org/otter.png"}]},
        ],
        "input_type": "document",
        "truncation": True,
    }


def test_pictures_are_known_by_what_is_in_them(server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 2)
    with at("cohere", "embed-v4.0", server, layers=[CacheLayer(MemoryCache())]) as client:
        first = client.embed(["an otter", OTTER]).vectors[1]
        again = client.embed([ImageContent(data=png(), mime_type="image/png"), ImageContent(data=png(2, 2))]).vectors
    assert again[0] == first
    assert len(server.exchanges[1].json["inputs"]) == 1


def test_titan_takes_one_text_a_request_and_counts_its_tokens(world: World, server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 2)
    client = at("amazon_bedrock", "amazon.titan-embed-text-v2:0", server)
    actual = world.ask(client, "embed", ["one text", "another"], dimensions=256, concurrency=1, input_type="query")
    world.close(client)
    assert [exchange.json for exchange in server.exchanges] == [
        {"inputText": "one text", "dimensions": 256},
        {"inputText": "another", "dimensions": 256},
    ]
    assert server.exchanges[0].path == "/model/amazon.titan-embed-text-v2%3A0/invoke"
    assert (actual.dimensions, actual.usage.input_tokens) == (256, 3)
    assert [warning.parameter for warning in actual.warnings] == ["input_type"]


@pytest.mark.parametrize("typed", [True, False])
def test_cohere_on_bedrock_gets_no_model_name_and_counts_in_a_header(
    typed: bool, world: World, server: FakeServer
) -> None:
    vectors = {"float": [[0.5, 1.0]]} if typed else [[0.5, 1.0]]
    body = json.dumps({"id": "e1", "embeddings": vectors}).encode()
    server.add_replies(Raw(body, headers={"content-type": "application/json", "x-amzn-bedrock-input-token-count": "7"}))
    client = at("amazon_bedrock", "us.cohere.embed-v4:0", server)
    actual = world.ask(client, "embed", ["a text"], input_type="query", dimensions=256)
    world.close(client)
    assert server.exchanges[0].json == {
        "texts": ["a text"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 256,
    }
    assert (actual.vectors, actual.usage.input_tokens, actual.id) == ([[0.5, 1.0]], 7, "e1")


def test_an_error_of_bedrock_contains_its_message(world: World, server: FakeServer) -> None:
    server.add_replies(Raw(b'{"message": "Malformed input request"}', 400))
    client = at("amazon_bedrock", "amazon.titan-embed-text-v2:0", server)
    with pytest.raises(BadRequestError, match="Malformed input request"):
        world.ask(client, "embed", "x")
    world.close(client)
