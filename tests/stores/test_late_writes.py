"""What becomes known after an answer is written together with that of other answers, and nobody sees that it waits."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AsyncAiClient
from ai_utilities.limits import LimitReachedError
from ai_utilities.storage import late_writes
from ai_utilities.storage.sqlite_files import Row, StoreConnection
from ai_utilities.storage.store_io import StoreError
from ai_utilities.usage import BudgetExceededError, SQLiteBudgets, SQLiteLedger
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from support.kit import Uniform, run, settings
from support.waiting import wait_until
from support.worlds import World

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 5))
SPENT = 10 * 750 + 5 * 4_500
"""What it costs with gpt-5.4-mini, in billionths of a dollar."""

RELATIVE = {"usage_path": "usage.db", "limit_path": "limits.db"}


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return {
        "model": "gpt-5.4-mini",
        "max_tokens": 100,
        "limit_store": "sqlite",
        "limit_path": tmp_path / "limits.db",
        "requests_per_minute": 1_000,
        "tokens_per_minute": 10_000_000,
        "budget_usd": 100,
        "usage_store": "sqlite",
        "usage_path": tmp_path / "usage.db",
    }


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files in which transactions began."""
    files: list[str] = []
    lock = StoreConnection.lock_with

    def noted(self: StoreConnection, statement: str, values: Row, path: Path, seconds: float) -> None:
        files.append(path.name)
        lock(self, statement, values, path, seconds)

    monkeypatch.setattr(StoreConnection, "lock_with", noted)
    return files


def number(path: Path, query: str) -> int:
    """A number from a file, as another program reads it."""
    with sqlite3.connect(path) as file:
        return int(file.execute(query).fetchone()[0])


def settled(options: dict[str, Any]) -> tuple[int, int, int, int]:
    """Open rows, settled rows, reservations, and what is spent, as another program sees them."""
    usage, limits = options["usage_path"], options["limit_path"]
    return (
        number(usage, "SELECT count(*) FROM usage_open"),
        number(usage, "SELECT count(*) FROM usage"),
        number(limits, "SELECT count(*) FROM budget_open"),
        number(limits, "SELECT sum(spent) FROM budget"),
    )


def tokens_counted(options: dict[str, Any]) -> int:
    """The tokens that count for the limit."""
    name = "SELECT sum(json_extract(slot.value, '$')) FROM limits, json_each(state, '$.windows') AS one, "
    return number(options["limit_path"], name + "json_each(one.value) AS slot WHERE one.key LIKE '%tokens%'")


def test_a_call_takes_one_transaction_of_each_file(
    server: FakeServer, world: World, options: dict[str, Any], begun: list[str], no_late_thread: None
) -> None:
    server.add_replies(HELLO, HELLO)

    async def ask(client: Uniform) -> None:
        await client.ask("?")
        begun.clear()
        await client.ask("?")
        assert begun == ["limits.db", "usage.db"]
        assert client.usage_tracker.total.requests == 2

    run(world, ask, settings(server.url, **options))
    assert settled(options) == (0, 2, 0, 2 * SPENT)
    assert tokens_counted(options) == 2 * 15


def test_until_then_others_see_a_running_request_and_its_reservation(
    server: FakeServer, options: dict[str, Any], no_late_thread: None
) -> None:
    server.add_replies(HELLO)
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        opened, rows, reserved, spent = settled(options)
        assert (opened, rows, reserved) == (1, 0, 1)
        assert spent > SPENT
        assert tokens_counted(options) > 15


def test_readers_in_the_process_see_everything_at_once(
    server: FakeServer, options: dict[str, Any], no_late_thread: None
) -> None:
    ledger, budgets = SQLiteLedger(options["usage_path"]), SQLiteBudgets(options["limit_path"])
    readers: list[tuple[Callable[[], object], object]] = [
        (ledger.open_rows, []),
        (lambda: [row.outcome for row in ledger.rows()][-1:], ["answered"]),
        (lambda: ledger.total().open, 0),
        (budgets.reservations, []),
    ]
    with AiClient(settings=settings(server.url, **options)) as client:
        for read, expected in readers:
            server.add_replies(HELLO)
            client.ask("?")
            assert read() == expected
    assert settled(options) == (0, 4, 0, 4 * SPENT)


