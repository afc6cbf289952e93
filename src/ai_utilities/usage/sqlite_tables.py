"""The tables of a ledger in SQLite, their migrations, and the queries that read totals.

`usage` has every settled row, `usage_open` those of requests without a known outcome. `usage_sums` has the sums of
every hour, so that totals read no rows: with scope 0 over all tags, with scope 1 for each combination of tags. They are
written in the transaction that writes the rows. Rows that another program adds, changes or deletes leave a mark in
`usage_dirty` by triggers, and the sums of that hour are computed again before they are read.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal
from functools import partial

from ..storage.sqlite_files import Row, Schema, columns_of
from .totals import PARTIAL, Totals
from .units import NO_UNITS, UnitsSum, read_units, units_add

HOUR = 3600
NO_HOUR = -1
"""The hour of rows whose time is unknown."""

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
    """An exact sum for SQLite, whose own sums are floating point."""

    def __init__(self) -> None:
        self._sum = Decimal(0)

    def step(self, amount: str | None) -> None:
        if amount is not None:
            self._sum = EXACT.add(self._sum, Decimal(amount))

    def finalize(self) -> str:
        return str(self._sum)


def decimal_add(left: str, right: str) -> str:
    return str(EXACT.add(Decimal(left), Decimal(right)))


def equip(connection: sqlite3.Connection) -> None:
    """Adds the functions that the queries use. Text that is not UTF-8 is read with replacement characters."""
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    connection.create_aggregate("decimal_sum", 1, DecimalSum)  # type: ignore[arg-type]  # typeshed knows int only
    connection.create_function("decimal_add", 2, decimal_add, deterministic=True)
    connection.create_aggregate("units_sum", 1, UnitsSum)  # type: ignore[arg-type]  # as above
    connection.create_function("units_add", 2, units_add, deterministic=True)


def make_tables(connection: sqlite3.Connection) -> None:
    """The layout before versions. Columns that older files lack are added and filled from the rows."""
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
    """Computes the sums of all rows of an older file, whose rows have no other units than tokens."""
    equip(connection)
    for scope, tags in ((0, "''"), (1, "tags")):
        connection.execute(make_sums(scope, tags, "1", units=False))


UNITS_OF_ROW = f"""CASE WHEN json_valid(row) THEN coalesce(json_extract(row, '$.units'), '{NO_UNITS}')
    ELSE '{NO_UNITS}' END"""


def make_sums(scope: int, tags: str, where: str, *, units: bool = True) -> str:
    """The statement that sums rows by hour."""
    column, total = (", units", f", units_sum({UNITS_OF_ROW})") if units else ("", "")
    groups = f"{HOUR_OF.format('')}, coalesce(provider, ''), coalesce(model, ''), outcome, cached, {tags}"
    return f"""INSERT INTO usage_sums (scope, hour, provider, model, outcome, cached, tags, requests, prompt_tokens,
    completion_tokens, cost, saved_cost, unknown{column}) SELECT {scope}, {groups}, count(*), sum(prompt_tokens),
    sum(completion_tokens), decimal_sum(cost), decimal_sum(saved_cost), sum(cost IS NULL){total} FROM usage
    WHERE {where} GROUP BY {groups}"""


def make_dirty_again(connection: sqlite3.Connection) -> None:
    """Computes the sums of marked hours again; within a transaction."""
    hours = [hour for (hour,) in connection.execute("SELECT hour FROM usage_dirty")]
    for hour in hours:
        connection.execute("DELETE FROM usage_sums WHERE scope IN (0, 1) AND hour = ?", (hour,))
        where = "at IS NULL" if hour == NO_HOUR else f"at >= {hour or '-1e99'} AND at < {hour + HOUR}"
        for scope, tags in ((0, "''"), (1, "tags")):
            connection.execute(make_sums(scope, tags, where))
    connection.execute("DELETE FROM usage_dirty")


UNITS_COLUMN = f"ALTER TABLE usage_sums ADD COLUMN units TEXT NOT NULL DEFAULT '{NO_UNITS}'"
USAGE = Schema("usage", (make_tables, SUMS_TABLES + TRIGGERS, make_all_sums, TRIGGERS, UNITS_COLUMN + ";"))


PARTLY = f"outcome IN ({', '.join(map(repr, PARTIAL))})"
SUMMED = f"""
sum(requests), sum(CASE WHEN outcome = 'failed' THEN requests ELSE 0 END),
sum(CASE WHEN cached THEN requests ELSE 0 END),
sum(CASE WHEN cached THEN 0 ELSE prompt_tokens END), sum(CASE WHEN cached THEN 0 ELSE completion_tokens END),
sum(CASE WHEN cached THEN prompt_tokens + completion_tokens ELSE 0 END),
decimal_sum(cost), decimal_sum(saved_cost), sum(unknown),
sum(CASE WHEN {PARTLY} THEN requests - unknown ELSE 0 END), sum(CASE WHEN {PARTLY} THEN requests ELSE 0 END),
units_sum(CASE WHEN cached THEN '{NO_UNITS}' ELSE units END)
"""
ROWS = f"""(SELECT at, day, provider, model, outcome, cached, tags, 1 AS requests, prompt_tokens, completion_tokens,
    cost, saved_cost, cost IS NULL AS unknown, {UNITS_OF_ROW} AS units FROM usage)"""
VALID = "CASE WHEN json_valid(tags) THEN tags ELSE '{}' END"
"""The tags of a row; none if they are damaged."""

DAY = "CASE WHEN hour < 0 THEN '' ELSE strftime('%Y-%m-%d', hour, 'unixepoch') END"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a total is read: from sums of hours, or from rows.

    Attributes:
        sums: Whether these are sums.
        where: The condition for the time. Its bounds are numbers, and so part of the statement.
    """

    sums: bool
    where: str

    def table(self, scope: int) -> str:
        """The table or subquery to select from."""
        return f"(SELECT * FROM usage_sums WHERE scope = {scope})" if self.sums else ROWS

    def group(self, by: str | None) -> tuple[str, list[str]]:
        """The expression to group by, and its values."""
        if by is None:
            return "''", []
        if by == "day" and self.sums:
            return DAY, []
        if by.startswith("tag:"):
            tag, values = tag_of(by.removeprefix("tag:"))
            return f"coalesce({tag}, '')", values
        return f"coalesce({by}, '')", []


