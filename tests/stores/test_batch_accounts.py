"""Batches in ledgers and budgets: one row for each answer at its own price, and a reservation until they are there."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.limits import Limit, LimitLayer
from ai_utilities.usage import (
    Budget,
    BudgetExceededError,
    BudgetLayer,
    MemoryBudgets,
    MemoryLedger,
    RedisBudgets,
    RedisLedger,
    SQLiteBudgets,
    SQLiteLedger,
    UsageLayer,
    UsageTracker,
    tagged,
)
from dhenara.ai import AIModelClient
from dhenara.ai.errors import RateLimitError
from dhenara.ai.testing import FakeBatches, FakeServer, Refusal
from dhenara.ai.types import BatchJob, ChatModelCostData
from support.worlds import World, endpoint

PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(2), output_token_cost_per_million=Decimal(4))
ONE = Decimal("0.00002")
"""Ten tokens at 2 and five at 4 dollars a million, at half the price."""


def at(server: FakeServer, *layers: Any, provider: str = "groq", **provided: Any) -> AIModelClient:
    known = endpoint(server.url, provider, "m-1").model_copy(update={"cost_data": PRICES})
    return AIModelClient(known, layers=layers, **provided)


@pytest.fixture(params=["memory", "sqlite", "redis"])
def kind(request: pytest.FixtureRequest) -> str:
    actual: str = request.param
    return actual


@pytest.fixture
def stores(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if kind == "memory":
        actual: Any = MemoryLedger(), MemoryBudgets()
    elif kind == "sqlite":
        actual = SQLiteLedger(tmp_path / "usage.db"), SQLiteBudgets(tmp_path / "budgets.db")
    else:
        url = request.getfixturevalue("redis_url")
        actual = RedisLedger(url), RedisBudgets(url)
    yield actual
    for store in actual:
        store.close()


def read(world: World, client: AIModelClient, job: BatchJob) -> Any:
    return world.ask(client, "batch_results", world.ask(client, "wait_for_batch", job, every=0.01))


@pytest.mark.parametrize("provider", ["openai", "groq", "mistral", "anthropic", "google_ai", "xai"])
def test_polls_searches_and_repeated_reading_add_no_rows(provider: str, world: World) -> None:
    ledger = MemoryLedger()
    with FakeServer(FakeBatches(polls=3), forever=True) as server:
        client = at(server, UsageLayer(ledger), provider=provider)
        job = world.ask(client, "submit_batch", ["a", "b"], name="two")
        submitted = len(ledger.rows())
        for _ in range(2):
            assert len(read(world, client, job)) == 2
        assert world.ask(client, "find_batch", "two", total=2)
        world.close(client)
    assert len(ledger.rows()) == submitted + 2
    assert ledger.totals("operation")["batch"].requests == 2


@pytest.mark.parametrize("provider", ["openai", "groq", "mistral", "anthropic", "google_ai"])
def test_every_answer_is_one_row_at_half_the_price(provider: str, world: World) -> None:
    fake = FakeBatches(lambda words: None if words == "bad" else words)
    ledger = MemoryLedger()
    with FakeServer(fake, forever=True) as server:
        client = at(server, UsageLayer(ledger, tags={"project": "x"}), provider=provider)
        with tagged(user="ada"):
            job = world.ask(client, "submit_batch", ["a", "bad", "c"])
        read(world, client, BatchJob.model_validate_json(job.model_dump_json()))
        world.close(client)
    rows = {row.request_id: row for row in ledger.rows() if row.operation == "batch"}
    assert [row.cost for _, row in sorted(rows.items())] == [ONE, 0, ONE]
    first = rows[f"{job.batch_id}/0"]
    assert first.tags == {"project": "x", "user": "ada", "batch": job.batch_id}
    assert (first.prompt_tokens, first.completion_tokens, first.outcome) == (10, 5, "answered")
    assert rows[f"{job.batch_id}/1"].outcome == "failed"
    # What was asked about files and batches cost nothing, and nobody thinks that it is unknown.
    assert ledger.total().cost == 2 * ONE
    assert ledger.total().is_exact


def test_reading_a_batch_twice_books_it_once(world: World, stores: Any) -> None:
    ledger, _ = stores
    with FakeServer(FakeBatches(), forever=True) as server:
        client = at(server, UsageLayer(ledger))
        job = world.ask(client, "submit_batch", ["a", "b"])
        read(world, client, job)
        read(world, client, job)
        world.close(client)
        # Another process, that knows the ledger alone.
        client = at(server, UsageLayer(UsageTracker(ledger)))
        read(world, client, job)
        world.close(client)
    assert ledger.total(tags={"batch": job.batch_id}).requests == 2
    assert ledger.total().cost == 2 * ONE


def test_a_tracker_without_a_ledger_counts_a_batch_once(world: World) -> None:
    tracker = UsageTracker()
    with FakeServer(FakeBatches(), forever=True) as server:
        client = at(server, UsageLayer(tracker))
        job = world.ask(client, "submit_batch", ["a", "b"])
        read(world, client, job)
        read(world, client, job)
        world.close(client)
    assert tracker.total.cost == 2 * ONE


def test_a_budget_holds_the_worst_case_until_the_answers_are_there(world: World, stores: Any) -> None:
    _, store = stores
    budget = Budget("0.01", "total")
    layer = BudgetLayer(budget, store=store)
    with FakeServer(FakeBatches(lambda words: None if words == "bad" else words), forever=True) as server:
        client = at(server, layer, provider="anthropic")
        job = world.ask(client, "submit_batch", ["a", "bad", "c"], max_output_tokens=1_000)
        held = budget.amount - layer.remaining(budget, 0)
        # Three answers of a thousand tokens at 4 dollars a million, at half the price, and what is read.
        assert Decimal("0.006") < held < Decimal("0.0075")
        assert store.reservations() == []  # what is open is given back when its process ends; this is not
        with pytest.raises(BudgetExceededError, match="nothing was sent"):
            world.ask(client, "submit_batch", ["a", "b", "c"], max_output_tokens=1_000)
        world.close(client)
        # Another process settles, and polling is free.
        client = at(server, BudgetLayer(budget, store=store), provider="anthropic")
        retained = BatchJob.model_validate_json(job.model_dump_json())
        for _ in range(2):
            read(world, client, retained)
            assert budget.amount - layer.remaining(budget, 0) == 2 * ONE
        world.close(client)


def test_a_refused_batch_gives_its_reservation_back(world: World) -> None:
    budget = Budget("0.01", "total")
    layer = BudgetLayer(budget)
    with FakeServer(Refusal(429, "too many batches"), forever=True) as server:
        client = at(server, layer, provider="anthropic")
        with pytest.raises(RateLimitError):
            world.ask(client, "submit_batch", ["a"], max_output_tokens=1_000)
        world.close(client)
    assert layer.remaining(budget, 0) == budget.amount


def test_polling_takes_no_tokens_of_a_limit(world: World) -> None:
    limits = LimitLayer(Limit(tokens_per_minute=100), wait=False)
    with FakeServer(FakeBatches(polls=5), forever=True) as server:
        known = endpoint(server.url, "anthropic", "m-1")
        client = AIModelClient(known, attempt_layers=[limits])
        job = world.ask(client, "submit_batch", ["a"] * 50)
        assert len(read(world, client, job)) == 50
        world.close(client)
