"""The ledger in memory, what every ledger does by itself, and the tracker."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.storage.store_io import Owner
from ai_utilities.usage import ledger as ledger_module
from ai_utilities.usage.data import UsageData
from ai_utilities.usage.ledger import (
    Ledger,
    MemoryLedger,
    UsageTracker,
    create_usage_tracker,
    matches,
)
from ai_utilities.usage.sqlite import SQLiteLedger
from ai_utilities.usage.totals import Totals, check_grouping
from dhenara.ai.errors import ConfigurationError

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(number: int = 1, **fields: Any) -> UsageData:
    return UsageData(**{"prompt_tokens": number, "cost": Decimal(number), "started_at": NOON, **fields})


class ListLedger(Ledger):
    """What a custom ledger needs at least."""

    def __init__(self, *rows: UsageData) -> None:
        self.stored = list(rows)

    def add(self, rows: Sequence[UsageData]) -> None:
        self.stored += rows

    def rows(
        self, since: datetime | None = None, until: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> Iterable[UsageData]:
        return [row for row in self.stored if matches(row, since, until, tags)]


# Which rows are counted


@pytest.mark.parametrize(
    ("since", "until", "inside"),
    [
        (None, None, True),
        (NOON, None, True),
        (NOON + HOUR, None, False),
        (None, NOON, False),
        (None, NOON + HOUR, True),
        (NOON - HOUR, NOON + HOUR, True),
        (NOON - HOUR, NOON - HOUR, False),
    ],
)
def test_a_row_is_from_its_first_moment_and_before_the_last(since: Any, until: Any, inside: bool) -> None:
    assert matches(row(), since, until, None) is inside


def test_a_row_without_a_time_is_of_no_time_in_particular() -> None:
    timeless = row(started_at=None)
    assert matches(timeless, None, None, None)
    assert not matches(timeless, NOON, None, None)
    assert not matches(timeless, None, NOON, None)


def test_a_row_must_have_all_tags() -> None:
    tagged = row(tags={"a": "1", "b": "2"})
    assert matches(tagged, None, None, {"a": "1", "b": "2"})
    assert matches(tagged, None, None, {})
    assert not matches(tagged, None, None, {"a": "1", "b": "3"})
    assert not matches(tagged, None, None, {"c": "1"})


@pytest.mark.parametrize(
    "by", ["day", "month", "model", "provider", "operation", "key", "team", "unit", "outcome", "tag:x"]
)
def test_usage_is_summed_by(by: str) -> None:
    assert check_grouping(by) == by


@pytest.mark.parametrize("by", ["", "tag", "tag:", "cost", "tags:x"])
def test_usage_is_not_summed_by_anything_else(by: str) -> None:
    with pytest.raises(ConfigurationError, match="usage is summed by day, month, model, provider, operation"):
        check_grouping(by)


@pytest.mark.parametrize("make", [ListLedger, lambda *rows: filled(MemoryLedger(), *rows)])
def test_every_ledger_sums_its_rows(make: Any) -> None:
    ledger = make(row(1, model="a", tags={"t": "x"}), row(2, model="b"), row(4, model="a", started_at=NOON + HOUR))
    assert {model: one.cost for model, one in ledger.totals("model").items()} == {"a": 5, "b": 2}
    assert {model: one.cost for model, one in ledger.totals("model", NOON + HOUR).items()} == {"a": 4}
    assert {model: one.cost for model, one in ledger.totals("model", None, NOON + HOUR).items()} == {"a": 1, "b": 2}
    assert ledger.total().requests == 3
    assert ledger.total(NOON, NOON + HOUR).requests == 2
    assert ledger.total(tags={"t": "x"}).cost == 1
    assert ledger.total(NOON + 2 * HOUR) == Totals()
    with pytest.raises(ConfigurationError):
        ledger.totals("cost")


def test_the_names_of_tags_are_sorted() -> None:
    ledger = ListLedger(row(tags={"b": "1", "a": "1"}), row(tags={"c": "1"}, started_at=NOON + HOUR))
    assert ledger.tag_names() == ["a", "b", "c"]
    assert ledger.tag_names(NOON + HOUR) == ["c"]
    assert ledger.tag_names(until=NOON + HOUR) == ["a", "b"]


def test_a_ledger_may_do_without_open_rows() -> None:
    ledger = ListLedger()
    ledger.open([row(row_id="r", outcome="open")], 0.0)
    assert (ledger.open_rows(), ledger.close_abandoned(), ledger.blocking) == ([], [], True)
    ledger.close()


# The ledger in memory


def filled(ledger: Any, *rows: UsageData) -> Any:
    ledger.add(rows)
    return ledger


def test_rows_are_given_back_as_they_were() -> None:
    rows = [row(1, tags={"a": "1"}), row(2, started_at=NOON + HOUR)]
    ledger = filled(MemoryLedger(), *rows)
    assert ledger.rows() == rows
    assert ledger.rows(NOON + HOUR) == rows[1:]
    assert ledger.rows(None, NOON + HOUR) == rows[:1]
    assert ledger.rows(tags={"a": "1"}) == rows[:1]
    assert not ledger.blocking


@pytest.mark.parametrize("most", [1, sys.maxsize])
def test_the_least_and_the_largest_number_of_rows_are_accepted(most: int) -> None:
    assert MemoryLedger(max_rows=most).rows() == []


@pytest.mark.parametrize("most", [0, -1, sys.maxsize + 1, "many"])
def test_a_ledger_in_memory_has_room_for_at_least_one_row(most: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_rows"):
        MemoryLedger(most)


def test_the_oldest_rows_are_dropped_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    ledger = MemoryLedger(max_rows=3)
    with caplog.at_level(logging.WARNING):
        ledger.add([row(1), row(2), row(3)])
        assert caplog.messages == []
        ledger.add([row(4)])
        assert len(caplog.messages) == 1
        ledger.add([row(5)])
    assert [one.prompt_tokens for one in ledger.rows()] == [3, 4, 5]
    assert len(caplog.messages) == 1


def test_more_rows_than_fit_at_once_are_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert filled(MemoryLedger(max_rows=1), row(1), row(2)).rows() == [row(2)]
    assert len(caplog.messages) == 1


def test_an_item_of_a_batch_has_one_row() -> None:
    ledger = MemoryLedger()
    item = row(row_id="b1", operation="batch")
    ledger.add([item])
    ledger.add([item, row(2, row_id="b2", operation="batch")])
    ledger.add([row(3, operation="batch"), row(4, operation="batch")])
    ledger.add([row(5, row_id="c1"), row(6, row_id="c1")])
    ledger.add([row(7, operation="batch")])
    assert [one.prompt_tokens for one in ledger.rows()] == [1, 2, 3, 4, 5, 6, 7]


def test_open_rows_are_in_totals_until_they_are_settled() -> None:
    ledger = MemoryLedger()
    ledger.open([row(row_id="r", outcome="open", cost=None, tags={"t": "x"})], time.time() + 100)
    assert [(one.key, one.abandoned) for one in ledger.open_rows()] == [("r", False)]
    assert [one.outcome for one in ledger.rows()] == ["open"]
    assert (ledger.total().open, ledger.total(tags={"t": "y"}).open, ledger.total(NOON + HOUR).open) == (1, 0, 0)
    ledger.add([row(3, row_id="r")])
    assert (ledger.open_rows(), ledger.total().open, ledger.total().requests) == ([], 0, 1)


def test_rows_of_ended_processes_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = MemoryLedger()
    monkeypatch.setattr(ledger_module, "this_process", lambda: Owner("another-machine", "b", 1, "s"))
    ledger.open([row(row_id="gone", outcome="open", cost=None)], time.time() - 1)
    ledger.open([row(row_id="there", outcome="open", cost=None)], time.time() + 1000)
    (closed,) = ledger.close_abandoned()
    assert (closed.row_id, closed.outcome) == ("gone", "interrupted")
    assert [one for one in ledger.rows() if one.outcome != "open"] == [closed]
    assert [one.key for one in ledger.open_rows()] == ["there"]
    assert ledger.close_abandoned() == []


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_rows_are_in_order_of_time_with_open_ones_among_them(kind: str, tmp_path: Path) -> None:
    ledger: Ledger = MemoryLedger() if kind == "memory" else SQLiteLedger(tmp_path / "usage.db")
    times = [NOON + HOUR * hours for hours in range(3)]
    ledger.add([row(1, row_id="c", started_at=times[2]), row(1, row_id="a", started_at=times[0])])
    opened = row(row_id="b", outcome="open", cost=None, started_at=times[1])
    ledger.open([opened], time.time() + 100)
    assert [one.row_id for one in ledger.rows()] == ["a", "b", "c"]
    assert [one.row_id for one in ledger.rows(since=times[1], until=times[2])] == ["b"]
    ledger.close()


def test_a_row_that_is_settled_while_rows_are_read_is_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = MemoryLedger()
    ledger.add([row(1, row_id="a")])
    ledger.open([row(row_id="b", outcome="open", cost=None)], time.time() + 100)
    read = UsageData.model_validate_json

    def settle_and_read(text: str) -> UsageData:
        ledger.add([row(2, row_id="b")])
        return read(text)

    monkeypatch.setattr(UsageData, "model_validate_json", settle_and_read)
    assert [one.row_id for one in ledger.rows()] == ["a", "b"]


# The tracker


def test_a_tracker_counts_in_all_and_by_model() -> None:
    tracker = UsageTracker()
    tracker.track_request(row(1, model="a"))
    tracker.add([row(2, model="b"), row(4, model="a"), row(8, model=None)])
    assert (tracker.total.requests, tracker.total.cost) == (4, 15)
    assert {model: one.cost for model, one in tracker.by_model().items()} == {"a": 5, "b": 2, "": 8}
    tracker.reset()
    assert (tracker.total, tracker.by_model()) == (Totals(), {})


def test_a_tracker_tells_listeners_until_they_leave() -> None:
    tracker, received = UsageTracker(), list[int]()
    leave = tracker.subscribe(lambda usage: received.append(usage.prompt_tokens))
    tracker.add([row(1), row(2)])
    leave()
    tracker.add([row(3)])
    assert received == [1, 2]


def test_a_tracker_passes_everything_on_to_its_ledger() -> None:
    ledger = MemoryLedger()
    tracker = UsageTracker(ledger)
    opened = row(row_id="r", outcome="open", cost=None)
    tracker.open([opened], time.time() - 1)
    assert [one.key for one in tracker.open_rows()] == ["r"]
    assert tracker.close_abandoned() == []
    tracker.add([row(3, row_id="r")])
    assert (ledger.rows(), tracker.open_rows()) == ([row(3, row_id="r")], [])
    assert not tracker.blocking
    assert UsageTracker(ListLedger()).blocking
    tracker.reset()
    assert ledger.total().requests == 1


def test_rows_that_the_ledger_refuses_are_not_counted() -> None:
    class Failing(ListLedger):
        def add(self, rows: Sequence[UsageData]) -> None:
            raise OSError("disk full")

    tracker, received = UsageTracker(Failing()), list[UsageData]()
    tracker.subscribe(received.append)
    with pytest.raises(OSError, match="disk full"):
        tracker.track_request(row())
    assert (tracker.total, received) == (Totals(), [])


def test_a_tracker_without_a_ledger_has_no_open_rows() -> None:
    tracker = UsageTracker()
    tracker.open([row(row_id="r", outcome="open")], 0.0)
    assert (tracker.open_rows(), tracker.close_abandoned(), tracker.blocking) == ([], [], False)
    assert (tracker.opens_rows, UsageTracker(MemoryLedger()).opens_rows) == (False, True)
    tracker.close()


def test_closing_a_tracker_closes_its_ledger() -> None:
    class Closing(ListLedger):
        closed = False

        def close(self) -> None:
            self.closed = True

    ledger = Closing()
    UsageTracker(ledger).close()
    assert ledger.closed


def test_a_new_tracker_has_a_ledger_in_memory_unless_one_is_given() -> None:
    given = ListLedger()
    assert create_usage_tracker(given).ledger is given
    assert isinstance(create_usage_tracker().ledger, MemoryLedger)
