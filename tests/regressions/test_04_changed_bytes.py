"""Bytes that change within a store: budgets refuse to go on, ledgers lose no more than what was in these bytes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from ai_utilities.storage.store_io import StoreDamagedError, StoreLostError
from ai_utilities.usage import (
    Budget,
    BudgetLayer,
    RedisBudgets,
    SQLiteBudgets,
    SQLiteLedger,
    UsageLayer,
    tagged,
)
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from support.redis_server import RedisProcess
from support.usage_worker import BRIEF, priced

HELLO = Answer(text="Hello!", usage=FakeUsage(10_000, 10_000))
BUDGET = Budget("1", "total")
ACCOUNT = BUDGET.window_at({}, time.time())


def spend(server: FakeServer, store: SQLiteBudgets | RedisBudgets, calls: int = 1) -> None:
    with AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(BUDGET, store=store)]) as client:
        for _ in range(calls):
            client.generate("?")


def replace_bytes(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


def other_name(path: Path) -> None:
    replace_bytes(path, b"budget|||total", b"budget|||tot\xe1l"[:14])


def other_letter(path: Path) -> None:
    replace_bytes(path, b"budget|||total", b"budget|||tctal")


def one_byte(path: Path) -> None:
    path.write_bytes(b"x")


def all_tables_dropped(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        names = file.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        for (name,) in names.fetchall():
            file.execute(f"DROP TABLE {name}")
        file.commit()


def statement(text: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as file:
            file.execute(text)
            file.commit()

    change.__name__ = text
    return change


CHANGES = [
    other_name,
    other_letter,
    one_byte,
    all_tables_dropped,
    statement("DROP TABLE store_meta"),
    statement("DROP TABLE budget"),
    statement("ALTER TABLE budget RENAME COLUMN spent TO cost"),
    statement("ALTER TABLE budget_open DROP COLUMN reservation"),
    statement("INSERT INTO budget_open VALUES ('k', '{')"),
    statement("INSERT INTO budget_open VALUES ('k', '[[], 5]')"),
]


def use(server: FakeServer, path: Path) -> None:
    with closing(SQLiteBudgets(path)) as store:
        spend(server, store)
        store.reservations()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_budget_file_with_other_bytes_or_tables_is_refused(
    change: Callable[[Path], None], server: FakeServer, tmp_path: Path
) -> None:
    path = tmp_path / "budget.db"
    store = SQLiteBudgets(path)
    server.add_replies(HELLO, HELLO)
    spend(server, store)
    store.close()
    change(path)
    with pytest.raises(StoreDamagedError, match="budget repair"):
        use(server, path)
    assert len(server.exchanges) == 1 or "INSERT" in change.__name__
    assert SQLiteBudgets.repair(path) is not None
    SQLiteBudgets(path).close()


def test_a_redis_server_that_returns_with_older_data_is_refused(server: FakeServer, tmp_path: Path) -> None:
    redis = pytest.importorskip("redis")
    server.add_replies(*[HELLO] * 5)
    process = RedisProcess(tmp_path)
    process.start()
    try:
        store = RedisBudgets(process.url)
        spend(server, store)
        with redis.Redis.from_url(process.url) as client:
            client.save()
        spend(server, store, 3)
        process.stop()
        process.start()
        with pytest.raises(StoreLostError, match="repair"):
            spend(server, store)
        assert len(server.exchanges) == 4
        store.repair()
        spend(server, store)
        assert Decimal(store.spent(ACCOUNT)) / 10**9 == Decimal("0.04")
        store.close()
    finally:
        process.close()


@pytest.mark.parametrize("column", ["row", "tags", "provider", "model"])
@pytest.mark.parametrize("value", [b"\xff\xfe", b"{", b"[]", b""])
def test_one_damaged_row_hides_no_other(column: str, value: bytes, server: FakeServer, tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    ledger = SQLiteLedger(path)
    server.add_replies(*[HELLO] * 5)
    with AIModelClient(priced(server.url), layers=[UsageLayer(ledger)]) as client:
        for number in range(5):
            with tagged(user=f"u{number}"):
                client.generate("?")
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"UPDATE usage SET {column} = CAST(? AS TEXT) WHERE id = 3", (value,))
        file.commit()
    rows = ledger.rows()
    assert (len(rows), sum(row.prompt_tokens for row in rows), sum(row.cost or 0 for row in rows)) == (
        5,
        50_000,
        Decimal("0.1"),
    )
    assert ledger.total().requests == 5
    for by in ("day", "model", "provider", "outcome", "tag:user"):
        assert sum(total.requests for total in ledger.totals(by).values()) == 5
    assert set(ledger.totals("tag:user")) >= {"u0", "u1", "u3", "u4"}
    assert "user" in ledger.tag_names()
    ledger.close()


@pytest.mark.parametrize("change", ["DROP TABLE usage_open", "ALTER TABLE usage_open DROP COLUMN owner"])
def test_a_ledger_whose_tables_somebody_changed_says_what_to_do(change: str, tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    SQLiteLedger(path).close()
    statement(change)(path)
    ledger = SQLiteLedger(path)
    with pytest.raises(StoreDamagedError, match=r"Restore the file, or move it away.*ledger repair"):
        ledger.open_rows()
    assert SQLiteLedger.repair(path) is not None
    assert ledger.open_rows() == []
    ledger.close()
    assert SQLiteLedger.repair(path) is None


TABLES = ("usage", "usage_open", "usage_closed", "usage_sums", "usage_dirty", "usage_unsummed", "store_meta")


@pytest.mark.parametrize("table", TABLES)
def test_a_column_that_somebody_added_to_any_table_loses_no_row(table: str, server: FakeServer, tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    SQLiteLedger(path).close()
    statement(f"ALTER TABLE {table} ADD COLUMN note TEXT NOT NULL DEFAULT 'x'")(path)
    ledger = SQLiteLedger(path)
    server.add_replies(HELLO, HELLO)
    with AIModelClient(priced(server.url), layers=[UsageLayer(ledger)]) as client:
        client.generate("?")
        assert ledger.total().requests == 1
        statement("UPDATE usage SET model = 'other'")(path)
        client.generate("?")
    assert (ledger.total().requests, ledger.total().open, len(ledger.rows())) == (2, 0, 2)
    assert sorted(ledger.totals("model")) == ["fake-1", "other"]
    ledger.close()
