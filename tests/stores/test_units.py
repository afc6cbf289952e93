"""Units beside tokens in ledgers: stored, added up by every group, and read from files of older versions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.usage import (
    Budget,
    BudgetLayer,
    Ledger,
    MemoryLedger,
    RedisLedger,
    SQLiteLedger,
    UsageData,
    UsageLayer,
)
from ai_utilities.usage.open_rows import expiry
from ai_utilities.usage.totals import Totals
from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations
from dhenara.ai.testing.sample_operations import wav_tone
from dhenara.ai.types import Cost, Usage
from support.worlds import World, endpoint

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD = Path(__file__).parent / "old_ledgers"


@pytest.fixture(params=["memory", "sqlite", "redis"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    makers: dict[str, Callable[[], Ledger]] = {
        "memory": MemoryLedger,
        "sqlite": lambda: SQLiteLedger(tmp_path / "usage.db"),
        "redis": lambda: RedisLedger(request.getfixturevalue("redis_url")),
    }
    opened = makers[request.param]()
    yield opened
    opened.close()


def spoken(seconds: float, **facts: Any) -> UsageData:
    fields = {"model": "whisper-1", "operation": "transcribe", "started_at": NOON, "cost": Decimal(0), **facts}
    return UsageData(units={"seconds": seconds}, **fields)


def test_a_row_has_the_units_of_its_answer() -> None:
    usage = Usage(units={"images": 2.0, "web_searches": 1.0})
    row = UsageData.of(usage, Cost(amount=Decimal("0.08")), model="dall-e-3")
    assert row.units == {"images": 2, "web_searches": 1}
    assert UsageData.model_validate_json(row.model_dump_json(exclude_defaults=True)) == row


def test_a_row_with_units_and_without_a_price_is_known() -> None:
    assert UsageData.of(Usage(units={"characters": 5.0}), None).known
    assert not UsageData.of(Usage.unknown(), None).known


@pytest.mark.parametrize("units", [{"images": -1}, {"images": float("nan")}, {"two words": 1}, {"a:b": 1}])
def test_units_are_named_amounts_of_at_least_zero(units: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        UsageData(units=units)


def test_units_are_added_exactly_in_every_group(ledger: Ledger) -> None:
    ledger.add([spoken(0.1, tags={"team": "a"}), spoken(0.2, tags={"team": "b"}), spoken(7, model="nova-3")])
    ledger.add([UsageData(units={"images": 2}, model="dall-e-3", started_at=NOON + timedelta(days=1))])
    assert ledger.total().units == {"seconds": 7.3, "images": 2}
    assert {model: total.units for model, total in ledger.totals("model").items()} == {
        "dall-e-3": {"images": 2},
        "nova-3": {"seconds": 7},
        "whisper-1": {"seconds": 0.3},
    }
    assert ledger.totals("day")["2026-11-22"].units == {"images": 2}
    assert ledger.totals("tag:team")["b"].units == {"seconds": 0.2}
    assert ledger.total(NOON - timedelta(minutes=5), NOON + timedelta(minutes=5)).units == {"seconds": 7.3}
    assert [row.units for row in ledger.rows()][-1] == {"images": 2}


def test_units_of_cached_answers_are_not_used_again(ledger: Ledger) -> None:
    ledger.add([spoken(5), spoken(5, cached=True, outcome="cached")])
    assert ledger.total().units == {"seconds": 5}


def test_a_row_that_was_closed_too_early_is_replaced_with_its_units(ledger: Ledger) -> None:
    opened = UsageData(model="whisper-1", started_at=NOON, outcome="open", row_id="r", operation="transcribe")
    ledger.open([opened], expiry(None))
    ledger.add([spoken(5, row_id="r")])
    assert ledger.total().units == {"seconds": 5}
    assert ledger.open_rows() == []


def test_sums_of_a_file_that_another_program_changed_have_their_units(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add([spoken(5), spoken(6)])
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM usage WHERE id = 1")
    assert ledger.total().units == {"seconds": 6}
    with sqlite3.connect(path) as other:
        other.execute("UPDATE usage SET row = 'damaged'")
    assert ledger.total().units == {}
    ledger.close()


@pytest.mark.parametrize("layout", ["first_layout", "fourth_layout"])
def test_a_file_of_an_older_version_is_read_and_continued_without_loss(layout: str, tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    with sqlite3.connect(path) as old:
        old.executescript((OLD / f"{layout}.sql").read_text())
        stored = [json.loads(text) for (text,) in old.execute("SELECT row FROM usage ORDER BY id")]
    old.close()
    ledger = SQLiteLedger(path)
    rows = list(ledger.rows())
    assert [json.loads(row.model_dump_json(exclude_defaults=True)) for row in rows] == stored
    before = ledger.total()
    assert (before.requests, before.cached, before.cost, before.unknown_costs) == (4, 1, Decimal("0.0812"), 1)
    assert before == sum((Totals().plus(row) for row in rows), Totals())
    assert (before.units, before.prompt_tokens, before.saved_tokens) == ({}, 100, 120)
    started = datetime(2026, 11, 29, 9, 40, tzinfo=UTC)
    ledger.add([spoken(5, started_at=started), spoken(6, started_at=started)])
    assert ledger.total().units == {"seconds": 11}
    assert ledger.totals("model")["gpt-5.4-mini"].units == {}
    ledger.close()
    assert SQLiteLedger.repair(path) is None


def test_a_damaged_ledger_keeps_the_units_of_the_rows_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add([spoken(5)])
    ledger.close()
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE usage_sums")
    other.close()
    assert SQLiteLedger.repair(path) is not None
    repaired = SQLiteLedger(path)
    assert repaired.total().units == {"seconds": 5}
    repaired.close()


def test_totals_are_added_and_shown_with_their_units() -> None:
    total = Totals().plus(spoken(1)) + Totals().plus(UsageData(units={"seconds": 0.5, "web_searches": 2}, cost=1))
    assert str(total) == "2 requests, 0 tokens, 1.5 seconds, 2 web searches, $1"
    assert str(Totals().plus(spoken(1))) == "1 requests, 0 tokens, 1 second, $0"
    assert hash(total) == hash(Totals() + total)


@pytest.mark.parametrize(
    ("model", "name", "given", "units", "cost"),
    [
        ("tts-1", "speak", "Hello", {"characters": 5}, "0.000075"),
        ("whisper-1", "transcribe", wav_tone(3), {"seconds": 1}, "0.0001"),
        ("dall-e-3", "generate", "A cat", {"images": 1}, "0.04"),
    ],
)
def test_calls_have_rows_with_units_and_their_public_price(
    model: str, name: str, given: Any, units: dict[str, float], cost: str, world: World, server: FakeServer
) -> None:
    server.add_replies(SampleOperations())
    rows = MemoryLedger()
    layers = [UsageLayer(rows), BudgetLayer(Budget(1))]
    client = AIModelClient(endpoint(server.url, model=model), layers=layers)
    world.ask(client, name, given)
    world.close(client)
    (row,) = rows.rows()
    assert (row.units, row.cost, row.outcome) == (units, Decimal(cost), "answered")
    assert (rows.total().units, rows.total().cost) == (units, Decimal(cost))


def test_cached_transcripts_cost_nothing_and_show_what_they_saved(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    rows = MemoryLedger()
    layers = [UsageLayer(rows), CacheLayer(MemoryCache(), policy="always")]
    client = AIModelClient(endpoint(server.url, model="whisper-1"), layers=layers)
    for _ in range(2):
        world.ask(client, "transcribe", wav_tone(3))
    world.close(client)
    _, cached = rows.rows()
    assert (cached.units, cached.cost, cached.saved_cost) == ({"seconds": 1}, 0, Decimal("0.0001"))
    assert (rows.total().units, rows.total().saved_cost) == ({"seconds": 1}, Decimal("0.0001"))
