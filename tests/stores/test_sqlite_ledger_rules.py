"""The ledger in an SQLite file by its rules: which rows there are, and what sums of hours have of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.storage.store_io import Owner
from ai_utilities.usage import SQLiteLedger, UsageData, open_rows

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def row(number: int = 1, **fields: Any) -> UsageData:
    return UsageData(**{"prompt_tokens": number, "cost": Decimal(number), "started_at": NOON, **fields})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SQLiteLedger]:
    ledger = SQLiteLedger(tmp_path / "usage.sqlite")
    yield ledger
    ledger.close()


def test_an_item_of_a_batch_has_one_row(ledger: SQLiteLedger) -> None:
    item = row(row_id="b1", operation="batch")
    ledger.open([item.model_copy(update={"outcome": "open"})], time.time() + 100)
    ledger.add([item])
    ledger.add([row(9, row_id="b1", operation="batch"), row(2, row_id="b2", operation="batch")])
    ledger.add([row(3, operation="batch"), row(5, row_id="c1"), row(6, row_id="c1")])
    assert sorted(one.prompt_tokens for one in ledger.rows()) == [1, 2, 3, 5, 6]


def test_open_rows_are_in_totals_until_they_are_settled(ledger: SQLiteLedger) -> None:
    ledger.open([row(row_id="r", outcome="open", cost=None, tags={"t": "x"})], time.time() + 100)
    assert [(one.key, one.abandoned) for one in ledger.open_rows()] == [("r", False)]
    assert [one.outcome for one in ledger.rows()] == ["open"]
    later = NOON + 60 * MINUTE
    assert (ledger.total().open, ledger.total(tags={"t": "y"}).open, ledger.total(later).open) == (1, 0, 0)
    assert ledger.tag_names() == ["t"]
    ledger.add([row(3, row_id="r")])
    assert (ledger.open_rows(), ledger.total().open, ledger.total().requests) == ([], 0, 1)


def open_elsewhere(ledger: SQLiteLedger, monkeypatch: pytest.MonkeyPatch, **expires: float) -> None:
    """Open a row for each name, as a process of another machine does."""
    with monkeypatch.context() as patched:
        patched.setattr(open_rows, "this_process", lambda: Owner("another-machine", "b", 1, "s"))
        for name, seconds in expires.items():
            ledger.open([row(row_id=name, outcome="open", cost=None)], time.time() + seconds)


def test_rows_of_ended_processes_are_closed(ledger: SQLiteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    open_elsewhere(ledger, monkeypatch, gone=-1, there=1000)
    (closed,) = ledger.close_abandoned()
    assert (closed.row_id, closed.outcome) == ("gone", "interrupted")
    assert [one.key for one in ledger.open_rows()] == ["there"]
    assert ledger.close_abandoned() == []


def test_a_row_that_was_closed_too_early_is_replaced(ledger: SQLiteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    open_elsewhere(ledger, monkeypatch, slow=-1)
    ledger.close_abandoned()
    assert [one.outcome for one in ledger.rows()] == ["interrupted"]
    ledger.add([row(3, row_id="slow")])
    assert [(one.outcome, one.cost) for one in ledger.rows()] == [("answered", 3)]
    total = ledger.total()
    assert (total.requests, total.cost, total.unknown_costs) == (1, 3, 0)


def test_what_a_cache_saved_is_summed_apart_from_costs(ledger: SQLiteLedger) -> None:
    ledger.add([row(5), row(cost=Decimal(0), saved_cost=Decimal(2), cached=True, outcome="cached")])
    total = ledger.total()
    assert (total.cost, total.saved_cost, total.cached) == (5, 2, 1)


@pytest.mark.parametrize("waiting", [True, False])
@pytest.mark.parametrize(
    ("since", "until", "numbers"),
    [
        (30, None, [2, 4]),
        (None, 30, [1]),
        (10, 50, [1]),
        (20, 70, [2]),
        (0, 60, [1, 2]),
        (50, 71, [2, 4]),
        (15, 45, []),
    ],
)
def test_times_within_hours_count_to_the_minute(
    since: int | None, until: int | None, numbers: list[int], waiting: bool, ledger: SQLiteLedger
) -> None:
    ledger.add([row(number, started_at=NOON + minutes * MINUTE) for number, minutes in ((1, 10), (2, 50), (4, 70))])
    if not waiting:
        assert ledger.total().requests == 3  # which makes the sums of the hours
    span = [None if at is None else NOON + at * MINUTE for at in (since, until)]
    total = ledger.total(*span)
    assert (total.requests, total.cost) == (len(numbers), sum(numbers))
