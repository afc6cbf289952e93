"""Which rows each table of a usage report has, and what its page shows of its arguments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ai_utilities.usage import DisplayCurrency, MemoryLedger, UsageData
from ai_utilities.usage.reports.report import days_before, fill_gaps, make_report, usage_page
from ai_utilities.usage.totals import Totals

START = datetime(2026, 3, 10, tzinfo=UTC)
EUROS = DisplayCurrency("EUR", "0.5", "2026-03-01", "ECB")


def row(hours: float, model: str, tags: dict[str, str], cost: str | None = "1", **more: Any) -> UsageData:
    return UsageData(
        provider=f"at-{model}",
        model=model,
        started_at=START + timedelta(hours=hours),
        tags=tags,
        cost=None if cost is None else Decimal(cost),
        input_tokens=10,
        **more,
    )


@pytest.fixture
def ledger() -> MemoryLedger:
    """Two rows of the app within a day, and one before, after and beside them."""
    ledger = MemoryLedger()
    ledger.add([
        row(-1, "early", {"app": "x", "before": "1"}),
        row(1, "one", {"app": "x", "user": "ada"}),
        row(23, "two", {"app": "x", "user": "bob"}, "3"),
        row(2, "beside", {"app": "y", "user": "eve"}),
        row(24, "late", {"app": "x", "after": "1"}),
    ])  # fmt: skip
    return ledger


def test_every_table_has_the_rows_of_the_time_with_the_tags(ledger: MemoryLedger) -> None:
    end = START + timedelta(hours=24)
    report = make_report(ledger, START, end, {"app": "x"}, by=("model", "provider"))
    assert (report.total.requests, report.total.cost) == (2, 4)
    assert list(report.days) == list(report.periods) == ["2026-03-10"]
    assert list(report.models) == ["two", "one"]
    assert {name: list(sums) for name, sums in report.groups.items()} == {"provider": ["at-two", "at-one"]}
    assert report.tags.keys() == {"app", "user"}
    assert {name: total.requests for name, total in report.tags["app"].items()} == {"x": 2}
    assert report.tags["user"].keys() == {"ada", "bob"}
    assert report.combined.keys() == {("one", "at-one"), ("two", "at-two")}


def test_days_and_combined_days_are_those_of_the_time_zone(ledger: MemoryLedger) -> None:
    report = make_report(ledger, START, START + timedelta(hours=24), by=("day",), time_zone="Asia/Tokyo")
    assert list(report.days) == ["2026-03-10", "2026-03-11"]
    assert set(report.combined) == {("2026-03-10",), ("2026-03-11",)}


def test_up_to_62_days_are_shown_by_day() -> None:
    days = {f"{START + timedelta(days=number):%Y-%m-%d}": Totals(requests=1) for number in (0, 61)}
    assert len(fill_gaps(days)) == 62
    days = {f"{START + timedelta(days=number):%Y-%m-%d}": Totals(requests=1) for number in (0, 62)}
    assert [*fill_gaps(days)] == ["2026-03", "2026-04", "2026-05"]


def test_a_day_begins_at_midnight_of_its_time_zone() -> None:
    now = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    tokyo = ZoneInfo("Asia/Tokyo")
    assert days_before(0, now, tokyo) == datetime(2026, 3, 11, tzinfo=tokyo)
    assert days_before(2, now) == datetime(2026, 3, 8, tzinfo=UTC)


def test_the_page_shows_its_title_its_time_and_the_currency_in_every_part(ledger: MemoryLedger) -> None:
    now = datetime(2026, 3, 12, 1, 2, tzinfo=ZoneInfo("Asia/Tokyo"))
    page = usage_page(make_report(ledger, by=("model",)), "Team <a>", now, EUROS)
    assert page.count("Team &lt;a&gt;") == 2
    assert "Created 2026-03-11 16:02 UTC." in page
    body = page.partition("</style>")[2]
    assert "$" not in body
    assert body.count("€1.50") >= 4  # the model two: in two tables, in that of its provider and in the chart
    assert "Amounts in EUR at 0.5 for 1 USD (ECB, 2026-03-01)." in body


def test_bars_are_by_tokens_where_nothing_has_a_cost() -> None:
    ledger = MemoryLedger()
    ledger.add([row(1, "one", {}, None), row(2, "two", {}, None, output_tokens=30)])
    page = usage_page(make_report(ledger))
    model = page.partition("<h2>By model</h2>")[2].partition("</table>")[0]
    assert re.findall(r"width: ([\d.]+)%", model) == ["100.0", "25.0"]
