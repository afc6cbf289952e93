"""A ledger in one SQLite file, for all threads and processes that open it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic_core import to_json

from ..storage.sqlite import SQLiteFile
from .data import UsageData
from .ledger import Ledger, grouping
from .totals import PARTIAL, Totals

SCHEMA = """
CREATE TABLE IF NOT EXISTS usage (
    id INTEGER PRIMARY KEY, at REAL, day TEXT NOT NULL, provider TEXT, model TEXT, outcome TEXT NOT NULL,
    cached INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    cost TEXT, saved_cost TEXT, tags TEXT NOT NULL, row TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS usage_at ON usage (at);
"""
ADD = f"INSERT INTO usage VALUES (NULL{', ?' * 12})"
# Sums of money are exact: SQLite's own would be floating.
SUMS = f"""
count(*), sum(outcome = 'failed'), sum(cached),
sum(CASE WHEN cached THEN 0 ELSE prompt_tokens END), sum(CASE WHEN cached THEN 0 ELSE completion_tokens END),
sum(CASE WHEN cached THEN prompt_tokens + completion_tokens ELSE 0 END),
decimal_sum(cost), decimal_sum(saved_cost), sum(cost IS NULL),
sum(cost IS NOT NULL AND outcome IN ({", ".join(map(repr, PARTIAL))}))
"""


class DecimalSum:
    """An exact sum for SQLite."""

    def __init__(self) -> None:
        self._sum = Decimal(0)

    def step(self, amount: str | None) -> None:
        if amount is not None:
            self._sum += Decimal(amount)

    def finalize(self) -> str:
        return str(self._sum)


class SQLiteLedger(Ledger):
    """`db_path` is made when it is missing."""

    def __init__(self, db_path: str | os.PathLike[str]) -> None:
        self._file = SQLiteFile(db_path, SCHEMA, equip=equip)

    def add(self, rows: Sequence[UsageData]) -> None:
        with self._file.writing() as file:
            file.executemany(ADD, [columns(row) for row in rows])

    def rows(
        self, since: datetime | None = None, until: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> list[UsageData]:
        where, values = condition(since, until, tags)
        found = self._file.all(f"SELECT row FROM usage {where} ORDER BY at, id", values)
        return [UsageData.model_validate_json(text) for (text,) in found]

    def totals(
        self,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dict[str, Totals]:
        where, values = condition(since, until, tags)
        group, named = "''", []
        by = grouping(by)
        if by is not None and by.startswith("tag:"):
            group, named = "coalesce(json_extract(tags, ?), '')", [json_path(by.removeprefix("tag:"))]
        elif by is not None:
            group = f"coalesce({by}, '')"
        found = self._file.all(f"SELECT {group} AS grp, {SUMS} FROM usage {where} GROUP BY grp", [*named, *values])
        return {row[0]: read_totals(row[1:]) for row in sorted(found)}

    def tag_names(self, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        where, values = condition(since, until, None)
        found = self._file.all(f"SELECT DISTINCT tag.key FROM usage, json_each(usage.tags) AS tag {where}", values)
        return sorted(name for (name,) in found)

    def close(self) -> None:
        self._file.close()


def equip(connection: sqlite3.Connection) -> None:
    connection.create_aggregate("decimal_sum", 1, DecimalSum)  # type: ignore[arg-type]  # typeshed knows int only


def columns(row: UsageData) -> tuple[Any, ...]:
    at = row.started_at
    return (
        None if at is None else at.timestamp(),
        "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d}",
        row.provider,
        row.model,
        row.outcome,
        int(row.cached),
        row.prompt_tokens,
        row.completion_tokens,
        None if row.cost is None else str(row.cost),
        None if row.saved_cost is None else str(row.saved_cost),
        to_json(row.tags).decode(),
        row.model_dump_json(exclude_defaults=True),
    )


def condition(
    since: datetime | None, until: datetime | None, tags: Mapping[str, str] | None
) -> tuple[str, list[float | str]]:
    """The WHERE clause and its values."""
    said: list[str] = []
    values: list[float | str] = []
    for at, comparison in ((since, "at >= ?"), (until, "at < ?")):
        if at is not None:
            said.append(comparison)
            values.append(at.timestamp())
    for name, value in (tags or {}).items():
        said.append("json_extract(tags, ?) = ?")
        values += [json_path(name), value]
    return ("WHERE " + " AND ".join(said) if said else ""), values


def json_path(name: str) -> str:
    """The path of one tag; a quote in its name would end the path."""
    return '$."' + name.replace('"', "") + '"'


def read_totals(row: Sequence[Any]) -> Totals:
    values = list(row)
    values[6:8] = map(Decimal, values[6:8])
    return Totals(*values)
