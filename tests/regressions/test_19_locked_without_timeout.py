"""A ledger that is not required and whose file is locked delays no call, also without a timeout; its rows are kept."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ai_utilities.cache import SQLiteCache
from ai_utilities.storage.store_io import StoreTimeoutError
from ai_utilities.usage import SQLiteBudgets, SQLiteLedger, UsageData, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_a_locked_ledger_delays_calls_without_a_timeout_only_once(
    world: World, server: FakeServer, tmp_path: Path
) -> None:
    server.add_replies(*[HELLO] * 21)
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)])
    world.run(client, "?")
    with locked(path):
        began = time.monotonic()
        for _ in range(20):
            assert world.run(client, "?").chat_response.text() == "Hello!"
        assert time.monotonic() - began < 100  # each call waited 10 s to open its row, and 60 s to settle it
    world.close(client)
    ledger.close()


def test_rows_that_waited_for_the_lock_are_written_with_the_next_one(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(*[HELLO] * 4)
    path = tmp_path / "usage.db"
    layer = UsageLayer(SQLiteLedger(path))
    with AIModelClient(endpoint(server.url), layers=[layer]) as client:
        with locked(path):
            for _ in range(3):
                client.generate("?")
        layer.flush()
        total = SQLiteLedger(path).total()
        assert (total.requests, total.open) == (3, 0)
        client.generate("?")
    assert SQLiteLedger(path).total().requests == 4


AT_EXIT = """
import sqlite3, sys
from ai_utilities.usage import SQLiteLedger, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from support.worlds import endpoint

with FakeServer(Answer(text="Hello!", usage=FakeUsage(10, 10)), forever=True) as server:
    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(SQLiteLedger(sys.argv[1]))])
    other = sqlite3.connect(sys.argv[1], isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for _ in range(3):
        client.generate("?")
    other.execute("ROLLBACK")
"""


class SlowLedger:
    """Was not free in time, as often as it is called."""

    def __init__(self) -> None:
        self.calls = 0

    def add(self, rows: Sequence[UsageData]) -> None:
        self.calls += 1
        raise TimeoutError


@pytest.mark.parametrize(("required", "calls"), [(False, 1), (True, 3)])
def test_a_ledger_that_was_not_free_is_left_alone_for_a_moment(
    required: bool, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_utilities.usage.layer.RETRY_AFTER", 3600.0)
    ledger = SlowLedger()
    layer = UsageLayer(ledger, required=required)
    for _ in range(3):
        layer.write([UsageData(model="m")])
    assert ledger.calls == calls
    layer.flush()
    assert ledger.calls == calls + 1


FORK = """
import os
child = os.fork()
if child:
    os.waitpid(child, 0)
"""


@pytest.mark.parametrize("afterwards", ["", FORK], ids=["alone", "with a forked child"])
def test_rows_that_still_wait_are_written_once_when_the_process_ends(afterwards: str, tmp_path: Path) -> None:
    if afterwards and not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    path = tmp_path / "usage.db"
    command = [sys.executable, "-c", AT_EXIT + afterwards, str(path)]
    worker = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert worker.returncode == 0, worker.stderr
    assert SQLiteLedger(path).total().requests == 3


def test_a_client_starts_while_its_stores_are_locked(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO)
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as file:  # not in WAL mode yet: nobody can even read
        file.execute("CREATE TABLE other (id INTEGER)")
        file.commit()
    with locked(path):
        began = time.monotonic()
        ledger, budgets = SQLiteLedger(path), SQLiteBudgets(path)
        assert time.monotonic() - began < 50  # each waited 60 s, and failed
    ledger.add([UsageData(model="m")])
    assert ledger.total().requests == 1
    assert budgets.reservations() == []


def test_a_ledger_is_waited_for_while_others_write_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_utilities.storage import sqlite_files
    from ai_utilities.storage.store_io import within

    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add([UsageData(model="m")])
    changes = iter([1, 2, 3, 4, 4, 4, 5])
    monkeypatch.setattr(sqlite_files, "last_change", lambda path: next(changes))
    with locked(path), pytest.raises(StoreTimeoutError):
        within(600, ledger.add, stalled=0.01)([UsageData(model="m")])
    assert list(changes) == [5]


def test_a_cache_that_is_used_directly_does_not_wait_a_minute(tmp_path: Path) -> None:
    cache = SQLiteCache(tmp_path / "cache.db")
    with locked(tmp_path / "cache.db"):
        began = time.monotonic()
        with pytest.raises(StoreTimeoutError):
            cache.set("k", "v")
        assert time.monotonic() - began < 50  # it was 60 s
    cache.close()
