"""The tables of a ledger in SQLite, their migrations, and exact sums in SQL; `sqlite_sums.py` reads totals."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial

from pydantic_core import from_json, to_json

from ..exceptions import JsonObject
from ..storage.sqlite_files import Schema, columns_of
from .amounts import EXACT, NO_UNITS, UnitsSum, exact, units_add, write_units
from .totals import SPECIAL_TOKENS, unit_of


class DecimalSum:
    """The exact sum of a column of amounts."""

    def __init__(self) -> None:
        self._sum = Decimal(0)

    def step(self, amount: str | None) -> None:
        if amount is not None:
            self._sum = EXACT.add(self._sum, Decimal(amount))

    def finalize(self) -> str:
        return str(self._sum)


def decimal_add(left: str, right: str) -> str:
    return str(EXACT.add(Decimal(left), Decimal(right)))


def row_place(text: bytes) -> str:
    """Key, operation and unit of a stored row, as a JSON list; those of a damaged row are empty."""
    fields = read_fields(text)
    read, made = fields.get("prompt_tokens"), fields.get("completion_tokens")
    tokens = (read if isinstance(read, int) else 0) + (made if isinstance(made, int) else 0)
    unit = unit_of(tokens, [name for name, amount in units_in(fields).items() if amount])
    return to_json([fields.get("key") or "", fields.get("operation") or "chat" if fields else "", unit]).decode()


def row_amounts(text: bytes) -> str:
    """What a stored row adds to the amounts; nothing if it is damaged."""
    fields = read_fields(text)
    if AMOUNTS.isdisjoint(fields):
        return NO_UNITS  # nearly always
    counts = {name: number_of(fields, name) for name in SPECIAL_TOKENS if name in fields}
    return write_units({name: amount for name, amount in {**units_in(fields), **counts}.items() if amount})


AMOUNTS = frozenset({"units", *SPECIAL_TOKENS})
"""Fields of a stored row that add to the amounts."""


@lru_cache(256)
def read_fields(text: bytes) -> JsonObject:
    """The fields of a stored row; none if it is damaged. Each row of a group is asked for twice."""
    try:
        fields: object = from_json(text)
    except (ValueError, TypeError):
        return {}
    return fields if isinstance(fields, dict) else {}


def units_in(fields: JsonObject) -> dict[str, Decimal]:
    units = fields.get("units")
    return {name: number_of(units, name) for name in units} if isinstance(units, dict) else {}


def number_of(fields: JsonObject, name: str) -> Decimal:
    """A number of a stored row; 0 if it is none."""
    try:
        return exact(fields.get(name) or 0)
    except InvalidOperation:
        return Decimal(0)


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


def equip(connection: sqlite3.Connection) -> None:
    """Adds the functions that the queries use. Text that is not UTF-8 is read with replacement characters."""
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    connection.create_aggregate("decimal_sum", 1, DecimalSum)  # type: ignore[arg-type]  # typeshed knows int only
    connection.create_aggregate("units_sum", 1, UnitsSum)  # type: ignore[arg-type]  # as above
    connection.create_function("decimal_add", 2, decimal_add, deterministic=True)
    connection.create_function("units_add", 2, units_add, deterministic=True)
    connection.create_function("row_place", 1, row_place, deterministic=True)
    connection.create_function("row_amounts", 1, row_amounts, deterministic=True)


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


def make_no_sums(connection: sqlite3.Connection) -> None:
    """Sums were computed here before they had keys and units; `make_all_sums` computes them now."""


SUMS_BY_UNIT = """
DROP TABLE usage_sums;
CREATE TABLE usage_sums (
    scope INTEGER NOT NULL, hour INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, outcome TEXT NOT NULL,
    cached INTEGER NOT NULL, tags TEXT NOT NULL, key TEXT NOT NULL, operation TEXT NOT NULL, unit TEXT NOT NULL,
    requests INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, cost TEXT NOT NULL,
    saved_cost TEXT NOT NULL, unknown INTEGER NOT NULL, amounts TEXT NOT NULL,
    PRIMARY KEY (scope, hour, provider, model, outcome, cached, tags, key, operation, unit)
) WITHOUT ROWID;
"""
SUM_COLUMNS = """(scope, hour, provider, model, outcome, cached, tags, key, operation, unit, requests, prompt_tokens,
    completion_tokens, cost, saved_cost, unknown, amounts)"""


GROUPS_OF_ROWS = f"""SELECT 1, hour, provider, model, outcome, cached, tags, json_extract(place, '$[0]'),
    json_extract(place, '$[1]'), json_extract(place, '$[2]'), requests, prompt_tokens, completion_tokens, cost,
    saved_cost, unknown, amounts FROM (SELECT {HOUR_OF.format("")} AS hour, coalesce(provider, '') AS provider,
    coalesce(model, '') AS model, outcome, cached, tags, row_place(CAST(row AS BLOB)) AS place,
    count(*) AS requests, sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
    decimal_sum(cost) AS cost, decimal_sum(saved_cost) AS saved_cost, sum(cost IS NULL) AS unknown,
    units_sum(row_amounts(CAST(row AS BLOB))) AS amounts FROM usage WHERE {{0}} GROUP BY 1, 2, 3, 4, 5, 6, 7)"""
"""Sums of the rows of a condition, one row for each group of an hour."""

ADD_SUM = f"""
INSERT INTO usage_sums {SUM_COLUMNS} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (scope, hour, provider, model, outcome, cached, tags, key, operation, unit) DO UPDATE SET
    requests = requests + excluded.requests, prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens, cost = decimal_add(cost, excluded.cost),
    saved_cost = decimal_add(saved_cost, excluded.saved_cost), unknown = unknown + excluded.unknown,
    amounts = units_add(amounts, excluded.amounts)