def whole_hours(since: datetime | None, until: datetime | None) -> tuple[Source, list[Source]]:
    """The whole hours within a time, and the parts of hours before and after them."""
    first = None if since is None else since.timestamp()
    last = None if until is None else until.timestamp()
    begin = None if first is None else math.ceil(max(first, 0.0) / HOUR) * HOUR
    end = None if last is None else math.floor(last / HOUR) * HOUR
    if first is not None and last is not None and begin is not None and end is not None and begin > end:
        return Source(True, "0"), [between(first, last)]
    edges = []
    if first is not None and begin is not None and first < begin:
        edges.append(between(first, begin))
    if last is not None and end is not None and end < last:
        edges.append(between(end, last))
    bounds = [f"hour >= {begin}"] if begin is not None else []
    bounds += [f"hour < {end} AND hour >= 0"] if end is not None else []
    return Source(True, " AND ".join(bounds) or "1"), edges


def between(first: float, last: float) -> Source:
    """The rows of a part of an hour."""
    return Source(False, f"at >= {first!r} AND at < {last!r}")


def tag_of(name: str) -> tuple[str, list[str]]:
    """The expression for the value of a tag, and its values."""
    if '"' in name or "\\" in name:  # neither can be part of a JSON path
        return f"(SELECT value FROM json_each({VALID}) WHERE key = ?)", [name]
    return f"json_extract({VALID}, ?)", [f'$."{name}"']


def tag_value(tags: Mapping[str, str] | None) -> tuple[str, list[str]]:
    """The condition that rows have these tags, to be added to another condition, and its values."""
    clause, values = "", []
    for name, value in (tags or {}).items():
        tag, named = tag_of(name)
        clause += f" AND {tag} = ?"
        values += [*named, value]
    return clause, values


def condition(
    since: datetime | None, until: datetime | None, tags: Mapping[str, str] | None
) -> tuple[str, list[float | str]]:
    """The WHERE clause for rows, and its values."""
    bounds: list[str] = []
    values: list[float | str] = []
    for at, comparison in ((since, "at >= ?"), (until, "at < ?")):
        if at is not None:
            bounds.append(comparison)
            values.append(at.timestamp())
    wanted, named = tag_value(tags)
    clause = " AND ".join(bounds) + wanted if bounds else wanted.removeprefix(" AND ")
    return (f"WHERE {clause}" if clause else ""), [*values, *named]


def read_totals(row: Row) -> Totals:
    """The totals from the columns `SUMMED`."""
    *values, units = row
    values[6:8] = map(Decimal, values[6:8])
    return replace(Totals(*values), units={name: float(amount) for name, amount in read_units(units).items()})
