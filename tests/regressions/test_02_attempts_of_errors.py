"""An error knows every request that was sent before it, also of calls that are sent in several requests."""

from __future__ import annotations

from typing import Any

import pytest

from ai_utilities.usage import MemoryLedger, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.errors import DhenaraError
from dhenara.ai.testing import FakeServer, Refusal, SampleOperations
from dhenara.ai.testing.answer import Raw
from support.worlds import World, endpoint

BUSY = Refusal(503, "busy", headers={"retry-after-ms": "1"})


@pytest.mark.parametrize("last", [Refusal(400, "no"), Raw(b"{}"), Raw(b'{"data": []}'), Raw(b"{")])
@pytest.mark.parametrize("size", [1, 2, 6])
def test_an_error_of_embeddings_has_the_attempts_of_all_requests(world: World, last: Any, size: int) -> None:
    ledger = MemoryLedger()
    before = 6 // size - 1
    with FakeServer(*[BUSY], *[SampleOperations()] * before, *[last] * 3) as server:
        client = AIModelClient(endpoint(server.url, model="text-embedding-3-small"), layers=[UsageLayer(ledger)])
        with pytest.raises(DhenaraError) as caught:
            world.ask(client, "embed", list("abcdef"), batch_size=size, concurrency=1)
        assert len(caught.value.attempts) == len(server.exchanges) >= before + 2
        assert len(list(ledger.rows())) == len(server.exchanges)
        world.close(client)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google_ai", "cohere"])
def test_an_error_of_a_list_of_models_has_its_attempts(world: World, provider: str) -> None:
    with FakeServer(BUSY, Raw(b"{}")) as server:
        client = AIModelClient(endpoint(server.url, provider))
        with pytest.raises(DhenaraError) as caught:
            world.ask(client, "list_models")
        assert len(caught.value.attempts) == len(server.exchanges) >= 2
        world.close(client)
