"""A budget that is damaged, deleted or forgotten is refused; of a damaged ledger, what is readable is recovered."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.storage.store_io import StoreDamagedError, StoreError, StoreLostError, StoreVersionError
from ai_utilities.usage import (
    Budget,
    BudgetExceededError,
    BudgetLayer,
    RedisBudgets,
    RedisLedger,
    SQLiteBudgets,
    SQLiteLedger,
    UsageData,
)
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from regressions.test_03_killed_workers import captured
from support.redis_server import RedisProcess
from support.usage_worker import BRIEF, priced
from support.worlds import World

HELLO = Answer(text="Hello!", usage=FakeUsage(10_000, 10_000))
ACCOUNT = Budget("0.2", "total").window_at({}, time.time())


def first_bytes(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(random.Random(1).randbytes(100))


def first_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(random.Random(2).randbytes(4096))


def everything(path: Path) -> None:
    path.write_bytes(random.Random(3).randbytes(path.stat().st_size))


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def all_zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def changed_amount(path: Path) -> None:
    """A value that SQLite cannot know to be wrong."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE budget SET spent = 0")
        file.commit()


DAMAGES = [first_bytes, first_page, everything, halved, emptied, all_zeros, changed_amount]


def spend(world: World, server: FakeServer, store: Any, budget: Budget) -> int:
    """How many calls a budget allows."""
    client = AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(budget, store=store)])
    allowed = 0
    try:
        while True:
            world.run(client, "?")
            allowed += 1
    except BudgetExceededError:
        return allowed
    finally:
        world.close(client)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_budget_is_refused_until_it_is_repaired(
    damage: Callable[[Path], None], world: World, tmp_path: Path
) -> None:
    path = tmp_path / "budget.db"
    budget = Budget("0.2", "total")
    with FakeServer(HELLO, forever=True) as server:
        store = SQLiteBudgets(path)
        allowed = spend(world, server, store, budget)
        store.close()
        assert allowed > 2
        damage(path)
        with pytest.raises(StoreError, match="ai-utilities budget repair"):
            spend(world, server, SQLiteBudgets(path), budget)
        with pytest.raises(StoreError, match="ai-utilities budget repair"):
            spend(world, server, store, budget)
        assert len(server.exchanges) == allowed
        repaired = SQLiteBudgets.repair(path)
        assert repaired is not None
        assert Path(repaired.aside).exists()
        # The clients that were running go on with the repaired file.
        spend(world, server, store, budget)
        store.close()
    assert SQLiteBudgets.repair(path) is None


def test_a_repair_keeps_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    store = SQLiteBudgets(path)
    accounts = [Budget(1, "total", per="user").window_at({"user": f"{number:04}"}, 0.0) for number in range(400)]
    for account in accounts:
        store.reserve([account], 7_000_000)
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(bytes(4096))
    repaired = SQLiteBudgets.repair(path)
    assert repaired is not None
    assert 50 < len(repaired.spent) < 400
    assert set(repaired.spent.values()) == {Decimal("0.007")}


