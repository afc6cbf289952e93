"""Budgets and limits in the same SQLite file: their parts of a call are written in the same transactions."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient
from ai_utilities.limits import Limit, LimitLayer, LimitReachedError, SQLiteLimits
from ai_utilities.storage.sqlite_files import Row, StoreConnection
from ai_utilities.storage.store_io import StoreVersionError
from ai_utilities.usage import BudgetExceededError, SQLiteBudgets
from dhenara.ai import AIModelClient, Send, Stream
from dhenara.ai.testing import Answer, FakeServer, FakeUsage, Refusal, stall_before_head
from dhenara.ai.types import Call
from support.kit import Uniform, run, settings
from support.processes import another_process
from support.waiting import wait_until
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 5))
SPENT = 10 * 750 + 5 * 4_500
"""What it costs with gpt-5.4-mini, in billionths of a dollar."""


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return {
        "model": "gpt-5.4-mini",
        "max_tokens": 100,
        "limit_store": "sqlite",
        "limit_path": tmp_path / "limits.db",
        "requests_per_minute": 2,
        "max_concurrency": 1,
        "limit_wait_s": 0,
        "budget_usd": 1,
        "usage_store": "sqlite",
        "usage_path": tmp_path / "usage.db",
    }


class Stored:
    """What the file has now."""

    def __init__(self, path: Path) -> None:
        with sqlite3.connect(path) as file:
            self.spent = [amount for (amount,) in file.execute("SELECT spent FROM budget")]
            self.reserved = file.execute("SELECT count(*) FROM budget_open").fetchone()[0]
            self.accounts = [json.loads(state) for (state,) in file.execute("SELECT state FROM limits")]

    @property
    def requests(self) -> int:
        """Requests that are counted."""
        return sum(
            sum(slots.values()) for one in self.accounts for name, slots in one["windows"].items() if "requests" in name
        )

    @property
    def running(self) -> int:
        """Places that are taken."""
        return sum(len(lane) for one in self.accounts for lane in one["running"].values())


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


def test_a_call_begins_with_one_transaction_of_each_file_and_frees_its_place_in_another(
    server: FakeServer, world: World, options: dict[str, Any], begun: list[str], no_late_thread: None
) -> None:
    server.add_replies(HELLO, HELLO)

    async def ask(client: Uniform) -> None:
        await client.ask("?")
        begun.clear()
        await client.ask("?")
        assert begun == ["limits.db", "usage.db", "limits.db"]

    run(world, ask, settings(server.url, **options))
    now = Stored(options["limit_path"])
    assert (now.spent, now.reserved, now.requests, now.running) == ([2 * SPENT], 0, 2, 0)


def test_while_the_request_runs_both_are_taken(server: FakeServer, options: dict[str, Any]) -> None:
    seen: list[Stored] = []

    async def look(call: Call, send: Send) -> Stream:
        async def before() -> None:
            seen.append(Stored(options["limit_path"]))

        call.journal.before_send.append(before)
        return await send(call)

    server.add_replies(HELLO)
    with AiClient(settings=settings(server.url, **options), attempt_layers=[look]) as client:
        client.ask("?")
    (during,) = seen
    assert (during.reserved, during.requests, during.running) == (1, 1, 1)
    assert during.spent[0] > SPENT


def test_a_call_that_exceeds_the_budget_takes_nothing_of_the_limits(
    server: FakeServer, world: World, options: dict[str, Any], begun: list[str]
) -> None:
    async def ask(client: Uniform) -> None:
        begun.clear()
        with pytest.raises(BudgetExceededError):
            await client.ask("?")

    run(world, ask, settings(server.url, **options | {"budget_usd": 0.0001}))
    assert begun == ["limits.db"]
    now = Stored(options["limit_path"])
    assert (now.spent, now.reserved, now.accounts) == ([], 0, [])
    assert not server.exchanges


def test_a_call_that_may_not_wait_for_its_limits_keeps_no_reservation(
    server: FakeServer, world: World, options: dict[str, Any]
) -> None:
    server.add_replies(HELLO)

    async def ask(client: Uniform) -> None:
        await client.ask("?")
        with pytest.raises(LimitReachedError):
            await client.ask("?")

    run(world, ask, settings(server.url, **options | {"requests_per_minute": 1}))
    now = Stored(options["limit_path"])
    assert (now.spent, now.reserved, now.requests, now.running) == ([SPENT], 0, 1, 0)


def test_limits_that_cannot_be_read_undo_the_reservation(server: FakeServer, options: dict[str, Any]) -> None:
    server.add_replies(HELLO)
    with AiClient(settings=settings(server.url, **options)) as client:
        client.ask("?")
        with sqlite3.connect(options["limit_path"]) as file:
            file.execute("UPDATE limits SET state = json_set(state, '$.version', 99)")
        with pytest.raises(StoreVersionError):
            client.ask("?")
    with sqlite3.connect(options["limit_path"]) as file:
        assert file.execute("SELECT spent FROM budget").fetchall() == [(SPENT,)]
        assert file.execute("SELECT count(*) FROM budget_open").fetchone() == (0,)
    assert len(server.exchanges) == 1


def test_a_second_attempt_takes_its_limits_and_keeps_the_reservation(
    server: FakeServer, world: World, options: dict[str, Any]
) -> None:
    server.add_replies(Refusal(503, "busy"), HELLO)

    async def ask(client: Uniform) -> None:
        assert await client.ask("?") == "Hello!"

    run(world, ask, settings(server.url, **options | {"retries": 1}))
    now = Stored(options["limit_path"])
    assert (now.spent, now.reserved, now.requests, now.running) == ([SPENT], 0, 2, 0)


def test_calls_that_other_layers_make_do_not_write_for_this_one(
    server: FakeServer, options: dict[str, Any], begun: list[str]
) -> None:
    """The inner client has limits in the same file, and no budget: it writes them by itself."""
    store = SQLiteLimits(options["limit_path"])
    to = endpoint(server.url, model="gpt-4o")
    inner = AIModelClient(to, attempt_layers=[LimitLayer(Limit(requests_per_minute=5), store=store)])
    during: list[Stored] = []

    async def ask_before(call: Call, send: Send) -> Stream:
        with inner:
            inner.generate("Are you there?")
        during.append(Stored(options["limit_path"]))
        return await send(call)

    server.add_replies(HELLO, HELLO)
    with AiClient(settings=settings(server.url, **options), attempt_layers=[ask_before]) as client:
        client.ask("?")
    assert during[0].reserved == 0
    assert Stored(options["limit_path"]).spent == [SPENT]


def test_an_answer_that_an_inner_layer_has_read_is_settled(
    server: FakeServer, world: World, options: dict[str, Any]
) -> None:
    async def read_answer(call: Call, send: Send) -> Stream:
        stream = await send(call)
        assert (await stream.response()).text() == "Hello!"
        return stream

    server.add_replies(HELLO)

    async def ask(client: Uniform) -> None:
        assert await client.ask("?") == "Hello!"
        assert client.usage_tracker.total.requests == 1

    run(world, ask, settings(server.url, **options), attempt_layers=[read_answer])
    now = Stored(options["limit_path"])
    assert (now.spent, now.reserved, now.running) == ([SPENT], 0, 0)


def ask_often(url: str, options: dict[str, Any], times: int) -> None:
    """What another process does."""
    with AiClient(settings=settings(url, **options)) as client:
        for _ in range(times):
            assert client.ask("?") == "Hello!"


def test_processes_count_every_call_once(server: FakeServer, options: dict[str, Any]) -> None:
    server.add_replies(*[HELLO] * 20)
    options |= {"requests_per_minute": 1_000, "max_concurrency": 2, "limit_wait_s": None}
    processes = [another_process(ask_often, server.url, options, 5) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    now = Stored(options["limit_path"])
    assert (now.spent, now.reserved, now.requests, now.running) == ([20 * SPENT], 0, 20, 0)


def test_a_killed_process_leaves_its_reservation_and_its_place(server: FakeServer, options: dict[str, Any]) -> None:
    server.add_replies(HELLO, stall_before_head())
    process = another_process(ask_often, server.url, options, 2)
    process.start()
    try:
        wait_until(lambda: len(server.exchanges) == 2 and Stored(options["limit_path"]).reserved == 1)
    finally:
        process.kill()
        process.join()
    now = Stored(options["limit_path"])
    assert (now.reserved, now.requests, now.running) == (1, 2, 1)
    assert now.spent[0] > 2 * SPENT
    budgets = SQLiteBudgets(options["limit_path"])
    assert [one.abandoned for one in budgets.close_abandoned()] == [True]
    assert Stored(options["limit_path"]).spent == [SPENT]
    budgets.close()
