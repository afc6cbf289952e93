"""`ai-utilities usage`: what commands booked, as tables, a plot, a page and data."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.cli.commands.usage import read_time
from ai_utilities.config import state_path
from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.usage import SQLiteLedger, UsageData
from ai_utilities.usage.reports.charts import round_up
from ai_utilities.usage.reports.report import format_cost, make_report, usage_page
from ai_utilities.usage.totals import Totals
from dhenara.ai.testing import Answer, FakeServer, FakeUsage

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)


def spent(days_ago: int, cost: str | None, model: str = "fake-1", **tags: str) -> UsageData:
    return UsageData(
        prompt_tokens=1000,
        completion_tokens=200,
        cost=None if cost is None else Decimal(cost),
        model=model,
        provider="openai",
        started_at=datetime.now(UTC) - timedelta(days=days_ago),
        tags=tags,
    )


@pytest.fixture
def ledger(own_folders: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SQLiteLedger:
    """Three days of use, with a day between on which nothing was asked."""
    monkeypatch.chdir(tmp_path)
    retained = SQLiteLedger(state_path("usage.sqlite"))
    retained.add([spent(3, "1.25", project="atlas"), spent(1, "0.25", "fake-2", project="<zoo>"), spent(1, None)])
    retained.close()
    return retained


def test_what_one_command_uses_another_one_shows(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(Answer(text="Hello!", usage=FakeUsage(12, 3)))
    cli("ask", "Say hello", "--tag", "project=atlas")
    reported = json.loads(cli("usage", "--json").out)
    assert reported["total"]["prompt_tokens"] == 12
    assert reported["model"]["fake-1"]["completion_tokens"] == 3
    assert reported["tag:project"]["atlas"]["requests"] == 1


def test_tables_are_by_day_model_and_tag(cli: Any, ledger: SQLiteLedger) -> None:
    out = cli("usage").out
    day, model, project, summary = out.split("\n\n")
    assert [table.split()[0] for table in (day, model, project)] == ["day", "model", "project"]
    assert "$1.25" in day
    assert model.splitlines()[2].startswith("fake-1")
    assert "<zoo>" in project
    assert "(no such tag)" in project
    assert summary.startswith("3 requests, 3,600 tokens, $1.50+")


def test_one_grouping_is_one_table(cli: Any, ledger: SQLiteLedger) -> None:
    assert cli("usage", "--by", "provider").out.splitlines()[2].split()[:2] == ["openai", "3"]
    assert "atlas" in cli("usage", "--by", "tag:project").out
    wrong = cli("usage", "--by", "colour")
    assert (wrong.code, "tag:<name>" in wrong.err) == (2, True)


def test_tags_and_times_narrow_it_down(cli: Any, ledger: SQLiteLedger) -> None:
    assert json.loads(cli("usage", "--json", "--since", "2d").out)["total"]["requests"] == 2
    assert json.loads(cli("usage", "--json", "--tag", "project=atlas").out)["total"]["cost"] == "1.25"
    assert json.loads(cli("usage", "--json", "--until", "2d").out)["total"]["requests"] == 1


def test_a_plot_has_a_line_for_each_day_within_the_width(
    cli: Any, ledger: SQLiteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli("usage", "--plot").out.splitlines()
    days = [line for line in lines if line.startswith("20")]
    assert len(days) == 3
    assert max(map(len, lines)) <= 80
    assert "$1.25" in days[0]
    assert days[1].split() == [days[1][:10]]
    assert "#" in days[0] or "█" in days[0]


def test_an_empty_report_names_the_path_of_the_ledger(cli: Any, at_server: FakeServer) -> None:
    done = cli("usage")
    assert (done.code, done.out) == (0, "")
    assert "usage.sqlite" in done.err


def test_a_ledger_that_ends_with_the_command_is_a_mistake(
    cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_USAGE_STORE", "memory")
    done = cli("usage")
    assert (done.code, "AI_USAGE_STORE" in done.err) == (2, True)


def test_a_call_succeeds_where_no_ledger_can_be_written(
    cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a-file"))
    at_server.add_replies(Answer(text="Hello!"))
    done = cli("ask", "Say hello")
    assert (done.code, done.out) == (0, "Hello!\n")
    assert "usage is not recorded" in done.err


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")
def test_a_browser_shows_the_page_with_its_charts(cli: Any, ledger: SQLiteLedger, tmp_path: Path) -> None:
    assert "written to usage.html" in cli("usage", "--html", "usage.html").err
    # Without the options for memory and graphics, what else runs on the machine may end the browser's processes.
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    options = [*flags, "--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    page = (tmp_path / "usage.html").resolve().as_uri()
    done = subprocess.run([str(BROWSER), *options, page], capture_output=True, text=True, timeout=250, check=False)
    assert (done.returncode, "</html>" in done.stdout) == (0, True), done.stderr
    assert done.stdout.count('<rect class="spend"') == 2
    assert done.stdout.count('<rect class="input"') == 2
    assert "&lt;zoo&gt;" in done.stdout
    assert "$1.50+" in done.stdout


def test_the_page_needs_nothing_from_elsewhere(ledger: SQLiteLedger) -> None:
    page = usage_page(make_report(ledger), now=NOW)
    for needing in ("http:", "https:", "<script", "src=", "@import", "url("):
        assert needing not in page
    assert "<zoo>" not in page


def test_long_times_are_shown_by_months() -> None:
    from ai_utilities.usage import MemoryLedger

    retained = MemoryLedger()
    retained.add([spent(days, "0.10") for days in (1, 100, 200)])
    report = make_report(retained)
    assert all(len(month) == len("2026-03") for month in report.periods)
    assert len(report.periods) in (7, 8)
    assert sum(total.requests for total in report.periods.values()) == 3


@pytest.mark.parametrize(
    ("total", "reported"),
    [
        (Totals(requests=1, cost=Decimal("1234.5")), "$1,234.50"),
        (Totals(requests=1, cost=Decimal("0.00001")), "<$0.0001"),
        (Totals(requests=1), "$0"),
        (Totals(requests=1, unknown_costs=1), "unknown"),
        (Totals(requests=2, cost=Decimal("0.5"), unknown_costs=1), "$0.5000+"),
    ],
)
def test_unknown_is_not_free(total: Totals, reported: str) -> None:
    assert format_cost(total) == reported


@pytest.mark.parametrize(
    ("provided", "meant"),
    [
        ("7d", datetime(2026, 3, 3, 15, 30, tzinfo=UTC)),
        ("24h", datetime(2026, 3, 9, 15, 30, tzinfo=UTC)),
        ("2w", datetime(2026, 2, 24, 15, 30, tzinfo=UTC)),
        ("today", datetime(2026, 3, 10, tzinfo=UTC)),
        ("yesterday", datetime(2026, 3, 9, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("all", None),
        (None, None),
    ],
)
def test_times_are_read_as_people_say_them(provided: str | None, meant: datetime | None) -> None:
    assert read_time(provided, NOW) == meant


def test_an_invalid_time_is_reported_with_valid_examples() -> None:
    with pytest.raises(ProviderConfigurationError, match="2026-11-01"):
        read_time("soon", NOW)


@pytest.mark.parametrize("most", [0.00003, 0.1173, 1, 7.2, 99, 1234567])
def test_the_top_of_a_chart_is_just_above_what_it_shows(most: float) -> None:
    assert most <= round_up(most) <= 1.5 * most
