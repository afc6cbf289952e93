"""Answers of batches are counted once, however often, in which parts and by how many readers they are read."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.usage import (
    Budget,
    BudgetLayer,
    MemoryBudgets,
    MemoryLedger,
    RedisBudgets,
    RedisLedger,
    SQLiteBudgets,
    SQLiteLedger,
    UsageData,
    UsageLayer,
)
from dhenara.ai import AIModelClient
from dhenara.ai.errors import DhenaraError
from dhenara.ai.testing import Answer, FakeBatches, FakeServer, FakeUsage
from support.usage_worker import BRIEF, PRICES
from support.waiting import try_longer_limits
from support.worlds import endpoint

BUDGET = Budget("100", "total")
ACCOUNT = BUDGET.window_at({}, 0.0)


@pytest.fixture(params=["memory", "sqlite", "redis"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        return MemoryLedger(), MemoryBudgets()
    if request.param == "sqlite":
        return SQLiteLedger(tmp_path / "usage.db"), SQLiteBudgets(tmp_path / "budget.db")
    url = request.getfixturevalue("redis_url")
    return RedisLedger(url), RedisBudgets(url)


def client_at(url: str, ledger: Any, budgets: Any) -> AIModelClient:
    priced = endpoint(url, "anthropic").model_copy(update={"cost_data": PRICES})
    return AIModelClient(priced, BRIEF, layers=[UsageLayer(ledger), BudgetLayer(BUDGET, store=budgets)])


def test_a_batch_that_was_read_in_part_is_settled_when_it_is_read_whole(stores: Any) -> None:
    ledger, budgets = stores
    with FakeServer(FakeBatches(polls=0), forever=True) as server, client_at(server.url, *stores) as client:
        job = client.submit_batch(["a", "b", "c"], max_output_tokens=100)
        job = client.wait_for_batch(job, every=0.01)
        reserved = budgets.spent(ACCOUNT)
        with client.batch_items(job) as items:
            next(iter(items))
        assert budgets.spent(ACCOUNT) == reserved
        client.batch_results(job)
        cost = sum((row.cost or Decimal(0) for row in ledger.rows()), Decimal(0))
        assert Decimal(budgets.spent(ACCOUNT)) / 10**9 == cost > 0
        client.batch_results(job)
        assert Decimal(budgets.spent(ACCOUNT)) / 10**9 == cost
    assert budgets.reservations() == []


def test_one_answer_of_a_batch_is_one_row_for_readers_at_the_same_time(stores: Any) -> None:
    ledger, _ = stores
    barrier = threading.Barrier(4)
    known = ledger.rows

    def slow_rows(*args: Any) -> list[UsageData]:
        """All readers have looked for earlier rows before one of them writes."""
        actual = list(known(*args))
        barrier.wait(100)
        return actual

    with FakeServer(FakeBatches(polls=0), forever=True) as server, client_at(server.url, *stores) as client:
        job = client.submit_batch(["a", "b", "c"], max_output_tokens=100)
        job = client.wait_for_batch(job, every=0.01)
        ledger.rows = slow_rows
        readers = [threading.Thread(target=client.batch_results, args=(job,)) for _ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(100)
        del ledger.rows
    rows = [row for row in ledger.rows() if row.operation == "batch"]
    assert len(rows) == 3
    assert ledger.total().prompt_tokens == sum(row.prompt_tokens for row in rows)


def test_a_budget_that_could_not_be_settled_is_settled_with_the_next_call(tmp_path: Path) -> None:
    hello = Answer(text="Hello!", usage=FakeUsage(10_000, 10_000))

    def attempt(seconds: float) -> Decimal | None:
        path = tmp_path / f"{seconds:g}.db"
        priced = endpoint(server.url).model_copy(update={"cost_data": PRICES})
        with (
            closing(SQLiteBudgets(path)) as store,
            AIModelClient(priced, BRIEF, layers=[BudgetLayer(BUDGET, store=store)]) as client,
        ):
            try:
                stream = client.generate("?", streaming=True, timeout=seconds).stream_generator
            except DhenaraError:
                return None  # the time was over before the answer had begun
            next(stream)
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                *_, (_, final) = stream
                assert other.execute("SELECT count(*) FROM budget_open").fetchone() == (1,)
            if final.chat_response.interrupted:
                return None
            client.generate("?")
            assert store.reservations() == []
            return Decimal(store.spent(BUDGET.window_at({}, time.time()))) / 10**9

    with FakeServer(hello, forever=True) as server:
        assert try_longer_limits(attempt, 2.0) == Decimal("0.04")
