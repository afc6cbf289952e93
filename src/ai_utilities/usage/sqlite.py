"""A ledger in one SQLite file, for all threads and processes that open it."""

from __future__ import annotations

import heapq
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pydantic_core import to_json

from ..storage.errors import StoreDamagedError, StoreRecoveredError
from ..storage.process import Owner
from ..storage.sqlite import SQLiteFile
from .data import BATCH, Totals, UsageData, group_of
from .ledger import Ledger, check_grouping, matches
from .open_rows import OpenRow, closed_row, first_of, make_open, owner_text, read_row, row_of
from .sqlite_tables import (
    HOUR,
    SUMMED,
    USAGE,
    VALID,
    Recovery,
    condition,
    equip,
    make_dirty_again,
    read_totals,
    recover_ledger,
    recoveries,
    repair_ledger,
    tag_value,
    whole_hours,
)

log = logging.getLogger("ai_utilities.usage")
ADD = """
INSERT INTO usage (at, day, provider, model, outcome, cached, prompt_tokens, completion_tokens, cost, saved_cost, tags,
    row) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_SUM = """
INSERT INTO usage_sums (scope, hour, provider, model, outcome, cached, tags, requests, prompt_tokens,
    completion_tokens, cost, saved_cost, unknown) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)
ON CONFLICT (scope, hour, provider, model, outcome, cached, tags) DO UPDATE SET
    requests = requests + 1, prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens, cost = decimal_add(cost, excluded.cost),
    saved_cost = decimal_add(saved_cost, excluded.saved_cost), unknown = unknown + excluded.unknown
