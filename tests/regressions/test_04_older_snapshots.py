"""A Redis server that returns with an older copy of its data is noticed, also by processes that start later."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.storage.store_io import StoreLostError
from ai_utilities.usage import Budget, RedisBudgets, RedisLedger, UsageData
from support.processes import another_process
from support.redis_server import RedisProcess

ACCOUNT = Budget("1", "total").window_at({}, time.time())


@pytest.fixture
def own_redis(tmp_path: Path, running_redis: RedisProcess) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path)
    process.start()
    yield process
    process.close()


def take_snapshot(server: RedisProcess) -> None:
    import redis

    with redis.Redis.from_url(server.url) as client:
        client.save()


def restart(server: RedisProcess) -> None:
    server.stop()
    server.start()


def reserve(url: str, known: Path, times: int) -> None:
    with closing(RedisBudgets(url, generations=known)) as store:
        for _ in range(times):
            assert store.reserve([ACCOUNT], 5) is None


def test_a_process_that_starts_later_refuses_an_older_snapshot(own_redis: RedisProcess, tmp_path: Path) -> None:
    known = tmp_path / "generations.sqlite"
    reserve(own_redis.url, known, 1)
    take_snapshot(own_redis)
    worker = another_process(reserve, own_redis.url, known, 3)
    worker.start()
    worker.join()
    assert worker.exitcode == 0
    restart(own_redis)
    later = RedisBudgets(own_redis.url, generations=known)
    with pytest.raises(StoreLostError, match="older copy"):
        later.reserve([ACCOUNT], 5)
    with pytest.raises(StoreLostError, match="repair"):
        later.spent(ACCOUNT)
    later.repair()
    assert later.spent(ACCOUNT) == 5
    later.close()
    reserve(own_redis.url, known, 1)


def test_a_snapshot_of_the_latest_data_is_no_loss(own_redis: RedisProcess, tmp_path: Path) -> None:
    known = tmp_path / "generations.sqlite"
    reserve(own_redis.url, known, 3)
    take_snapshot(own_redis)
    restart(own_redis)
    reserve(own_redis.url, known, 1)
    with closing(RedisBudgets(own_redis.url, generations=known)) as store:
        assert store.spent(ACCOUNT) == 20


def test_threads_and_other_stores_in_the_file_lose_no_number(own_redis: RedisProcess, tmp_path: Path) -> None:
    known = tmp_path / "generations.sqlite"
    store = RedisBudgets(own_redis.url, generations=known)
    other = RedisBudgets(own_redis.url, prefix="other", generations=known)
    threads = [
        threading.Thread(target=lambda one=one: [one.reserve([ACCOUNT], 1) for _ in range(20)])
        for one in (store, other) * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    other.close()
    with closing(sqlite3.connect(known)) as file:
        assert file.execute("SELECT changes FROM generations").fetchall() == [(80,), (80,)]


@pytest.mark.parametrize("damage", [b"", b"{}", b"x" * 5000])
def test_a_damaged_file_of_generations_stops_nothing(
    damage: bytes, own_redis: RedisProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = tmp_path / "generations.sqlite"
    reserve(own_redis.url, known, 1)
    known.write_bytes(damage)
    reserve(own_redis.url, known, 1)
    reserve(own_redis.url, known, 1)


def test_a_file_of_generations_that_cannot_be_written_is_reported(
    own_redis: RedisProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reserve(own_redis.url, tmp_path, 2)
    assert caplog.text.count("will not notice a loss of data") == 1


@pytest.mark.parametrize("later", [False, True])
def test_a_ledger_restored_from_an_older_snapshot_is_reported(
    later: bool, own_redis: RedisProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = tmp_path / "generations.sqlite"
    ledger = RedisLedger(own_redis.url, generations=known)
    ledger.add([UsageData(model="m")])
    take_snapshot(own_redis)
    ledger.add([UsageData(model="m")])
    restart(own_redis)
    one: Any = RedisLedger(own_redis.url, generations=known) if later else ledger
    one.add([UsageData(model="m")])
    assert "lost the usage ledger" in caplog.text
    assert one.total().requests == 2
    caplog.clear()
    one.add([UsageData(model="m")])
    with closing(RedisLedger(own_redis.url, generations=known)) as third:
        third.add([UsageData(model="m")])
    assert "lost" not in caplog.text
    ledger.close()
    one.close()
