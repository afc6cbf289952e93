"""The tables of a ledger in SQLite, and how older ones become these.

`usage` has every settled row, `usage_open` those of requests without a known end. `usage_sums` has the sums of every
hour, so that totals read no rows: with scope 0 over all tags, with scope 1 for each combination of tags. They are
written in the transaction that writes the rows. Rows that anybody else adds, changes or deletes leave a mark in
`usage_dirty` by triggers, and the sums of that hour are made again before they are read.
"""

from __future__ import annotations

import sqlite3
from decimal import Context, Decimal
from functools import partial

from ..storage.sqlite_schema import Schema, columns_of

HOUR = 3600
NO_HOUR = -1
"""Where nobody knows when a row was."""

TABLES = """
CREATE TABLE IF NOT EXISTS usage (
    id INTEGER PRIMARY KEY, at REAL, day TEXT NOT NULL, provider TEXT, model TEXT, outcome TEXT NOT NULL,
    cached INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    cost TEXT, saved_cost TEXT, tags TEXT NOT NULL, row TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS usage_at ON usage (at);
"""
COLUMNS = {
    "provider": "TEXT",
    "model": "TEXT",
    "outcome": "TEXT NOT NULL DEFAULT 'answered'",
    "cached": "INTEGER NOT NULL DEFAULT 0",
    "prompt_tokens": "INTEGER NOT NULL DEFAULT 0",
    "completion_tokens": "INTEGER NOT NULL DEFAULT 0",
    "cost": "TEXT",
    "saved_cost": "TEXT",
    "tags": "TEXT NOT NULL DEFAULT '{}'",
}
HOUR_OF = f"CASE WHEN {{0}}at IS NULL THEN {NO_HOUR} ELSE CAST(max({{0}}at, 0) / {HOUR} AS INTEGER) * {HOUR} END"
MARK = "INSERT OR IGNORE INTO usage_dirty (hour) VALUES ({0})"
SUMS_TABLES = """
CREATE TABLE usage_open (id TEXT PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL, row TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE usage_closed (id TEXT PRIMARY KEY, usage_id INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE usage_sums (
    scope INTEGER NOT NULL, hour INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, outcome TEXT NOT NULL,
    cached INTEGER NOT NULL, tags TEXT NOT NULL, requests INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, cost TEXT NOT NULL, saved_cost TEXT NOT NULL, unknown INTEGER NOT NULL,
    PRIMARY KEY (scope, hour, provider, model, outcome, cached, tags)
) WITHOUT ROWID;
CREATE TABLE usage_dirty (hour INTEGER PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE usage_writing (id INTEGER PRIMARY KEY);
"""
TRIGGERS = f"""
DROP TRIGGER IF EXISTS usage_added;
DROP TRIGGER IF EXISTS usage_removed;
DROP TRIGGER IF EXISTS usage_changed;
CREATE TRIGGER usage_added AFTER INSERT ON usage WHEN NOT EXISTS (SELECT 1 FROM usage_writing) BEGIN
    {MARK.format(HOUR_OF.format("NEW."))};
END;
CREATE TRIGGER usage_removed AFTER DELETE ON usage BEGIN
    {MARK.format(HOUR_OF.format("OLD."))};
END;
CREATE TRIGGER usage_changed AFTER UPDATE ON usage BEGIN
    {MARK.format(HOUR_OF.format("OLD."))};
    {MARK.format(HOUR_OF.format("NEW."))};
END;
"""
EXACT = Context(prec=100)


class DecimalSum:
    """An exact sum for SQLite, whose own would be floating."""

    def __init__(self) -> None:
        self._sum = Decimal(0)

    def step(self, amount: str | None) -> None:
        if amount is not None:
            self._sum = EXACT.add(self._sum, Decimal(amount))

    def finalize(self) -> str:
        return str(self._sum)


def decimal_add(one: str, other: str) -> str:
    return str(EXACT.add(Decimal(one), Decimal(other)))


def equip(connection: sqlite3.Connection) -> None:
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    connection.create_aggregate("decimal_sum", 1, DecimalSum)  # type: ignore[arg-type]  # typeshed knows int only
    connection.create_function("decimal_add", 2, decimal_add, deterministic=True)


def make_tables(connection: sqlite3.Connection) -> None:
    """What there was before versions; columns that are missing are filled from the rows."""
    for statement in TABLES.strip().split(";\n"):
        if statement.startswith("CREATE TABLE"):
            connection.execute(statement)
    known = columns_of(connection, "usage")
    for name, kind in COLUMNS.items():
        if name not in known:
            connection.execute(f"ALTER TABLE usage ADD COLUMN {name} {kind}")
            connection.execute(f"UPDATE usage SET {name} = coalesce(json_extract(row, '$.{name}'), {name})")
    connection.execute("CREATE INDEX IF NOT EXISTS usage_at ON usage (at)")


def make_all_sums(connection: sqlite3.Connection) -> None:
    equip(connection)
    for scope, tags in ((0, "''"), (1, "tags")):
        connection.execute(make_sums(scope, tags, "1"))


def make_sums(scope: int, tags: str, where: str) -> str:
    """The statement that sums rows by hour."""
    groups = f"{HOUR_OF.format('')}, coalesce(provider, ''), coalesce(model, ''), outcome, cached, {tags}"
    return f"""INSERT INTO usage_sums (scope, hour, provider, model, outcome, cached, tags, requests, prompt_tokens,
    completion_tokens, cost, saved_cost, unknown) SELECT {scope}, {groups}, count(*), sum(prompt_tokens),
    sum(completion_tokens), decimal_sum(cost), decimal_sum(saved_cost), sum(cost IS NULL) FROM usage
    WHERE {where} GROUP BY {groups}"""


def make_dirty_again(connection: sqlite3.Connection) -> None:
    """Makes the sums of marked hours from their rows; within a transaction."""
    hours = [hour for (hour,) in connection.execute("SELECT hour FROM usage_dirty")]
    for hour in hours:
        connection.execute("DELETE FROM usage_sums WHERE scope IN (0, 1) AND hour = ?", (hour,))
        where = "at IS NULL" if hour == NO_HOUR else f"at >= {hour or '-1e99'} AND at < {hour + HOUR}"
        for scope, tags in ((0, "''"), (1, "tags")):
            connection.execute(make_sums(scope, tags, where))
    connection.execute("DELETE FROM usage_dirty")


USAGE = Schema("usage", (make_tables, SUMS_TABLES + TRIGGERS, make_all_sums, TRIGGERS))
