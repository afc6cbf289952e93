"""Requests that run concurrently with one that fails are answered and paid for, and ledgers say so."""

from __future__ import annotations

import pytest

from ai_utilities.usage import MemoryLedger, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ServerError
from dhenara.ai.testing import FakeServer, Refusal, SampleOperations
from dhenara.ai.types import AIModel, AIModelEndpoint
from support.worlds import World, endpoint


def embedder(server: FakeServer, ledger: MemoryLedger) -> AIModelClient:
    model = AIModel(model_name="text-embedding-3-small", provider="openai")
    to = AIModelEndpoint(api=endpoint(server.url).api, ai_model=model)
    return AIModelClient(to, layers=[UsageLayer(ledger)])


def test_requests_that_have_begun_when_another_fails_are_answered(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(500, "no"), *[SampleOperations()] * 3)
    ledger = MemoryLedger()
    client = embedder(server, ledger)
    with pytest.raises(ServerError) as caught:
        world.ask(client, "embed", list("abcd"), batch_size=1, concurrency=4, retries=0)
    world.close(client)
    outcomes = sorted(row.outcome for row in ledger.rows())
    assert outcomes == sorted(attempt.outcome for attempt in caught.value.attempts)
    assert len(outcomes) == len(server.exchanges)
    assert outcomes.count("failed") == 1
    assert set(outcomes) <= {"answered", "failed"}


def test_requests_that_have_not_begun_when_another_fails_are_not_sent(async_world: World, server: FakeServer) -> None:
    server.add_replies(*[Refusal(500, "no")] * 8)
    client = embedder(server, MemoryLedger())
    with pytest.raises(ServerError):
        async_world.ask(client, "embed", list("abcdefgh"), batch_size=1, concurrency=2, retries=0)
    async_world.close(client)
    assert len(server.exchanges) <= 2
