"""What a killed worker had reserved of a budget stays counted until it is closed, and blocks nothing for ever."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.usage import Budget, BudgetExceededError, BudgetLayer, MemoryBudgets, MemoryLedger, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, CallError
from dhenara.ai.testing import (
    Answer,
    CutReply,
    DialectReply,
    FakeServer,
    FakeUsage,
    HangUp,
    Refusal,
    hang_up_before_head,
    stall_before_head,
)
from dhenara.ai.testing.answer import ReceivedRequest, Send
from regressions.test_03_killed_workers import captured, kill_when
from support.usage_worker import BRIEF, budgets_at, priced, spend_for_ever
from support.worlds import World

HELLO = Answer(text="Hello!", usage=FakeUsage(10_000, 10_000))
BUDGET = Budget("1", "total")


@pytest.fixture(params=["sqlite", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    kind: str = request.param
    return kind, request.getfixturevalue("redis_url") if kind == "redis" else str(tmp_path / "budget.db")


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        return MemoryBudgets()
    where = request.getfixturevalue("redis_url") if request.param == "redis" else str(tmp_path / "budget.db")
    return budgets_at(request.param, where)


def spent(store: Any) -> Decimal:
    return Decimal(store.spent(BUDGET.window_at({}, time.time()))) / 10**9


def test_a_killed_worker_leaves_its_reservation_counted_and_closable(
    place: tuple[str, str], server: FakeServer
) -> None:
    server.add_replies(HELLO, HELLO, stall_before_head(), HELLO)
    store = budgets_at(*place)
    kill_when(
        lambda: len(server.exchanges) == 3 and len(store.reservations()) == 1,
        *(spend_for_ever, *place, server.url, "1"),
    )
    (reservation,) = store.reservations()
    assert reservation.abandoned
    assert reservation.cost > Decimal("0.1")
    assert spent(store) == Decimal("0.04") + reservation.cost
    layer = BudgetLayer(Budget("0.17", "total"), store=store)
    with AIModelClient(priced(server.url), BRIEF, layers=[layer]) as client:
        with pytest.raises(BudgetExceededError):
            client.generate("?")
        assert store.close_abandoned() == [reservation]
        assert spent(store) == Decimal("0.04")
        client.generate("?")
    assert store.reservations() == []
    assert store.close_abandoned() == []
    store.close()


def test_a_closed_reservation_may_count_as_spent(place: tuple[str, str], server: FakeServer) -> None:
    server.add_replies(stall_before_head())
    kill_when(lambda: len(server.exchanges) == 1, spend_for_ever, *place, server.url, "1")
    store = budgets_at(*place)
    store.close_abandoned(Decimal("0.03"))
    assert spent(store) == Decimal("0.03")
    store.close()


def test_running_calls_are_not_abandoned(store: Any, server: FakeServer) -> None:
    server.add_replies(DialectReply(HELLO, pause=0.01))
    with AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(BUDGET, store=store)]) as client:
        stream = client.generate("?", streaming=True).stream_generator
        next(stream)
        (reservation,) = store.reservations()
        assert not reservation.abandoned
        assert store.close_abandoned() == []
        list(stream)
    assert store.reservations() == []
    assert spent(store) == Decimal("0.02")
    store.close()


@pytest.mark.parametrize("streaming", [False, True])
def test_a_retry_of_a_request_that_may_be_billed_is_reserved_for_itself(
    world: World, server: FakeServer, store: Any, streaming: bool
) -> None:
    server.add_replies(HalfBody(), HELLO)
    client = AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(BUDGET, store=store)])
    (world.stream if streaming else world.run)(client, "?", retries=2)
    assert len(server.exchanges) == 2
    # The one that broke counts at its worst case.
    assert Decimal("0.12") < spent(store) < Decimal("0.14")
    assert store.reservations() == []
    world.close(client)
    store.close()


def test_a_retry_that_no_longer_fits_is_not_sent(world: World, server: FakeServer) -> None:
    server.add_replies(HalfBody(), HELLO)
    store = MemoryBudgets()
    client = AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(Budget("0.15"), store=store)])
    with pytest.raises(BudgetExceededError):
        world.run(client, "?", retries=2)
    assert len(server.exchanges) == 1
    assert store.reservations() == []
    world.close(client)


def test_retries_after_refusals_cost_one_reservation(world: World, server: FakeServer, store: Any) -> None:
    server.add_replies(*[Refusal(503, "busy", headers={"retry-after-ms": "1"})] * 2, HELLO)
    client = AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(Budget("0.15", "total"), store=store)])
    world.run(client, "?", retries=2)
    assert spent(store) == Decimal("0.02")
    world.close(client)
    store.close()


def test_what_was_refused_costs_nothing_and_what_broke_in_its_body_is_counted(server: FakeServer) -> None:
    store = MemoryBudgets()
    server.add_replies(Refusal(400, "no"), HalfBody(), CutReply(DialectReply(HELLO), 4, HangUp()))
    with AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(BUDGET, store=store)]) as client:
        with pytest.raises(BadRequestError):
            client.generate("?", retries=0)
        assert spent(store) == 0
        with pytest.raises(CallError):
            client.generate("?", retries=0)
        assert spent(store) > Decimal("0.1")
        list(client.generate("?", retries=0, streaming=True).stream_generator)
        assert spent(store) > Decimal("0.2")
    assert store.reservations() == []


class HalfBody:
    """A whole answer whose connection ends in the middle of its body."""

    def steps(self, requested: ReceivedRequest) -> Any:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
        yield Send(head + b'{"id": ')
        yield HangUp()


def test_commands_list_and_close_reservations(
    tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ai_utilities.cli.app import run_app

    where = str(tmp_path / "budget.db")
    server.add_replies(stall_before_head())
    kill_when(lambda: len(server.exchanges) == 1, spend_for_ever, "sqlite", where, server.url, "1")
    monkeypatch.setenv("AI_LIMIT_STORE", "sqlite")
    monkeypatch.setenv("AI_LIMIT_PATH", where)
    assert "abandoned" in captured(run_app, ["budget", "reserved"])
    assert "closed 1 reservation," in captured(run_app, ["budget", "close"])
    store = budgets_at("sqlite", where)
    assert spent(store) == 0
    store.close()


def test_a_request_that_may_have_been_received_is_not_taken_for_free(world: World, server: FakeServer) -> None:
    server.add_replies(hang_up_before_head())
    store, ledger = MemoryBudgets(), MemoryLedger()
    layers = [UsageLayer(ledger), BudgetLayer(BUDGET, store=store)]
    client = AIModelClient(priced(server.url), BRIEF, layers=layers)
    with pytest.raises(CallError):
        world.run(client, "?", retries=0)
    assert len(server.exchanges) == 1
    assert spent(store) > Decimal("0.1")
    assert [row.cost for row in ledger.rows()] == [None]
    world.close(client)


def test_a_request_without_a_connection_is_free(world: World) -> None:
    store, ledger = MemoryBudgets(), MemoryLedger()
    layers = [UsageLayer(ledger), BudgetLayer(BUDGET, store=store)]
    client = AIModelClient(priced("http://127.0.0.1:1"), BRIEF, layers=layers)
    with pytest.raises(CallError):
        world.run(client, "?", retries=0)
    assert spent(store) == 0
    assert [row.cost for row in ledger.rows()] == [0]
    world.close(client)
