"""A request leaves only after its row was opened: a killed worker loses no row, and no reservation of a budget."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.storage.store_io import Owner, this_process
from ai_utilities.usage import (
    MemoryLedger,
    RedisLedger,
    SQLiteLedger,
    UsageData,
    UsageLayer,
    UsageTracker,
    make_report,
)
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError
from dhenara.ai.testing import Answer, DialectReply, FakeServer, FakeUsage, Refusal, stall_before_head
from dhenara.ai.testing.answer import Raw
from support.processes import another_process
from support.usage_worker import WAYS, ask_for_ever, ledger_at
from support.waiting import wait_until
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(3, 2))


def kill_when(true: Callable[[], bool], work: Callable[..., None], *args: Any) -> None:
    """Runs work in a process of its own, which is killed as soon as this is true."""
    worker = another_process(work, *args)
    worker.start()
    try:
        wait_until(true)
    finally:
        worker.kill()
        worker.join()


@pytest.fixture(params=["sqlite", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    kind: str = request.param
    return kind, request.getfixturevalue("redis_url") if kind == "redis" else str(tmp_path / "usage.db")


@pytest.mark.parametrize("how", WAYS)
def test_what_a_server_served_is_what_the_ledger_has(place: tuple[str, str], how: str, server: FakeServer) -> None:
    stalled = 4 if how == "asyncio" else 1
    server.add_replies(*[HELLO] * 20, *[stall_before_head()] * stalled)
    served = 20 + stalled
    kill_when(lambda: len(server.exchanges) == served, ask_for_ever, *place, server.url, how)
    ledger = ledger_at(*place)
    total = ledger.total()
    # An answer may have been read and not be settled yet when the worker was killed.
    assert (total.requests, total.open) == (served, total.abandoned)
    assert total.abandoned >= stalled
    assert len(list(ledger.rows())) == served
    assert sum(row.outcome == "abandoned" for row in ledger.rows()) == total.abandoned
    assert make_report(ledger).total == total
    assert UsageTracker(ledger).open_rows() == ledger.open_rows()
    closed = ledger.close_abandoned()
    assert len(closed) == total.abandoned
    after = ledger.total()
    assert (after.requests, after.open, after.interrupted) == (served, 0, total.abandoned)
    assert after.unknown_costs == total.unknown_costs
    assert ledger.close_abandoned() == []
    ledger.close()


def test_rows_of_running_calls_are_open_and_not_abandoned(place: tuple[str, str], server: FakeServer) -> None:
    server.add_replies(DialectReply(HELLO, pause=0.01))
    ledger = ledger_at(*place)
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)]) as client:
        stream = client.generate("?", streaming=True).stream_generator
        next(stream)
        (row,) = ledger.rows()
        assert row.outcome == "open"
        assert (ledger.total().requests, ledger.total().open, ledger.total().abandoned) == (1, 1, 0)
        assert ledger.close_abandoned() == []
        list(stream)
    (row,) = ledger.rows()
    assert (row.outcome, row.total_tokens) == ("answered", 5)
    assert ledger.open_rows() == []
    ledger.close()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    makers: dict[str, Callable[[], Any]] = {
        "memory": MemoryLedger,
        "sqlite": lambda: SQLiteLedger(tmp_path / "usage.db"),
        "redis": lambda: RedisLedger(request.getfixturevalue("redis_url")),
    }
    opened = makers[request.param]()
    yield opened
    opened.close()


class Watching:
    """A server whose requests can be compared with the open rows at the moment in which they arrive."""

    def __init__(self, ledger: Any, server: FakeServer) -> None:
        self.open_at_request: list[int] = []
        self._ledger = ledger
        self._server = server

    async def __call__(self, call: Any, send: Any) -> Any:
        async def look() -> None:
            self.open_at_request.append(len(self._ledger.open_rows()))

        call.journal.before_send.append(look)
        return await send(call)


@pytest.mark.parametrize("streaming", [False, True])
def test_each_sent_request_has_a_row_before_it_leaves(
    world: World, server: FakeServer, ledger: Any, streaming: bool
) -> None:
    server.add_replies(Refusal(503, "busy", headers={"retry-after-ms": "1"}), HELLO)
    watching = Watching(ledger, server)
    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger), watching])
    (world.stream if streaming else world.run)(client, "?")
    assert watching.open_at_request == [1, 1]
    assert [row.outcome for row in ledger.rows()] == ["failed", "answered"]
    assert ledger.open_rows() == []
    world.close(client)


def test_refused_calls_and_fallbacks_leave_nothing_open(world: World, server: FakeServer, ledger: Any) -> None:
    server.add_replies(Refusal(400, "no"), Refusal(401, "who"), HELLO)
    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)])
    with pytest.raises(BadRequestError):
        world.run(client, "?")
    world.close(client)
    other = endpoint(server.url, model="fake-2")
    client = AIModelClient(
        endpoint(server.url),
        layers=[UsageLayer(ledger)],
        fallbacks=[other],
    )
    world.run(client, "?")
    assert [row.outcome for row in ledger.rows()] == ["failed", "failed", "answered"]
    assert ledger.total().requests == len(server.exchanges) == 3
    assert ledger.open_rows() == []
    world.close(client)


def test_operations_other_than_chat_have_open_rows(world: World, ledger: Any) -> None:
    vectors = {"model": "fake-1", "data": [{"index": 0, "embedding": [1.0]}], "usage": {"prompt_tokens": 1}}
    with FakeServer(Raw(json.dumps(vectors).encode()), forever=True) as server:
        watching = Watching(ledger, server)
        client = AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger), watching])
        world.ask(client, "embed", ["a", "b", "c"], batch_size=1, concurrency=1)
        assert len(server.exchanges) == 3
        world.close(client)
    assert watching.open_at_request == [1, 1, 1]
    assert [row.operation for row in ledger.rows()] == ["embed"] * 3
    assert ledger.open_rows() == []


def test_a_row_that_was_closed_too_early_is_replaced_by_its_end(ledger: Any) -> None:
    row = UsageData(provider="p", model="m", outcome="open", row_id="a" * 32, started_at=datetime.now(UTC))
    ledger.open([row], time.time() + 60)
    abandon(ledger)
    assert [one.outcome for one in ledger.close_abandoned()] == ["interrupted"]
    ledger.add([row.model_copy(update={"outcome": "answered", "output_tokens": 2, "completion_tokens": 2})])
    if isinstance(ledger, MemoryLedger):
        return
    total = ledger.total()
    assert (total.requests, total.interrupted, total.completion_tokens) == (1, 0, 2)
    assert [row.outcome for row in ledger.rows()] == ["answered"]


def abandon(ledger: Any) -> None:
    """As if the process that opened the rows had ended."""
    gone = Owner(this_process().host, this_process().boot, 2**22 - 1, "1")
    if isinstance(ledger, MemoryLedger):
        ledger._open = {key: (row, gone, expires) for key, (row, _, expires) in ledger._open.items()}
    elif isinstance(ledger, SQLiteLedger):
        ledger._file.fetch_all("UPDATE usage_open SET owner = ?", (gone.to_text(),))
    else:
        client = ledger._server.client
        for key, text in client.hgetall(ledger._open).items():
            _, expires, row = json.loads(text)
            client.hset(ledger._open, key, json.dumps([gone.to_text(), expires, row]))


def test_a_process_is_known_by_its_start_and_its_boot() -> None:
    here = this_process()
    assert here.has_ended() is False
    assert Owner(here.host, here.boot, here.pid, f"{here.started}0").has_ended() is True
    assert Owner(here.host, "another boot", here.pid, here.started).has_ended() is True
    assert Owner("another host", here.boot, here.pid, here.started).has_ended() is None
    assert Owner.from_text(here.to_text()) == here


def test_rows_of_other_machines_are_abandoned_when_their_lease_is_over(place: tuple[str, str]) -> None:
    ledger = ledger_at(*place)
    row = UsageData(outcome="open", row_id="b" * 32)
    for expires, state in ((time.time() + 600, False), (time.time() - 1, True)):
        ledger.open([row], expires)
        away(ledger, expires)
        assert [one.abandoned for one in ledger.open_rows()] == [state]
    ledger.close()


def away(ledger: Any, expires: float) -> None:
    other = Owner("another host", "", 1, "1").to_text()
    if isinstance(ledger, SQLiteLedger):
        ledger._file.fetch_all("UPDATE usage_open SET owner = ?", (other,))
    else:
        client = ledger._server.client
        for key, text in client.hgetall(ledger._open).items():
            client.hset(ledger._open, key, json.dumps([other, expires, json.loads(text)[2]]))


def test_a_required_ledger_that_fails_keeps_the_request_from_leaving(world: World, server: FakeServer) -> None:
    class Full(MemoryLedger):
        def open(self, rows: Any, expires: float) -> None:
            raise OSError("disk full")

    server.add_replies(HELLO)
    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(Full(), required=True)])
    with pytest.raises(OSError, match="disk full"):
        world.run(client, "?")
    assert not server.exchanges
    world.close(client)


def test_commands_show_and_close_what_a_killed_worker_left(tmp_path: Path, server: FakeServer) -> None:
    from ai_utilities.cli.app import run_app

    where = str(tmp_path / "usage.db")
    server.add_replies(HELLO, stall_before_head())
    kill_when(lambda: len(server.exchanges) == 2, ask_for_ever, "sqlite", where, server.url, "plain")
    os.environ["AI_USAGE_STORE"], os.environ["AI_USAGE_PATH"] = "sqlite", where
    try:
        outputs = [captured(run_app, arguments) for arguments in (["usage"], ["ledger", "open"], ["ledger", "close"])]
    finally:
        del os.environ["AI_USAGE_STORE"], os.environ["AI_USAGE_PATH"]
    assert "abandoned by ended processes" in outputs[0]
    assert "abandoned" in outputs[1]
    assert "closed" in outputs[2]
    ledger = SQLiteLedger(where)
    assert (ledger.total().requests, ledger.total().open) == (2, 0)
    ledger.close()


def captured(work: Callable[[list[str]], int], arguments: list[str]) -> str:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        assert work(arguments) == 0
    return out.getvalue()
