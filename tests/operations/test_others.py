"""Rerank, moderation, token counts and OCR through the client, in every world and for every provider that has them."""

from __future__ import annotations

import json

import pytest

from dhenara.ai import AIModelClient, Provider
from dhenara.ai.errors import ConfigurationError, ServerError, UnsupportedError
from dhenara.ai.providers.provider import known_names, load_provider
from dhenara.ai.testing import FakeServer, Raw, Refusal, SampleOperations
from dhenara.ai.testing.sample_operations import png
from dhenara.ai.types import AIModelCallConfig, FileContent, ImageContent, ToolDefinition
from support.worlds import World, endpoint

SOON = {"retry-after-ms": "5"}
DOCUMENTS = ["Paris is in France", "Ruby is a programming language", "a ruby is red"]


def offering(operation: str) -> list[str]:
    """Every provider that has this operation."""
    names = {load_provider(name).name for name in known_names()}
    return sorted(name for name in names if operation in offered(load_provider(name)))


def offered(provider: Provider) -> set[str]:
    return {*(route.operation for route in provider.operations), *provider.by_chat}


def at(provider: str, server: FakeServer, model: str = "m-1") -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider, model, region="us-east-1"))


@pytest.mark.parametrize("provider", [p for p in offering("embed") if p != "local"])
def test_each_provider_embeds_in_its_own_words(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), SampleOperations(4))
    # Of the many models on Bedrock, those that embed are known by their names.
    client = at(provider, server, "cohere.embed-v4:0" if provider == "amazon_bedrock" else "m-1")
    answer = world.ask(client, "embed", ["abc", "abc", "xyz"])
    assert answer.vectors[0] == answer.vectors[1] != answer.vectors[2]
    assert (answer.dimensions, answer.provider) == (4, provider)
    assert answer.usage.input_tokens == 3
    assert len(answer.attempts) == 2
    world.close(client)


@pytest.mark.parametrize("provider", [p for p in offering("rerank") if p not in ("local", "amazon_bedrock")])
def test_the_best_document_comes_first(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), SampleOperations())
    client = at(provider, server, "rerank-2.5" if provider == "voyage" else "m-1")
    answer = world.ask(client, "rerank", "a programming language", DOCUMENTS, top_n=2)
    assert answer.documents() == [DOCUMENTS[1], DOCUMENTS[2]]
    assert [one.index for one in answer.results] == [1, 2]
    assert answer.results[0].score == 1.0
    assert len(answer.attempts) == 2
    assert server.exchanges[1].json["top_k" if provider == "voyage" else "top_n"] == 2
    world.close(client)