"""
CLOSE = "INSERT OR REPLACE INTO usage_closed (id, usage_id) VALUES (?, ?)"
READ = "row, at, provider, model, outcome, cached, prompt_tokens, completion_tokens, cost, saved_cost, tags"
OPEN = "INSERT OR REPLACE INTO usage_open (id, owner, expires, row) VALUES (?, ?, ?, ?)"


P = ParamSpec("P")
T = TypeVar("T")


def once_more(method: Callable[P, T]) -> Callable[P, T]:
    """Does the same again where a damaged file was found, and replaced by what could be read of it."""

    @wraps(method)
    def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except StoreRecoveredError:
            return method(*args, **kwargs)

    return tried


class SQLiteLedger(Ledger):
    """`db_path` is created when it is missing.

    A damaged file is set aside and its readable rows are copied into a new one; `recoveries()` and a warning in the
    log `ai_utilities.storage` say what was lost.
    """

    def __init__(self, db_path: str | os.PathLike[str]) -> None:
        self._file = SQLiteFile(db_path, USAGE, equip=equip, recover=recover_ledger)

    @once_more
    def add(self, rows: Sequence[UsageData]) -> None:
        with self._file.transaction() as file:
            new = [row for row in rows if not is_known(file, row)]
            for row in new:
                settle(file, row)
            for row, number in zip(new, write_rows(file, new), strict=True):
                if row.operation == BATCH:
                    file.execute(CLOSE, (row.row_id, number))

    @once_more
    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        owner = owner_text()
        opened = [(row.row_id, owner, expires, row.model_dump_json(exclude_defaults=True)) for row in rows]
        with self._file.transaction() as file:
            file.executemany(OPEN, opened)

    @once_more
    def open_rows(self) -> list[OpenRow]:
        with self._file.connection() as file:
            return read_open(file)

    @once_more
    def close_abandoned(self) -> list[UsageData]:
        with self._file.transaction() as file:
            closed = [closed_row(one.row) for one in read_open(file) if one.abandoned]
            for row in closed:
                file.execute("DELETE FROM usage_open WHERE id = ?", (row.row_id,))
                (number,) = write_rows(file, [row])
                file.execute(CLOSE, (row.row_id, number))
        return closed

    @once_more
    def rows(
        self, since: datetime | None = None, until: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> list[UsageData]:
        where, values = condition(since, until, tags)
        with self._file.connection() as file:
            match = file.execute(f"SELECT {READ} FROM usage {where} ORDER BY at, id", values).fetchall()
            waiting = [one.row for one in read_open(file) if matches(one.row, since, until, tags)]
        settled = (read_settled(*values) for values in match)
        opened = sorted(waiting, key=began)
        return list(heapq.merge(settled, opened, key=began)) if opened else list(settled)

    @once_more
    def totals(
        self,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dict[str, Totals]:
        by = check_grouping(by)
        self._sum_marked()
        match: dict[str, Totals] = {}
        with self._file.reading() as file:
            for group, total in self._sums(file, by, since, until, tags):
                match[group] = match.get(group, Totals()) + total
            for one in read_open(file):
                if matches(one.row, since, until, tags):
                    group = group_of(one.row, by)
                    match[group] = match.get(group, Totals()).plus(one.row)
        return dict(sorted(match.items()))

    @once_more
    def tag_names(self, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        self._sum_marked()
        hours, edges = whole_hours(since, until)
        names: set[str] = set()
        with self._file.reading() as file:
            for source in (hours, *edges):
                query = f"SELECT DISTINCT tags FROM {source.table(scope=1)} WHERE {source.where}"
                for (tags,) in file.execute(f"SELECT DISTINCT tag.key FROM ({query}) AS t, json_each({VALID}) AS tag"):
                    names.add(tags)
            opened = [one.row for one in read_open(file)]
        names.update(name for row in opened if matches(row, since, until, None) for name in row.tags)
        return sorted(names)

    def recoveries(self) -> list[Recovery]:
        """What was lost when this file was damaged, each time that it was."""
        with self._file.connection() as file:
            return recoveries(file)

    @staticmethod
    def repair(db_path: str | os.PathLike[str]) -> Recovery | None:
        """Checks a ledger, and copies what can be read of a damaged one into a new file.

        Args:
            db_path: The file; it must not be in use.

        Returns:
            What was recovered and lost, or None where nothing is wrong with the file.
        """
        return repair_ledger(db_path)

    def close(self) -> None:
        self._file.close()

    def _sums(
        self, file: sqlite3.Connection, by: str | None, since: Any, until: Any, tags: Mapping[str, str] | None
    ) -> Iterator[tuple[str, Totals]]:
        """Whole hours from their sums; what is left of the first and the last hour, from the rows."""
        scope = 1 if tags or (by or "").startswith("tag:") else 0
        hours, edges = whole_hours(since, until)
        for source in (hours, *edges):
            group, named = source.group(by)
            wanted, values = tag_value(tags)
            query = (
                f"SELECT {group} AS grp, {SUMMED} FROM {source.table(scope)} WHERE {source.where}{wanted} GROUP BY grp"
            )
            for row in file.execute(query, [*named, *values]):
                yield row[0], read_totals(row[1:])

    def _sum_marked(self) -> None:
        """Makes the sums again of hours in which somebody else changed rows."""
        if self._file.fetch_one("SELECT 1 FROM usage_dirty LIMIT 1") is None:
            return
        with self._file.transaction() as file:
            make_dirty_again(file)


def began(row: UsageData) -> float:
    return first_of(row.started_at)


def is_known(file: sqlite3.Connection, row: UsageData) -> bool:
    """Whether this answer of a batch has its row already: several processes may read one batch."""
    if row.operation != BATCH or row.row_id is None:
        return False
    return file.execute("SELECT 1 FROM usage_closed WHERE id = ?", (row.row_id,)).fetchone() is not None


def settle(file: sqlite3.Connection, row: UsageData) -> None:
    """Takes away the open row of this one, or the one as which it was closed too early."""
    if row.row_id is None or file.execute("DELETE FROM usage_open WHERE id = ?", (row.row_id,)).rowcount:
        return
    closed = file.execute("SELECT usage_id FROM usage_closed WHERE id = ?", (row.row_id,)).fetchone()
    if closed is not None:
        file.execute("DELETE FROM usage WHERE id = ?", closed)
        file.execute("DELETE FROM usage_closed WHERE id = ?", (row.row_id,))


def write_rows(file: sqlite3.Connection, rows: Sequence[UsageData]) -> list[int]:
    """Adds rows and their sums; within a transaction. Returns the numbers of the rows."""
    file.execute("INSERT INTO usage_writing (id) VALUES (1)")
    numbers = [int(file.execute(ADD, row_values(row)).lastrowid or 0) for row in rows]
    file.execute("DELETE FROM usage_writing")
    for row in rows:
        amounts = sum_of(row)
        tags = to_json(row.tags).decode()
        file.execute(ADD_SUM, (0, *amounts[:5], "", *amounts[5:]))
        file.execute(ADD_SUM, (1, *amounts[:5], tags, *amounts[5:]))
    return numbers


def sum_of(row: UsageData) -> tuple[Any, ...]:
    """What a row adds to the sums of its hour, after what these are about."""
    at = row.started_at
    hour = -1 if at is None else int(max(at.timestamp(), 0.0) // HOUR * HOUR)
    return (
        hour,
        row.provider or "",
        row.model or "",
        row.outcome,
        int(row.cached),
        row.prompt_tokens,
        row.completion_tokens,
        str(row.cost or Decimal(0)),
        str(row.saved_cost or Decimal(0)),
        int(row.cost is None),
    )


def row_values(row: UsageData) -> tuple[Any, ...]:
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


def read_settled(text: str, *columns: Any) -> UsageData:
    """A row; where its text is damaged, what the columns beside it say."""
    try:
        return read_row(text)
    except StoreDamagedError as error:
        log.warning("%s Its columns are shown instead.", error)
        return row_of(*columns)


def read_open(file: sqlite3.Connection) -> list[OpenRow]:
    match = file.execute("SELECT owner, expires, row FROM usage_open").fetchall()
    return [make_open(read_row(text), Owner.from_text(owner), expires) for owner, expires, text in match]
