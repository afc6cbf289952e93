"""`ai-utilities usage` by several groups, in time zones and currencies; `usage reconcile`; and `budget show`."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.config import state_path
from ai_utilities.usage import Budget, DisplayCurrency, SQLiteBudgets, SQLiteLedger, UsageData
from ai_utilities.usage.amounts import format_amount
from ai_utilities.usage.reports.report import make_report, usage_page
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import Cost, InvalidValueError

DAY = datetime(2026, 11, 20, tzinfo=UTC)


def row(hour: float, cost: str | None = "0.50", **fields: Any) -> UsageData:
    facts = {"provider": "openai", "model": "gpt-5.4-mini", "input_tokens": 100, "output_tokens": 10, **fields}
    return UsageData(
        started_at=DAY + timedelta(hours=hour), cost=None if cost is None else Decimal(cost), **facts
    )  # fmt: skip


@pytest.fixture
def ledger(own_folders: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three requests of two keys and teams, and two images of unknown cost."""
    monkeypatch.chdir(tmp_path)
    stored = SQLiteLedger(state_path("usage.sqlite"))
    stored.add([
        row(1, key="production", tags={"team": "search"}),
        row(19, key="production", tags={"team": "ads"}),
        row(23.5, key="key-1234abcd", tags={"team": "search"}),
        row(2, None, input_tokens=0, output_tokens=0, units={"images": 2}, operation="image", model="gpt-image-2"),
    ])  # fmt: skip
    stored.close()


SINCE = ("--since", "2026-11-01")


def test_several_groupings_are_one_table(cli: Any, ledger: None) -> None:
    lines = cli("usage", *SINCE, "--by", "month,team,key").out.splitlines()
    assert lines[0].split()[:3] == ["month", "team", "key"]
    assert [line.split()[:3] for line in lines[3:]] == [
        ["2026-11", "ads", "production"],
        ["2026-11", "search", "key-1234abcd"],
        ["2026-11", "search", "production"],
    ]
    groups = json.loads(cli("usage", *SINCE, "--by", "team,unit", "--json").out)["groups"]
    assert [(group["team"], group["unit"], group["requests"]) for group in groups] == [
        ("", "images", 1),
        ("ads", "tokens", 1),
        ("search", "tokens", 2),
    ]


def test_an_unknown_grouping_is_a_mistake(cli: Any, ledger: None) -> None:
    wrong = cli("usage", *SINCE, "--by", "team,colour")
    assert (wrong.code, "'colour'" in wrong.err) == (2, True)


def test_keys_and_units_have_tables_where_there_are_several(cli: Any, ledger: None) -> None:
    out = cli("usage", *SINCE).out
    assert [table.split()[0] for table in out.split("\n\n")[:-1]] == [
        "day",
        "model",
        "key",
        "operation",
        "unit",
        "team",
    ]
    assert "2 images" in out
    assert "The cost of 1 requests is unknown." in out


def test_days_are_those_of_the_time_zone(cli: Any, ledger: None) -> None:
    days = json.loads(cli("usage", *SINCE, "--by", "day", "--time-zone", "Asia/Kolkata", "--json").out)["day"]
    assert {day: total["requests"] for day, total in days.items()} == {"2026-11-20": 2, "2026-11-21": 2}
    only = cli("usage", "--since", "2026-11-21", "--time-zone", "Asia/Kolkata", "--json").out
    assert json.loads(only)["total"]["requests"] == 2
    assert cli("usage", *SINCE, "--time-zone", "Mars/Base").code == 2


def test_amounts_are_shown_in_another_currency_with_its_rate(cli: Any, ledger: None) -> None:
    rate = ("--currency", "eur", "--rate", "0.92", "--rate-date", "2026-11-20", "--rate-source", "ECB")
    done = cli("usage", *SINCE, *rate)
    assert "€1.38+" in done.out
    assert "$" not in done.out
    assert "Amounts in EUR at 0.92 for 1 USD (ECB, 2026-11-20)." in done.err
    assert json.loads(cli("usage", *SINCE, *rate, "--json").out)["total"]["cost"] == "1.50"
    assert cli("usage", "--currency", "EUR").code == 2
    assert cli("usage", "--currency", "EUR", "--rate", "0").code == 2


def test_the_page_shows_groups_units_and_the_currency() -> None:
    from ai_utilities.usage import MemoryLedger

    ledger = MemoryLedger()
    ledger.add([row(1, key="a"), row(2, key="<b>"), row(2, None, units={"images": 2}, key="a")])
    report = make_report(ledger, by=("key", "unit"), time_zone="Europe/Berlin")
    page = usage_page(report, currency=DisplayCurrency("EUR", "0.92", "2026-11-20", "ECB"))
    assert "<h2>By key, unit</h2>" in page
    assert "<h2>By key</h2>" in page
    assert "&lt;b&gt;" in page
    assert "2 images" in page
    assert "days of Europe/Berlin" in page
    assert "The cost of 1 requests is unknown." in page
    assert "€0.9200" in page
    assert "Amounts in EUR at 0.92 for 1 USD (ECB, 2026-11-20)." in page
    assert "$" not in page.partition("</style>")[2]


