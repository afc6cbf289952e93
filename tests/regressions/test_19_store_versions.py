"""Older layouts of stores are migrated, newer ones refused, damaged states of limits counted anew."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.limits import Limit, LimitLayer, RedisLimits, SQLiteLimits
from ai_utilities.storage.store_io import StoreVersionError
from ai_utilities.usage import (
    Budget,
    BudgetLayer,
    MemoryLedger,
    RedisBudgets,
    RedisLedger,
    SQLiteBudgets,
    SQLiteLedger,
    UsageData,
    UsageLayer,
)
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from support.usage_worker import BRIEF, priced
from support.worlds import World

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACCOUNT = Budget(1, "day").window_at({}, time.time())


def ask(ticket: str, **more: Any) -> dict[str, Any]:
    want = {"bucket": "b", "limit": 2, "window": 60.0, "amount": 1}
    lane = {"lane": "l", "limit": 1}
    return {"ticket": ticket, "lease": 900, "wants": [want], "live": [], "lanes": [lane], **more}


OLD_USAGE = """
CREATE TABLE usage (
    id INTEGER PRIMARY KEY, at REAL, day TEXT NOT NULL, provider TEXT, model TEXT, outcome TEXT NOT NULL,
    cached INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    cost TEXT, saved_cost TEXT, tags TEXT NOT NULL, row TEXT NOT NULL
);
CREATE INDEX usage_at ON usage (at);
"""
OLD_BUDGET = "CREATE TABLE budget (name TEXT PRIMARY KEY, spent INTEGER NOT NULL, expires REAL) WITHOUT ROWID;"
OLD_LIMITS = "CREATE TABLE limits (account TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;"


def script(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as file:
        for statement in statements:
            file.executescript(statement)
        file.commit()


def old_ledger(path: Path, *, without: str = "") -> list[UsageData]:
    rows = [
        UsageData(model="m", cost=Decimal("0.1"), started_at=NOON, tags={"user": "ada"}, input_tokens=3),
        UsageData(model="n", outcome="failed", started_at=NOON + timedelta(hours=3)),
    ]
    script(path, OLD_USAGE)
    with closing(sqlite3.connect(path)) as file:
        for row in rows:
            at = row.started_at or NOON
            cost = None if row.cost is None else str(row.cost)
            values = (
                at.timestamp(),
                f"{at:%Y-%m-%d}",
                None,
                row.model,
                row.outcome,
                0,
                row.prompt_tokens,
                0,
                cost,
                None,
            )
            text = row.model_dump_json(exclude_defaults=True)
            places = ", ".join("?" * 12)
            file.execute(f"INSERT INTO usage VALUES (NULL, {places})", (*values, json.dumps(row.tags), text))
        file.commit()
    if without:
        script(path, f"ALTER TABLE usage DROP COLUMN {without}")
    return rows


@pytest.mark.parametrize("without", ["", "saved_cost", "model", "tags", "cost"])
def test_an_older_ledger_is_migrated(without: str, tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    rows = old_ledger(path, without=without)
    ledger, known = SQLiteLedger(path), MemoryLedger()
    known.add(rows)
    assert list(ledger.rows()) == rows
    for by in (None, "model", "tag:user", "day"):
        assert ledger.totals(by) == known.totals(by)
    ledger.add(rows)
    assert ledger.total().requests == 4
    ledger.close()
    assert SQLiteLedger(path).total().requests == 4


def test_columns_that_others_added_lose_no_row_and_fail_no_call(
    world: World, server: FakeServer, tmp_path: Path
) -> None:
    server.add_replies(HELLO, HELLO)
    usage, budget = tmp_path / "usage.db", tmp_path / "budget.db"
    for _ in range(2):
        ledger, budgets = SQLiteLedger(usage), SQLiteBudgets(budget)
        limits = LimitLayer(Limit(requests_per_minute=9), store=SQLiteLimits(budget))
        layers = [UsageLayer(ledger, required=True), BudgetLayer(Budget(1), store=budgets)]
        client = AIModelClient(priced(server.url), BRIEF, layers=layers, attempt_layers=[limits])
        world.run(client, "?")
        world.close(client)
        ledger.close()
        budgets.close()
        if len(server.exchanges) == 1:
            script(usage, "ALTER TABLE usage ADD COLUMN more TEXT", "ALTER TABLE usage_open ADD COLUMN more TEXT")
            script(budget, "ALTER TABLE budget ADD COLUMN more TEXT", "ALTER TABLE limits ADD COLUMN more TEXT")
            script(budget, "ALTER TABLE budget_open ADD COLUMN more TEXT")
    assert SQLiteLedger(usage).total().requests == 2


def test_older_budgets_and_limits_are_migrated(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    state = {"windows": {}, "live": {}, "running": {"l": {"a": time.time() + 600}}, "paused": 0.0, "queue": []}
    script(path, OLD_BUDGET, OLD_LIMITS, f"INSERT INTO budget VALUES ('{ACCOUNT.name}', 7, NULL)")
    script(path, f"INSERT INTO limits VALUES ('k', '{json.dumps(state)}')")
    assert SQLiteBudgets(path).spent(ACCOUNT) == 7
    assert SQLiteLimits(path).step("k", "take", ask("b"))["wait"] > 0  # a place is taken


@pytest.mark.parametrize(
    ("part", "open_it"),
    [("usage", SQLiteLedger), ("budget", SQLiteBudgets), ("limits", SQLiteLimits)],
    ids=["usage", "budget", "limits"],
)
def test_a_newer_file_is_refused(part: str, open_it: Callable[[Path], Any], tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    open_it(path).close()
    script(path, f"UPDATE store_meta SET value = '99' WHERE name = 'version:{part}'")
    with pytest.raises(StoreVersionError, match="Upgrade dhenara"):
        open_it(path)


def test_rows_of_newer_versions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    ledger.add([UsageData(model="m")])
    script(path, """UPDATE usage SET row = json_set(row, '$.later', 'x')""")
    assert [row.model for row in ledger.rows()] == ["m"]
    assert ledger.total().requests == 1
    ledger.close()


@pytest.mark.parametrize(
    "damage", ["{}", "[]", "no JSON", '{"windows": 5}', '{"windows": {"b": 5}}', '{"queue": [{}]}']
)
@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_a_damaged_limit_state_is_reset_with_a_warning(
    kind: str, damage: str, tmp_path: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    store: Any
    if kind == "sqlite":
        store = SQLiteLimits(tmp_path / "limits.db")
        store.step("k", "take", ask("a"))
        store._file.fetch_all("UPDATE limits SET state = ?", (damage,))
    else:
        store = RedisLimits(request.getfixturevalue("redis_url"))
        store.step("k", "take", ask("a"))
        store._server.client.set("ai_utilities:limits:k", damage)
    assert store.step("k", "take", ask("b"))["wait"] == 0
    # An empty list is an empty table in Lua.
    whole = damage == "{}" or (kind == "redis" and damage == "[]")
    assert ("were damaged" in caplog.text) != whole
    assert store.step("k", "take", ask("c"))["wait"] > 0
    store.close()


def test_newer_layouts_on_a_redis_server_are_refused(redis_url: str) -> None:
    ledger, budgets, limits = RedisLedger(redis_url), RedisBudgets(redis_url), RedisLimits(redis_url)
    ledger.add([UsageData(model="m")])
    budgets.reserve([ACCOUNT], 5)
    limits.step("k", "take", ask("a"))
    client = ledger._server.client
    client.hset("ai_utilities:usage:meta", "version", 99)
    client.hset("ai_utilities:budget:accounts", "version", 99)
    client.set("ai_utilities:limits:k", json.dumps({**json.loads(client.get("ai_utilities:limits:k")), "version": 99}))
    with pytest.raises(StoreVersionError):
        ledger.add([UsageData(model="m")])
    with pytest.raises(StoreVersionError):
        budgets.reserve([ACCOUNT], 5)
    with pytest.raises(StoreVersionError):
        limits.step("k", "take", ask("b"))
    for store in (ledger, budgets, limits):
        store.close()


def test_budgets_of_the_older_layout_on_a_redis_server_count_on(redis_url: str) -> None:
    store = RedisBudgets(redis_url)
    store._server.client.set(f"ai_utilities:budget:{ACCOUNT.name}", 7)
    assert store.spent(ACCOUNT) == 7
    assert store.reserve([ACCOUNT], 5) is None
    assert store.spent(ACCOUNT) == 12
    store.close()
