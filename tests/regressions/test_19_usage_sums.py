"""The sums that a SQLite ledger keeps are those of its rows, whatever changes these."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ai_utilities.usage import (
    Budget,
    MemoryLedger,
    SQLiteLedger,
    UsageData,
)
from dhenara.ai.testing import Answer, FakeUsage
from support.thorough import examples

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACCOUNT = Budget(1, "day").window_at({}, time.time())


def script(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as file:
        for statement in statements:
            file.executescript(statement)
        file.commit()


MOMENTS = st.none() | st.integers(-200, 200).map(lambda minutes: NOON + timedelta(minutes=minutes))
MONEY = st.none() | st.decimals(0, 1000, allow_nan=False, places=7) | st.just(Decimal("1.234567890123E-9"))
ROWS = st.builds(
    UsageData,
    provider=st.sampled_from([None, "p"]),
    model=st.sampled_from(["m", "n"]),
    outcome=st.sampled_from(["answered", "failed", "interrupted", "cancelled"]),
    started_at=MOMENTS,
    input_tokens=st.integers(0, 10**9),
    output_tokens=st.integers(0, 99),
    cost=MONEY,
    saved_cost=MONEY,
    cached=st.booleans(),
    tags=st.dictionaries(st.sampled_from(["user", "ä b", 'q"', "back\\slash"]), st.sampled_from(["ada", '"'])),
)


@settings(
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(
    rows=st.lists(ROWS, max_size=8),
    by=st.sampled_from([None, "day", "model", "provider", "outcome", "tag:user", 'tag:q"', "tag:none"]),
    since=MOMENTS,
    until=MOMENTS,
    tags=st.sampled_from([{}, {"user": "ada"}, {'q"': "ada"}, {"none": "x"}]),
    removed=st.integers(0, 8),
)
def test_the_sums_of_a_file_are_the_sums_of_its_rows(
    rows: list[UsageData], by: str | None, since: Any, until: Any, tags: dict[str, str], removed: int, tmp_path: Path
) -> None:
    path = tmp_path / f"{time.time_ns()}.db"
    retained, known = SQLiteLedger(path), MemoryLedger()
    retained.add(rows)
    # Somebody else removes some rows and adds them again.
    script(path, "CREATE TABLE aside AS SELECT * FROM usage", f"DELETE FROM usage WHERE id <= {removed}")
    script(path, f"INSERT INTO usage SELECT * FROM aside WHERE id <= {removed} AND id % 2")
    known.add([row for number, row in enumerate(rows, 1) if number > removed or number % 2])
    assert retained.totals(by, since, until, tags) == known.totals(by, since, until, tags)
    assert retained.tag_names(since, until) == known.tag_names(since, until)
    retained.close()


def test_a_total_of_whole_hours_reads_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = SQLiteLedger(tmp_path / "usage.db")
    ledger.add([UsageData(model="m", started_at=NOON + timedelta(minutes=number)) for number in range(600)])
    assert ledger.total(NOON + timedelta(minutes=30), NOON + timedelta(hours=1, minutes=15)).requests == 45
    monkeypatch.setattr("ai_utilities.usage.sqlite_sums.ROWS", "(SELECT no_such_column FROM usage)")
    assert ledger.total().requests == 600
    assert ledger.totals("day", NOON + timedelta(hours=1), NOON + timedelta(hours=3))["2026-11-21"].requests == 120
    ledger.close()
