"""Budgets as values: their windows, reservations, and the store in memory."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ai_utilities.storage.store_io import Owner, this_process
from ai_utilities.usage.budgets.budget import (
    Budget,
    BudgetExceededError,
    BudgetStore,
    BudgetWindow,
    Reservation,
    display_name,
    make_reservation,
    to_dollars,
    to_nanodollars,
)
from ai_utilities.usage.budgets.reservations import MemoryBudgets
from dhenara.ai.errors import ConfigurationError

NOW = datetime(2026, 1, 31, 23, 59, 30, tzinfo=UTC).timestamp()
ELSEWHERE = Owner("another-machine", "b", 1, "s")
ENDED = Owner(this_process().host, "an-earlier-boot", 1, "s")


def window(limit: int = 10, name: str = "w", expires: float | None = None) -> BudgetWindow:
    return BudgetWindow(name, limit, expires)


def reservation(key: str, amount: int, *windows: BudgetWindow, owner: Owner | None = None, **more: Any) -> Reservation:
    return Reservation(key, windows or (window(),), amount, owner or this_process(), 0.0, more.get("expires", 0.0))


# Budgets


@pytest.mark.parametrize("limit", [0, 0.1, "1.5", Decimal(7)])
def test_a_limit_is_an_exact_amount(limit: Any) -> None:
    assert Budget(limit).amount == Decimal(str(limit))


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="window of a budget"):
        Budget(1, window="week")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="limit of a budget"):
        Budget(-0.01)
    with pytest.raises(ConfigurationError, match="unknown of a budget"):
        Budget(1, unknown="ask")  # type: ignore[arg-type]


@pytest.mark.parametrize("setting", ["tags", "per", "name", "unknown", "window", "on_alert", "alerts"])
def test_a_setting_of_another_type_is_refused_by_its_name(setting: str) -> None:
    with pytest.raises(ConfigurationError, match=setting.removesuffix("s")):
        Budget(1, **{setting: 7})  # type: ignore[arg-type]


def test_settings_that_make_sense_are_taken() -> None:
    budget = Budget(1, per="user", unknown="allow", name="mine", alerts=[1, "0.5", 0.8], on_alert=print)
    assert (budget.per, budget.unknown, budget.name, budget.on_alert) == ("user", "allow", "mine", print)
    assert budget.thresholds == (Decimal("0.5"), Decimal("0.8"), Decimal(1))
    assert Budget(1).thresholds == ()


def test_a_window_is_shown_without_its_empty_parts() -> None:
    assert display_name(Budget(1).window_at({}, NOW).name) == "budget day 2026-01-31"
    named = Budget(1, tags={"a": "1"}, per="user", name="mine", window="total").window_at({"user": "u"}, NOW)
    assert display_name(named.name) == "mine a=1 user=u total total"


def test_a_budget_is_by_day_for_all_calls_and_refuses_unknown_costs_unless_set() -> None:
    budget = Budget(1)
    assert (budget.window, budget.tags, budget.per, budget.unknown, budget.name) == ("day", {}, None, "refuse", "")


def test_a_budget_applies_to_calls_with_all_of_its_tags() -> None:
    budget = Budget(1, tags={"team": "a", "app": "x"})
    assert budget.applies_to({"team": "a", "app": "x", "user": "u"})
    assert not budget.applies_to({"team": "a"})
    assert not budget.applies_to({"team": "b", "app": "x"})
    assert Budget(1).applies_to({})


@pytest.mark.parametrize(
    ("kind", "name", "expires"),
    [
        ("hour", "2026-01-31T23", datetime(2026, 2, 1, 2, tzinfo=UTC)),
        ("day", "2026-01-31", datetime(2026, 2, 3, tzinfo=UTC)),
        ("month", "2026-01", datetime(2026, 4, 4, tzinfo=UTC)),
        ("total", "total", None),
    ],
)
def test_a_window_is_needed_for_two_of_its_lengths_after_its_end(
    kind: Any, name: str, expires: datetime | None
) -> None:
    assert Budget("0.5", window=kind).window_at({}, NOW) == BudgetWindow(
        f"budget|||{kind}|{name}", 500_000_000, expires and expires.timestamp()
    )


@pytest.mark.parametrize("kind", ["hour", "day", "month", "total"])
def test_calls_of_one_period_have_the_same_window(kind: Any) -> None:
    budget = Budget("0.5", window=kind)
    assert budget.window_at({}, NOW) == budget.window_at({}, NOW - 59 * 60)
    assert (budget.window_at({}, NOW + 30) == budget.window_at({}, NOW)) is (kind == "total")


def test_a_window_is_named_by_budget_tags_and_the_value_of_per() -> None:
    budget = Budget(1, tags={"b": "2", "a": "1"}, per="user", name="mine", window="total")
    assert budget.window_at({"user": "u", "a": "1", "b": "2"}, NOW).name == "mine|a=1,b=2|user=u|total|total"
    assert budget.window_at({}, NOW).name == "mine|a=1,b=2|user=|total|total"


def test_a_limit_counts_as_it_is_written_whatever_equal_limit_there_was_before() -> None:
    limits = [0.1, Decimal.from_float(0.1), "0.1", Decimal("0.1")]
    exact = [100_000_000, 100_000_001, 100_000_000, 100_000_000]
    assert [Budget(limit).window_at({}, NOW).limit for limit in limits] == exact


@given(st.decimals(0, 10**6, places=12))
def test_amounts_are_rounded_up_to_billionths(amount: Decimal) -> None:
    nanos = to_nanodollars(amount)
    assert amount <= to_dollars(nanos) < amount + Decimal("1e-9")


def test_a_billion_nanodollars_are_a_dollar() -> None:
    assert to_nanodollars(Decimal("1.0000000001")) == 1_000_000_001
    assert to_dollars(1_500_000_000) == Decimal("1.5")
    assert reservation("k", 2_500_000_000).cost == Decimal("2.5")


def test_the_error_says_what_was_needed_and_survives_pickling() -> None:
    error = BudgetExceededError("too much", budget="b", limit=Decimal(1), spent=Decimal(2), needed=Decimal(3))
    for one in (error, pickle.loads(pickle.dumps(error))):  # noqa: S301  # our own bytes
        assert (str(one), one.budget, one.limit, one.spent, one.needed) == ("too much", "b", 1, 2, 3)


# Reservations


def test_a_reservation_is_read_back_as_it_was_written() -> None:
    one = Reservation("k", (window(5, "a", 7.5), window(6, "b")), 3, ELSEWHERE, 1.5, 2.5)
    assert Reservation.from_text("k", one.to_text()) == one


def test_a_new_reservation_is_of_this_process_and_has_a_key_of_its_own() -> None:
    before = time.time()
    one, other = (make_reservation([window()], 3, 100.0) for _ in range(2))
    assert (one.windows, one.amount, one.owner) == ((window(),), 3, this_process())
    assert before <= one.at <= time.time()
    assert one.at + 100 <= one.expires
    assert one.key != other.key
    assert not one.abandoned


def test_a_reservation_is_abandoned_when_its_process_has_ended() -> None:
    late, early = time.time() + 1000, time.time() - 1
    assert reservation("k", 1, owner=ENDED, expires=late).abandoned
    assert reservation("k", 1, owner=ELSEWHERE, expires=early).abandoned
    assert not reservation("k", 1, owner=ELSEWHERE, expires=late).abandoned
    assert not reservation("k", 1, expires=early).abandoned


# The store in memory


def test_amounts_up_to_the_limit_are_reserved() -> None:
    store = MemoryBudgets()
    assert store.spent(window()) == 0
    assert store.reserve([window()], 6) is None
    assert store.reserve([window()], 4) is None
    assert store.reserve([window()], 1) == (0, 10)
    assert store.spent(window()) == 10
    assert not store.blocking


def test_nothing_is_reserved_if_one_window_would_be_exceeded() -> None:
    store = MemoryBudgets()
    store.reserve([window(5, "b")], 3)
    assert store.reserve([window(10, "a"), window(5, "b")], 3) == (1, 3)
    assert (store.spent(window(name="a")), store.spent(window(name="b"))) == (0, 3)
    assert store.reserve([window(10, "a"), window(5, "b")], 2) is None
    assert (store.spent(window(name="a")), store.spent(window(name="b"))) == (2, 5)


def test_settling_adds_the_difference_to_every_window() -> None:
    store = MemoryBudgets()
    store.reserve([window(name="a"), window(name="b")], 6)
    store.settle([window(name="a"), window(name="b")], -4)
    assert (store.spent(window(name="a")), store.spent(window(name="b"))) == (2, 2)


def test_the_end_of_a_reservation_counts_what_was_spent() -> None:
    store = MemoryBudgets()
    one = reservation("k", 6)
    assert store.open(one) is None
    assert (store.reservations(), store.spent(window())) == ([one], 6)
    store.finish(one, 2)
    assert (store.reservations(), store.spent(window())) == ([], 2)
    store.finish(one, 3)
    assert store.spent(window()) == 5


def test_a_refused_reservation_is_not_open() -> None:
    store = MemoryBudgets()
    assert store.open(reservation("k", 11)) == (0, 0)
    assert store.reservations() == []


def test_reservations_of_ended_processes_are_closed_at_the_given_cost() -> None:
    store = MemoryBudgets()
    limit = 10**10
    gone, running = reservation("a", 6, window(limit), owner=ENDED), reservation("b", 3, window(limit))
    store.open(gone)
    store.open(running)
    assert store.close_abandoned() == [gone]
    assert (store.reservations(), store.spent(window())) == ([running], 3)
    store.open(gone)
    assert store.close_abandoned(Decimal("0.5")) == [gone]
    assert store.spent(window()) == 500_000_003


def test_windows_that_ended_are_dropped_when_another_begins() -> None:
    store = MemoryBudgets()
    past, future = window(name="past", expires=time.time() - 1), window(name="future", expires=time.time() + 1000)
    store.reserve([past], 4)
    store.reserve([past], 4)
    assert store.spent(past) == 8
    store.reserve([future, window(name="total")], 1)
    assert [store.spent(one) for one in (past, future, window(name="total"))] == [0, 1, 1]
    store.reserve([window(name="another")], 1)
    assert [store.spent(one) for one in (future, window(name="total"))] == [1, 1]


def test_a_window_is_needed_until_its_last_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    store = MemoryBudgets()
    store.reserve([window(name="ends", expires=NOW), window(name="ended", expires=NOW - 1)], 1)
    store.reserve([window(name="another")], 1)
    assert [store.spent(window(name=name)) for name in ("ends", "ended", "another")] == [1, 0, 1]
    assert not reservation("k", 1, owner=ELSEWHERE, expires=NOW).abandoned


# A store of one's own


class ListBudgets(BudgetStore):
    """What a custom store needs at least."""

    def __init__(self) -> None:
        self.amounts: list[int] = []

    def reserve(self, windows: Sequence[BudgetWindow], amount: int) -> tuple[int, int] | None:
        if amount > windows[0].limit:
            return 0, sum(self.amounts)
        self.amounts.append(amount)
        return None

    def settle(self, windows: Sequence[BudgetWindow], difference: int) -> None:
        self.amounts.append(difference)

    def spent(self, window: BudgetWindow) -> int:
        return sum(self.amounts)


def test_a_store_without_reservations_reserves_and_settles() -> None:
    store = ListBudgets()
    assert store.blocking
    assert store.open(reservation("k", 6)) is None
    assert store.open(reservation("k", 60)) == (0, 6)
    store.finish(reservation("k", 6), 2)
    assert store.amounts == [6, -4]
    assert store.reservations() == []
    assert store.close_abandoned() == []
    store.close()
