"""Embeddings through the client, in every world."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import numpy
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    BadAnswerError,
    BadRequestError,
    ConfigurationError,
    SyncAsyncMismatchError,
    UnsupportedError,
)
from dhenara.ai.testing import FakeServer, Refusal
from dhenara.ai.testing.answer import Raw, ReceivedRequest
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ChatModelCostData
from dhenara.ai.types.operations.text_operations import EmbeddingResponse
from support.worlds import World, endpoint

SOON = {"retry-after-ms": "5"}


class Vectors:
    """Answers each text with its length, in whichever form was asked for; out of order, as servers may."""

    def steps(self, requested: ReceivedRequest) -> Any:
        texts = requested.json["input"]
        packs = requested.json.get("encoding_format") == "base64"
        data = [{"index": n, "embedding": self.vector(text, packs)} for n, text in enumerate(texts)]
        body = {
            "model": "fake-1",
            "data": data[::-1],
            "usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)},
        }
        return Raw(json.dumps(body).encode()).steps(requested)

    def vector(self, text: str, packs: bool) -> Any:
        numbers = [float(len(text)), 0.5]
        return base64.b64encode(struct.pack("<2f", *numbers)).decode() if packs else numbers


def test_every_text_has_its_vector(world: World, server: FakeServer) -> None:
    server.add_replies(Vectors())
    client = AIModelClient(endpoint(server.url, model="text-embedding-3-small"))
    answer: EmbeddingResponse = world.ask(client, "embed", ["a", "bbb"], dimensions=2)
    assert answer.vectors == [[1.0, 0.5], [3.0, 0.5]]
    assert (answer.dimensions, answer.model, answer.provider) == (2, "fake-1", "openai")
    assert answer.usage is not None
    assert answer.usage.input_tokens == 2
    assert server.exchanges[0].path == "/v1/embeddings"
    assert server.exchanges[0].json["dimensions"] == 2
    world.close(client)


def test_many_texts_travel_in_batches_and_come_back_in_order(world: World) -> None:
    with FakeServer(Vectors(), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        texts = ["x" * (n % 40 + 1) for n in range(103)]
        answer = world.ask(client, "embed", texts, batch_size=10)
        assert [vector[0] for vector in answer.vectors] == [len(text) for text in texts]
        assert answer.usage.input_tokens == 103
        assert len(answer.attempts) == len(server.exchanges) == 11
        assert 1 < server.connections <= 4
        world.close(client)


def test_a_failed_batch_is_tried_again_and_a_refused_one_ends_them_all(world: World) -> None:
    with FakeServer(Refusal(503, "later", headers=SOON), Vectors(), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        answer = world.ask(client, "embed", ["a"] * 6, batch_size=2)
        assert len(answer.vectors) == 6
        assert sorted(attempt.outcome for attempt in answer.attempts) == ["answered"] * 3 + ["failed"]
        world.close(client)
    with FakeServer(Refusal(400, "too long"), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(BadRequestError, match="too long"):
            world.ask(client, "embed", ["a"] * 6, batch_size=2)
        world.close(client)


def test_long_texts_are_not_sent_all_at_once(server: FakeServer) -> None:
    server.add_replies(*[Vectors()] * 3)
    with AIModelClient(endpoint(server.url)) as client:
        client.embed(["a" * 400_000, "b" * 400_000, "c"])
    assert [len(exchange.json["input"]) for exchange in server.exchanges] in ([1, 2], [2, 1])


def test_a_matrix_comes_out_without_a_copy_of_its_numbers(server: FakeServer) -> None:
    server.add_replies(Vectors())
    with AIModelClient(endpoint(server.url)) as client:
        answer = client.embed(["a", "bb"])
    matrix = answer.numpy()
    assert matrix.dtype == numpy.float32
    assert matrix.tolist() == answer.vectors
    again = EmbeddingResponse.model_validate_json(answer.model_dump_json())
    assert again == answer
    assert again.numpy().tolist() == matrix.tolist()


def test_fewer_vectors_than_texts_are_an_error(server: FakeServer) -> None:
    server.add_replies(Raw(json.dumps({"data": [{"embedding": [1.0]}]}).encode()))
    with (
        AIModelClient(endpoint(server.url)) as client,
        pytest.raises(BadAnswerError, match="sent 2 texts, but got 1 vector back"),
    ):
        client.embed(["a", "b"])


def test_what_it_costs_is_counted(server: FakeServer) -> None:
    server.add_replies(Vectors(), Vectors())
    prices = ChatModelCostData(input_token_cost_per_million="0.02", output_token_cost_per_million="0")
    model = AIModel(model_name="text-embedding-3-small", cost_data=prices)
    api = AIModelAPI(provider="openai", api_key="k", config={"base_url": f"{server.url}/v1"})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=model)) as client:
        answer = client.embed(["a", "b"], batch_size=1)
    assert answer.cost is not None
    assert str(answer.cost.amount) == "4E-8"


def test_what_the_provider_cannot_honour_is_a_warning_or_with_strict_an_error(server: FakeServer) -> None:
    server.add_replies(Vectors())
    with AIModelClient(endpoint(server.url)) as client:
        answer = client.embed("a", input_type="query")
        assert [warning.parameter for warning in answer.warnings] == ["input_type"]
        with pytest.raises(UnsupportedError, match="input_type"):
            client.embed("a", input_type="query", strict=True)


def test_unsupported_options_are_refused_before_sending(server: FakeServer) -> None:
    with AIModelClient(endpoint(server.url)) as client:
        for texts, settings, words in [
            ([], {}, "at least 1 item"),
            (["a"], {"dimensions": 0}, "must be more than 0"),
            (["a"], {"dimension": 3}, "did you mean 'dimensions'"),
            (["a"], {"timeout": -1}, "above 0"),
        ]:
            with pytest.raises(ConfigurationError, match=words):
                client.embed(texts, **settings)
    with pytest.raises(SyncAsyncMismatchError, match="ends in _async"):
        AIModelClient(endpoint(server.url), is_async=True).embed("a")
    assert server.exchanges == []
