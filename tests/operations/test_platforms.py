"""The operations other than chat on the platforms of clouds: their addresses, versions and names."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import FakeServer, SampleOperations
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ToolDefinition
from support.worlds import World

LOOK = ToolDefinition(name="look", parameters={"type": "object", "properties": {}})


def at(provider: str, model: str, url: str, **config: Any) -> AIModelClient:
    api = AIModelAPI(provider=provider, api_key="k", config={"base_url": url, **config})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name=model)))


def test_vertex_predicts_vectors_and_pictures_and_counts_contents_alone(world: World, server: FakeServer) -> None:
    server.add_replies(*[SampleOperations(4)] * 5)
    client = at("google_vertex_ai", "gemini-embedding-001", server.url)
    two = world.ask(client, "embed", ["a", "b"], input_type="query", dimensions=4, concurrency=1)
    assert len(two.vectors) == 2
    requested = server.exchanges[0]
    assert requested.path == "/v1beta1/publishers/google/models/gemini-embedding-001:predict"
    assert requested.json == {
        "instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}],
        "parameters": {"outputDimensionality": 4},
    }
    world.close(client)
    painter = at("google_vertex_ai", "imagen-4.0-generate-001", server.url)
    assert world.run(painter, "A cat").image_response.images
    assert server.exchanges[2].path.endswith("/models/imagen-4.0-generate-001:predict")
    world.close(painter)
    talker = at("google_vertex_ai", "gemini-3.8-flash", server.url)
    assert not world.ask(talker, "count_tokens", "?", tools=[LOOK]).estimated
    assert server.exchanges[3].path.endswith("/models/gemini-3.8-flash:countTokens")
    assert sorted(server.exchanges[3].json) == ["contents", "tools"]
    world.close(talker)


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({}, "/openai/v1/embeddings"),
        ({"api_version": "2024-10-21"}, "/openai/deployments/my-vectors/embeddings?api-version=2024-10-21"),
    ],
    ids=["current", "dated"],
)
def test_azure_has_an_address_for_each_version(config: dict[str, str], path: str, server: FakeServer) -> None:
    server.add_replies(SampleOperations(4), SampleOperations())
    with at("microsoft_openai", "my-vectors", server.url, **config) as client:
        assert client.embed("a").dimensions == 4
    assert server.exchanges[0].path == path
    assert server.exchanges[0].headers["api-key"] == "k"
    with at("microsoft_openai", "gpt-image-2", server.url, **config) as client:
        assert client.generate("A cat").image_response.images
    assert "/images/generations" in server.exchanges[1].path


def test_bedrock_ranks_at_a_host_of_its_own_in_the_region_of_the_environment() -> None:
    endpoint = AIModelEndpoint(
        api=AIModelAPI(provider="amazon_bedrock"), ai_model=AIModel(model_name="cohere.rerank-v3-5:0")
    )
    environment = {"AWS_REGION": "eu-west-1", "AWS_BEARER_TOKEN_BEDROCK": "k"}
    target = resolve(endpoint, environment, "rerank")
    assert target.base_url == "https://bedrock-agent-runtime.eu-west-1.amazonaws.com"
    assert target.endpoint.api.config["region"] == "eu-west-1"
    assert target.auth_context.key == "k"