def test_bedrock_names_the_model_with_its_region(world: World, server: FakeServer) -> None:
    body = {"results": [{"index": 1, "relevanceScore": 0.9}, {"index": 0, "relevanceScore": 0.1}]}
    server.add_replies(Raw(json.dumps(body).encode()))
    client = at("amazon_bedrock", server, "cohere.rerank-v3-5:0")
    answer = world.ask(client, "rerank", "red", DOCUMENTS, top_n=2)
    assert answer.documents() == [DOCUMENTS[1], DOCUMENTS[0]]
    requested = server.exchanges[0].json["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    arn = "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"
    assert requested == {"modelConfiguration": {"modelArn": arn}, "numberOfResults": 2}
    world.close(client)


@pytest.mark.parametrize("provider", offering("moderate"))
def test_texts_are_judged_one_by_one(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    client = at(provider, server)
    answer = world.ask(client, "moderate", ["I love you", "I kill you"])
    assert [one.flagged for one in answer.results] == [False, True]
    assert answer.flagged
    assert answer.results[1].reasons() == ["violence"]
    world.close(client)


def test_pictures_are_judged_where_the_host_looks_at_them(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    with at("openai", server) as client:
        assert len(client.moderate(["a caption", ImageContent(url="https://x.example/a.png")]).results) == 1
    assert [part["type"] for part in server.exchanges[0].json["input"]] == ["text", "image_url"]
    with at("mistral", server) as client, pytest.raises(UnsupportedError, match="only text"):
        client.moderate(ImageContent(url="https://x.example/a.png"))


@pytest.mark.parametrize("provider", [p for p in offering("count_tokens") if p != "local"])
def test_tokens_are_counted_by_the_provider(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), SampleOperations())
    # Foundry counts for Claude alone.
    client = at(provider, server, "claude-opus-4-5" if provider == "microsoft_azure_ai" else "m-1")
    look = ToolDefinition(name="look", parameters={"type": "object", "properties": {}})
    answer = world.ask(client, "count_tokens", "How many?", instructions="Be brief.", tools=[look])
    assert answer.input_tokens > 0
    assert not answer.estimated
    assert b"look" in server.exchanges[1].body
    assert b"Be brief." in server.exchanges[1].body
    assert b"max_tokens" not in server.exchanges[1].body
    world.close(client)


def test_where_nobody_counts_the_number_is_an_estimate_and_says_so(world: World, server: FakeServer) -> None:
    client = at("groq", server)
    answer = world.ask(client, "count_tokens", "word " * 300, instructions="Be brief.")
    assert answer.estimated
    assert 300 <= answer.input_tokens <= 450
    assert world.ask(client, "count_tokens", "猫" * 100).input_tokens >= 100
    with pytest.raises(UnsupportedError, match="groq: token counting not offered"):
        world.ask(client, "count_tokens", "?", estimate=False)
    world.close(client)
    here = at("anthropic", server)
    assert world.ask(here, "count_tokens", "How many?", estimate=True).estimated
    world.close(here)
    assert server.exchanges == []


def test_pages_are_read(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), SampleOperations(), SampleOperations(), SampleOperations())
    client = at("mistral", server)
    paper = FileContent(data=b"%PDF-1.7", mime_type="application/pdf", name="a.pdf")
    answer = world.ask(client, "ocr", paper, pages=[0, 2], include_images=True)
    assert answer.text() == "# Page 1\n\n# Page 3"
    assert answer.usage.units == {"pages": 2}
    world.ask(client, "ocr", ImageContent(data=png()))
    world.ask(client, "ocr", FileContent(file_id="file-1"))
    first, second, third = (exchange.json for exchange in server.exchanges[1:])
    assert first["document"]["document_url"].startswith("data:application/pdf;base64,")
    assert first["document"]["document_name"] == "a.pdf"
    assert (first["pages"], first["include_image_base64"]) == ([0, 2], True)
    assert second["document"]["image_url"].startswith("data:image/png;base64,")
    assert third["document"] == {"type": "file", "file_id": "file-1"}
    world.close(client)


def test_a_client_that_streams_asks_for_whole_documents_all_the_same(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    with AIModelClient(endpoint(server.url), AIModelCallConfig(streaming=True)) as client:
        assert client.embed("a").vectors
    assert "stream" not in server.exchanges[0].json


def test_a_server_that_stays_down_is_an_error_with_all_attempts(world: World) -> None:
    with FakeServer(Refusal(500, "oops", headers=SOON), forever=True) as server:
        client = at("cohere", server)
        with pytest.raises(ServerError) as failed:
            world.ask(client, "rerank", "a", DOCUMENTS, retries=2)
        assert [attempt.status for attempt in failed.value.attempts] == [500, 500, 500]
        world.close(client)


def test_nothing_cannot_be_ranked_judged_or_read(server: FakeServer) -> None:
    with at("cohere", server) as client:
        with pytest.raises(ConfigurationError, match="documents"):
            client.rerank("a", [])
        with pytest.raises(ConfigurationError, match="query"):
            client.rerank("", DOCUMENTS)
    with at("openai", server) as client, pytest.raises(ConfigurationError, match="inputs"):
        client.moderate([])
    assert server.exchanges == []