def test_a_budget_file_that_is_deleted_under_a_running_client(world: World, tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    budget = Budget("0.2", "total")
    with FakeServer(HELLO, forever=True) as server:
        store = SQLiteBudgets(path)
        allowed = spend(world, server, store, budget)
        store.close()
        saved = tmp_path / "saved"
        shutil.copyfile(path, saved)
        path.unlink()
        with pytest.raises(StoreLostError, match="deleted"):
            spend(world, server, store, budget)
        SQLiteBudgets(path).close()  # another process begins a new file
        with pytest.raises(StoreLostError, match="replaced"):
            spend(world, server, store, budget)
        assert len(server.exchanges) == allowed
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        shutil.copyfile(saved, path)
        assert spend(world, server, store, budget) == 0
        assert len(server.exchanges) == allowed
        store.close()


def rows(count: int) -> list[UsageData]:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    return [
        UsageData(
            model="m", cost=Decimal("0.001"), started_at=noon + timedelta(seconds=number), tags={"n": f"{number}"}
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("damage", [first_bytes, first_page, halved, "middle"])
def test_a_damaged_ledger_is_recovered_and_the_loss_is_stated(
    damage: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add(rows(2000))
    ledger.close()
    if damage == "middle":
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 3 // 4096 * 4096)
            file.write(random.Random(4).randbytes(3 * 4096))
    else:
        damage(path)
    again = SQLiteLedger(path)
    again.total()
    actual = len(list(again.rows()))
    again.add(rows(1))
    (loss,) = again.recoveries()
    assert 100 < actual <= 2000
    assert loss.recovered == actual
    assert loss.lost is None or actual + loss.lost <= 2000
    assert again.total().requests == actual + 1
    assert again.total().cost == (actual + 1) * Decimal("0.001")
    assert "recovered " in caplog.text
    again.close()


def test_the_command_repairs_a_ledger_and_usage_states_the_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ai_utilities.cli.app import run_app

    path = tmp_path / "usage.db"
    monkeypatch.setenv("AI_USAGE_STORE", "sqlite")
    monkeypatch.setenv("AI_USAGE_PATH", str(path))
    ledger = SQLiteLedger(path)
    ledger.add(rows(2000))
    ledger.close()
    assert "nothing is wrong" in captured(run_app, ["ledger", "repair"])
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(bytes(4096))
    assert "recovered " in captured(run_app, ["ledger", "repair"])
    assert "damaged and recovered" in captured(run_app, ["usage", "--since", "all"])


def test_a_ledger_that_is_deleted_under_a_running_client_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add(rows(2))
    path.unlink()
    ledger.add(rows(1))
    assert "was deleted or replaced while it was in use" in caplog.text
    assert ledger.total().requests == 1
    ledger.close()
    assert SQLiteLedger(path).total().requests == 1


@pytest.fixture
def own_redis(tmp_path: Path, running_redis: RedisProcess) -> Any:
    process = RedisProcess(tmp_path)
    process.start()
    yield process
    process.close()


def test_a_redis_that_restarted_empty_is_refused_until_that_is_accepted(
    world: World, own_redis: RedisProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    budget, known = Budget("0.2", "total"), tmp_path / "generations.sqlite"
    with FakeServer(HELLO, forever=True) as server:
        store = RedisBudgets(own_redis.url, generations=known)
        ledger = RedisLedger(own_redis.url)
        ledger.add(rows(2))
        allowed = spend(world, server, store, budget)
        assert known.stat().st_mode & 0o777 == 0o600
        own_redis.stop()
        own_redis.start()
        for one in (store, RedisBudgets(own_redis.url, generations=known)):
            with pytest.raises(StoreLostError, match=r"RedisBudgets\.repair"):
                spend(world, server, one, budget)
        assert len(server.exchanges) == allowed
        ledger.add(rows(1))
        assert "lost the usage ledger" in caplog.text
        RedisBudgets(own_redis.url, generations=known).repair()
        assert spend(world, server, store, budget) == allowed
    store.close()
    ledger.close()


def test_a_budget_that_somebody_flushed_is_refused(redis_url: str) -> None:
    import redis

    store = RedisBudgets(redis_url)
    store.reserve([ACCOUNT], 5)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    with pytest.raises(StoreLostError):
        store.reserve([ACCOUNT], 5)
    other = RedisBudgets(redis_url)  # begins anew, and must not make the running one believe that this is its data
    other.reserve([ACCOUNT], 5)
    with pytest.raises(StoreLostError):
        store.spent(ACCOUNT)
    store.close()
    other.close()


def test_errors_are_of_the_one_tree() -> None:
    from dhenara.ai.errors import DhenaraError

    for kind in (StoreDamagedError, StoreLostError, StoreVersionError):
        assert issubclass(kind, DhenaraError)
        assert issubclass(kind, StoreError)