def test_what_waits_is_written_soon_if_nobody_needs_it(server: FakeServer, options: dict[str, Any]) -> None:
    server.add_replies(HELLO)
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        wait_until(lambda: settled(options) == (0, 1, 0, SPENT))
        wait_until(lambda: tokens_counted(options) == 15)


def test_only_so_many_wait(server: FakeServer, options: dict[str, Any], no_late_thread: None) -> None:
    calls = late_writes.MOST + 1
    server.add_replies(*[HELLO] * calls)
    with AiClient(settings=settings(server.url, **options)) as client:
        for _ in range(calls):
            client.ask("?")
        assert settled(options) == (0, calls, 0, calls * SPENT)
        assert tokens_counted(options) == calls * 15


@pytest.mark.parametrize("blocking", [True, False], ids=["threads", "async"])
def test_many_questions_at_once_are_counted_exactly(
    server: FakeServer, options: dict[str, Any], blocking: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """No store counts as failed because threads of the same process write it."""
    questions = 120
    server.add_replies(*[HELLO] * questions)

    async def ask_all() -> None:
        async with AsyncAiClient(settings=settings(server.url, **options)) as client:
            await asyncio.gather(*(client.ask("?") for _ in range(questions)))

    if blocking:
        with AiClient(settings=settings(server.url, **options)) as client, ThreadPoolExecutor(40) as threads:
            list(threads.map(client.ask, ["?"] * questions))
    else:
        asyncio.run(ask_all())
    assert settled(options) == (0, questions, 0, questions * SPENT)
    assert tokens_counted(options) == questions * 15
    assert [record.message for record in caplog.records if record.name.startswith("ai_utilities")] == []


def test_nobody_is_refused_because_of_calls_that_have_ended(
    server: FakeServer, options: dict[str, Any], no_late_thread: None
) -> None:
    """The budget has room for one reservation and what two calls cost, not for two reservations."""
    server.add_replies(HELLO, HELLO, HELLO)
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        reserved = settled(options)[3]
    (options["limit_path"]).unlink()
    options |= {"budget_usd": (reserved + 1.5 * SPENT) / 1e9}
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        client.ask("?")
        with pytest.raises(BudgetExceededError):
            client.ask("?")


def test_nobody_waits_for_tokens_that_were_not_used(
    server: FakeServer, options: dict[str, Any], no_late_thread: None
) -> None:
    server.add_replies(HELLO, HELLO)
    options |= {"tokens_per_minute": 150, "limit_wait_s": 0}
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        assert tokens_counted(options) > 75
        client.ask("?")


def test_tokens_beyond_the_estimate_count_at_once(
    server: FakeServer, options: dict[str, Any], no_late_thread: None
) -> None:
    server.add_replies(Answer(text="Hello!", usage=FakeUsage(10, 1_000)))
    options |= {"tokens_per_minute": 200, "limit_wait_s": 0}
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        assert tokens_counted(options) == 1_010
        with pytest.raises(LimitReachedError):
            client.ask("?")


def test_costs_beyond_the_reservation_count_at_once(
    server: FakeServer, options: dict[str, Any], no_late_thread: None
) -> None:
    server.add_replies(Answer(text="Hello!", usage=FakeUsage(10, 1_000)))
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        assert settled(options)[2:] == (0, 10 * 750 + 1_000 * 4_500)


def test_rows_of_a_locked_ledger_are_written_when_it_is_free(
    server: FakeServer, options: dict[str, Any], no_late_thread: None
) -> None:
    server.add_replies(HELLO, HELLO)
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        with sqlite3.connect(options["usage_path"], isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            client.ask("?")
            other.execute("ROLLBACK")
    assert settled(options)[:2] == (0, 2)


def test_what_fails_waits_again(tmp_path: Path, no_late_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_utilities.storage.sqlite import SQLiteFile

    file = SQLiteFile(tmp_path / "numbers.db", "CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY)")
    late = late_writes.LateWrites(file, lambda open_file, rows: [
        open_file.execute("INSERT INTO numbers VALUES (?)", row) for row in rows
    ] and None)  # fmt: skip
    assert late.add((1,))
    assert late.add((2,))
    with sqlite3.connect(file.path) as other:
        other.execute("INSERT INTO numbers VALUES (2)")
    with pytest.raises(StoreError):
        late.write()
    assert not late.add((3,))
    with sqlite3.connect(file.path) as other:
        assert other.execute("SELECT number FROM numbers").fetchall() == [(2,)]
        other.execute("DELETE FROM numbers")
    assert late.write()
    assert file.fetch_all("SELECT number FROM numbers") == [(1,), (2,)]
    assert late.add((3,))
    file.close()
    assert not late


def test_what_can_never_be_written_is_reported_once(
    server: FakeServer, options: dict[str, Any], no_late_thread: None, caplog: pytest.LogCaptureFixture
) -> None:
    server.add_replies(HELLO)
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        Path(options["limit_path"]).unlink()
        for file in late_writes.WRITER.files() * 3:
            assert file.late is not None
            file.late.try_writing()
    reports = [record.getMessage() for record in caplog.records if "settled later" in record.getMessage()]
    assert len(reports) == 2  # of the limits, and of the budget
    assert [report.partition(":")[0] for report in reports] == ["1 answer will be settled later"] * 2
    assert all("limits.db was deleted while it was in use" in report for report in reports)


def test_a_relative_path_means_the_folder_in_which_the_store_was_made(
    server: FakeServer, options: dict[str, Any], no_late_thread: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_replies(HELLO)
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(tmp_path)
    with AiClient(settings=settings(server.url, **{**options, **RELATIVE})) as client:
        client.ask("?")
        monkeypatch.chdir(other)
    assert settled(options) == (0, 1, 0, SPENT)
    assert not list(other.iterdir())


SCRIPT = """
import atexit, multiprocessing, os, sys
from ai_utilities import AiClient, AsyncAiClient
if sys.argv[4] != "atexit":
    from ai_utilities.storage import late_writes
    late_writes.LATEST = 3600.0
sys.path.insert(0, sys.argv[1])
from support.kit import settings
def ask():
    stored = {"usage_store": "sqlite", "usage_path": sys.argv[3]}
    client = AiClient(settings=settings(sys.argv[2], model="gpt-5.4-mini", **stored))
    client.ask("?")
    return client
if sys.argv[4] == "worker":
    worker = multiprocessing.get_context("fork").Process(target=ask)
    worker.start()
    worker.join()
    sys.exit(worker.exitcode)
if sys.argv[4] == "atexit":
    atexit.register(ask)
    sys.exit()
client = ask()
if sys.argv[4] == "kill":
    os.kill(os.getpid(), 9)
if sys.argv[4] == "fork":
    if os.fork() == 0:
        client.usage_tracker.ledger.total()
        os._exit(0)
    assert os.wait()[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")
@pytest.mark.parametrize(
    ("end", "rows"),
    [("return", (0, 1)), ("fork", (0, 1)), ("worker", (0, 1)), ("atexit", (0, 1)), ("kill", (1, 0))],
    ids=["end", "fork", "worker", "atexit", "kill"],
)
def test_only_a_killed_process_leaves_its_last_rows_open(
    server: FakeServer, options: dict[str, Any], end: str, rows: tuple[int, int]
) -> None:
    server.add_replies(HELLO)
    path = options["usage_path"]
    tests = Path(__file__).parents[1]
    script = [sys.executable, "-c", SCRIPT, str(tests), server.url, str(path), end]
    subprocess.run(script, check=end != "kill", env={**os.environ, "OPENAI_API_KEY": "sk-test"})
    stored = (number(path, "SELECT count(*) FROM usage_open"), number(path, "SELECT count(*) FROM usage"))
    assert stored == rows
    ledger = SQLiteLedger(path)
    ledger.close_abandoned()
    assert [row.outcome for row in ledger.rows()] == ["interrupted" if end == "kill" else "answered"]
    ledger.close()