"""


def add_to_sums(connection: sqlite3.Connection) -> None:
    """Adds the rows that are in no sum yet to the sums of their hours; within a transaction."""
    groups = connection.execute(GROUPS_OF_ROWS.format("id IN (SELECT id FROM usage_unsummed)")).fetchall()
    connection.executemany(ADD_SUM, groups)
    connection.executemany(ADD_SUM, [(0, *group[1:6], "", *group[7:]) for group in groups])
    connection.execute("DELETE FROM usage_unsummed")


def are_summed(connection: sqlite3.Connection) -> bool:
    """Whether the sums have all rows, as they are now."""
    return connection.execute(WAITING_ROWS).fetchone() is None


WAITING_ROWS = "SELECT 1 FROM usage_unsummed UNION ALL SELECT 1 FROM usage_dirty LIMIT 1"


def make_all_sums(connection: sqlite3.Connection) -> None:
    """Computes the sums of all rows of an older file."""
    equip(connection)
    connection.execute("DELETE FROM usage_dirty")
    make_sums(connection, "1", "1")


def make_sums(connection: sqlite3.Connection, rows: str, hours: str) -> None:
    """Sums rows by hour: first for each combination of tags, then over all tags.

    Args:
        connection: The file, within a transaction.
        rows: The condition for the rows.
        hours: The same condition for their hours.
    """
    connection.execute(f"INSERT INTO usage_sums {SUM_COLUMNS} {GROUPS_OF_ROWS.format(rows)}")
    connection.execute(f"""INSERT INTO usage_sums {SUM_COLUMNS} SELECT 0, hour, provider, model, outcome, cached, '',
    key, operation, unit, sum(requests), sum(prompt_tokens), sum(completion_tokens), decimal_sum(cost),
    decimal_sum(saved_cost), sum(unknown), units_sum(amounts) FROM usage_sums WHERE scope = 1 AND {hours}
    GROUP BY hour, provider, model, outcome, cached, key, operation, unit""")


def make_dirty_again(connection: sqlite3.Connection) -> None:
    """Completes the sums: adds rows that are in none, and computes those of marked hours again; in a transaction."""
    add_to_sums(connection)
    hours = [hour for (hour,) in connection.execute("SELECT hour FROM usage_dirty")]
    for hour in hours:
        connection.execute("DELETE FROM usage_sums WHERE scope IN (0, 1) AND hour = ?", (hour,))
        where = "at IS NULL" if hour == NO_HOUR else f"at >= {hour or '-1e99'} AND at < {hour + HOUR}"
        make_sums(connection, where, f"hour = {hour}")
    connection.execute("DELETE FROM usage_dirty")


UNSUMMED_ROWS = f"""
CREATE TABLE usage_unsummed (id INTEGER PRIMARY KEY);
DROP TABLE IF EXISTS usage_writing;
DROP TRIGGER IF EXISTS usage_added;
DROP TRIGGER IF EXISTS usage_removed;
DROP TRIGGER IF EXISTS usage_changed;
CREATE TRIGGER usage_added AFTER INSERT ON usage BEGIN
    INSERT INTO usage_unsummed (id) VALUES (NEW.id);
END;
CREATE TRIGGER usage_removed AFTER DELETE ON usage BEGIN
    INSERT OR IGNORE INTO usage_dirty (hour) SELECT {HOUR_OF.format("OLD.")}
        WHERE NOT EXISTS (SELECT 1 FROM usage_unsummed WHERE id = OLD.id);
    DELETE FROM usage_unsummed WHERE id = OLD.id;
END;
CREATE TRIGGER usage_changed AFTER UPDATE ON usage
    WHEN NOT EXISTS (SELECT 1 FROM usage_unsummed WHERE id = OLD.id) BEGIN
    {MARK.format(HOUR_OF.format("OLD."))};
    {MARK.format(HOUR_OF.format("NEW."))};
END;
"""
"""Rows are added to the sums of their hours in groups: `usage_unsummed` has those that are not in them yet."""

UNITS_COLUMN = "ALTER TABLE usage_sums ADD COLUMN units TEXT NOT NULL DEFAULT '{}';"
LAYOUTS = (
    *(make_tables, SUMS_TABLES + TRIGGERS, make_no_sums, TRIGGERS, UNITS_COLUMN, SUMS_BY_UNIT, make_all_sums),
    UNSUMMED_ROWS,
)
USAGE = Schema("usage", LAYOUTS)

VALID = "CASE WHEN json_valid(tags) THEN tags ELSE '{}' END"
"""The tags of a row; none if they are damaged."""


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
