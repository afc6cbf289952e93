"""What a client offers beyond answers: listings of models and embeddings."""

from __future__ import annotations

import json

import pytest

from ai_utilities import AiSettings, ProviderConfigurationError
from dhenara.ai.testing import Answer, FakeServer, Raw
from support.kit import Uniform, run, settings
from support.worlds import World


def listed(*names: str) -> Raw:
    return Raw(json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in names]}).encode())


def embedded(*vectors: list[float]) -> Raw:
    data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
    return Raw(json.dumps({"object": "list", "data": data, "usage": {"prompt_tokens": 4, "total_tokens": 4}}).encode())


def test_models_are_listed_by_name(server: FakeServer, world: World) -> None:
    server.add_replies(listed("small", "large"))

    async def script(client: Uniform) -> None:
        assert await client.list_models() == ["small", "large"]

    run(world, script, settings(server.url))


def test_the_default_model_of_a_local_server_is_the_first_it_lists(server: FakeServer, world: World) -> None:
    server.add_replies(listed("loaded", "other"), Answer(text="hi"), listed("loaded"), Answer(text="ho"))

    async def script(client: Uniform) -> None:
        assert await client.ask("hello") == "hi"
        assert await client.pieces(await client.ask_stream("hello")) == ["ho"]

    run(world, script, AiSettings(provider="vllm", base_url=f"{server.url}/v1"))
    assert server.exchanges[1].json["model"] == server.exchanges[3].json["model"] == "loaded"


def test_a_server_without_a_model_is_reported(server: FakeServer, world: World) -> None:
    server.add_replies(listed())

    async def script(client: Uniform) -> None:
        await client.ask("hello")

    with pytest.raises(ProviderConfigurationError, match="vllm has no model loaded"):
        run(world, script, AiSettings(provider="vllm", base_url=f"{server.url}/v1"))


def test_texts_become_vectors_in_their_order(server: FakeServer, world: World) -> None:
    server.add_replies(embedded([1.0, 0.0], [0.0, 1.0]), embedded([0.5, 0.5]))

    async def script(client: Uniform) -> None:
        assert await client.embed(["a", "b"]) == [[1.0, 0.0], [0.0, 1.0]]
        assert await client.embed(["c"], model="mine", dimensions=2) == [[0.5, 0.5]]

    run(world, script, settings(server.url))
    assert server.exchanges[0].json["model"] == "text-embedding-3-small"
    assert (server.exchanges[1].json["model"], server.exchanges[1].json["dimensions"]) == ("mine", 2)


def test_a_provider_without_a_usual_embedder_asks_for_one(world: World) -> None:
    async def script(client: Uniform) -> None:
        await client.embed(["a"])

    with pytest.raises(ProviderConfigurationError, match="AI_EMBEDDING_MODEL"):
        run(world, script, AiSettings(provider="together", api_key="k"))