def test_a_currency_needs_a_code_and_a_rate() -> None:
    assert format_amount(Decimal(2), DisplayCurrency("JPY", 150)) == "300.00 JPY"
    assert DisplayCurrency("EUR", 0.92).convert(Decimal(100)) == 92
    for code, rate in (("Euro", 1), ("EUR", 0), ("EUR", "much"), ("EUR", float("nan")), ("EUR", True)):
        with pytest.raises(ConfigurationError):
            DisplayCurrency(code, rate)


def test_a_cost_in_another_currency_names_its_rate_and_stays_as_it_is() -> None:
    cost = Cost(amount=Decimal("1.50"), components={"input": Decimal("1.50")}, source="catalog", saved=Decimal(1))
    euros = cost.in_currency("EUR", 0.92, rate_date="2026-11-20", source="ECB")
    assert (euros.amount, euros.currency, euros.saved) == (Decimal("1.38"), "EUR", Decimal("0.92"))
    assert euros.components == {"input": Decimal("1.38")}
    assert euros.source == "catalog; 0.92 EUR for 1 USD (ECB, 2026-11-20)"
    assert (cost.amount, cost.currency) == (Decimal("1.50"), "USD")
    assert Cost(reason="no price is known").in_currency("EUR", 0.92).amount is None
    with pytest.raises(InvalidValueError, match="above 0"):
        cost.in_currency("EUR", 0)


# Reconciliation


def export(path: Path, requests: int = 3, tokens: int = 300) -> str:
    result = {
        "object": "organization.usage.completions.result",
        "input_tokens": tokens,
        "output_tokens": 30,
        "num_model_requests": requests,
        "model": "gpt-5.4-mini-2026-03-17",
    }
    times = {"start_time": int(DAY.timestamp()), "end_time": int((DAY + timedelta(days=1)).timestamp())}
    page = {"object": "page", "data": [{"object": "bucket", **times, "results": [result]}], "has_more": False}
    path.write_text(json.dumps(page))
    return str(path)


def test_an_equal_export_ends_well(cli: Any, ledger: None, tmp_path: Path) -> None:
    done = cli("usage", "reconcile", export(tmp_path / "usage.json"), "--provider", "openai", "--strict")
    assert done.code == 0
    assert "1 days and models compared, 0 differ" in done.out


def test_differences_are_shown_with_their_reason(cli: Any, ledger: None, tmp_path: Path) -> None:
    file = export(tmp_path / "usage.json", requests=4, tokens=400)
    done = cli("usage", "reconcile", file, "--provider", "openai")
    assert done.code == 0
    line = next(line for line in done.out.splitlines() if "requests" in line)
    assert line.split()[:2] == ["2026-11-20", "gpt-5.4-mini"]
    assert line.split()[-3:] == ["3", "4", "+1"]
    assert "2026-11-20 gpt-5.4-mini: the export has more" in done.out
    assert cli("usage", "reconcile", file, "--provider", "openai", "--strict").code == 3
    buckets = json.loads(cli("usage", "reconcile", file, "--provider", "openai", "--json").out)["buckets"]
    assert buckets[0]["differences"] == {"input_tokens": "100", "requests": "1"}


def test_a_file_that_is_no_export_is_a_mistake(cli: Any, ledger: None, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    wrong = cli("usage", "reconcile", str(tmp_path / "other.csv"), "--provider", "openai")
    assert (wrong.code, "column start_time" in wrong.err) == (2, True)
    assert cli("usage", "reconcile", str(tmp_path / "none.csv"), "--provider", "openai").code == 2
    pairs = ("--key", "one")
    assert cli("usage", "reconcile", export(tmp_path / "u.json"), "--provider", "openai", *pairs).code == 2


# Budgets


def test_a_budget_is_shown_with_what_is_left_and_a_forecast(
    cli: Any, own_folders: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AI_BUDGET_USD", "20")
    monkeypatch.setenv("AI_BUDGET_WINDOW", "total")
    monkeypatch.setenv("AI_LIMIT_STORE", "sqlite")
    store = SQLiteBudgets(state_path("limits.sqlite"))
    store.reserve([Budget(20, "total").window_at({}, time.time())], 5 * 10**9)
    store.close()
    done = cli("budget", "show")
    assert done.out.splitlines() == [
        "$20.00 in total: $5.00 spent or reserved, $15.00 left",
        "forecast: unknown, the window has no end",
    ]
    assert "€4.60" in cli("budget", "show", "--currency", "EUR", "--rate", "0.92").out
    facts = json.loads(cli("budget", "show", "--json").out)
    assert (Decimal(facts["spent"]), Decimal(facts["left"]), facts["expected"]) == (5, 15, None)


def test_a_missing_budget_is_a_mistake(cli: Any, own_folders: None, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("budget", "show")
    assert (done.code, "AI_BUDGET_USD" in done.err) == (2, True)
