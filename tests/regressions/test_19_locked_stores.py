"""Stores in locked SQLite files end their wait within the time of the call."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.limits import Limit, LimitLayer, LimitReachedError, SQLiteLimits
from ai_utilities.storage.store_io import StoreTimeoutError
from ai_utilities.usage import (
    Budget,
    BudgetLayer,
    SQLiteBudgets,
    SQLiteLedger,
    UsageLayer,
)
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from support.usage_worker import BRIEF, priced
from support.waiting import try_longer_limits
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACCOUNT = Budget(1, "day").window_at({}, time.time())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("streaming", [False, True])
def test_a_locked_budget_fails_in_time(world: World, server: FakeServer, tmp_path: Path, streaming: bool) -> None:
    server.add_replies(HELLO)
    path = tmp_path / "budget.db"
    client = AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(Budget(1), store=SQLiteBudgets(path))])
    with locked(path):
        began = time.monotonic()
        with pytest.raises(StoreTimeoutError, match="locked"):
            (world.stream if streaming else world.run)(client, "?", timeout=0.5)
        assert time.monotonic() - began < 50  # it was 60 and more
    assert not server.exchanges
    world.close(client)


@pytest.mark.parametrize("kind", ["ledger", "limits"])
def test_a_locked_ledger_or_limit_store_leaves_time_for_the_call(kind: str, world: World, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    layers: dict[str, Any] = (
        {"layers": [UsageLayer(SQLiteLedger(path))]}
        if kind == "ledger"
        else {"attempt_layers": [LimitLayer(Limit(requests_per_minute=5), store=SQLiteLimits(path))]}
    )

    def attempt(seconds: float) -> str | None:
        with FakeServer(HELLO) as server, locked(path):
            client = AIModelClient(endpoint(server.url), **layers)
            try:
                return str(world.run(client, "?", timeout=seconds).chat_response.text())
            except CallTimeoutError:
                return None
            finally:
                world.close(client)

    assert try_longer_limits(attempt, 3.0) == "Hello!"


def test_a_required_ledger_that_is_locked_fails_in_time(world: World, server: FakeServer, tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(SQLiteLedger(path), required=True)])
    with locked(path), pytest.raises(StoreTimeoutError):
        world.run(client, "?", timeout=0.5)
    assert not server.exchanges
    world.close(client)


def test_threads_do_not_wait_for_each_other_beyond_their_own_time(server: FakeServer, tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    store = SQLiteBudgets(path)
    ended: list[Any] = []

    def ask() -> None:
        with AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(Budget(1), store=store)]) as client:
            try:
                client.generate("?", timeout=0.5)
            except StoreTimeoutError as error:
                ended.append(error)

    with locked(path):
        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)
        assert len(ended) == 5
    store.close()


def test_limits_are_enforced_in_memory_while_their_store_is_locked(tmp_path: Path) -> None:
    def attempt(seconds: float) -> bool | None:
        path = tmp_path / f"{seconds:g}.db"
        layer = LimitLayer(Limit(requests_per_minute=1), store=SQLiteLimits(path), wait=False)
        with (
            FakeServer(HELLO, HELLO) as server,
            AIModelClient(endpoint(server.url), attempt_layers=[layer]) as client,
            locked(path),
        ):
            try:
                client.generate("?", timeout=seconds)
                client.generate("?", timeout=seconds)
            except CallTimeoutError:
                return None
            except LimitReachedError:
                return len(server.exchanges) == 1
        return False

    assert try_longer_limits(attempt, 3.0)
