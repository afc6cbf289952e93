"""A ledger in one SQLite file, shared by threads and processes."""

from __future__ import annotations

import heapq
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from pydantic_core import to_json

from ..storage.late_writes import LateWrites
from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_files import Row
from ..storage.store_io import StoreDamagedError, StoreRecoveredError
from .data import BATCH, Facts, UsageData, matches
from .ledger import Ledger
from .open_rows import OpenRow, closed_row, owner_text, read_open_row, read_row, row_of, start_time
from .sqlite_recovery import Recovery, recover_ledger, recoveries, repair_ledger
from .sqlite_sums import add_periods, read_sums, whole_hours
from .sqlite_tables import USAGE, VALID, add_to_sums, are_summed, condition, equip, make_dirty_again
from .totals import Group, TimeZone, Totals, check_grouping, group_of, read_zone

log = logging.getLogger("ai_utilities.usage")
REPAIR = "Or run `ai-utilities ledger repair` or SQLiteLedger.repair(path), which keeps what can be read."
ADD = """
INSERT INTO usage (at, day, provider, model, outcome, cached, prompt_tokens, completion_tokens, cost, saved_cost, tags,
    row) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SUMMED_TOGETHER = 64
"""Rows that are added to the sums of their hours at once; a reader of sums adds those that wait."""

CLOSE = "INSERT OR REPLACE INTO usage_closed (id, usage_id) VALUES (?, ?)"
READ = "row, at, provider, model, outcome, cached, prompt_tokens, completion_tokens, cost, saved_cost, tags"
OPEN = "INSERT OR REPLACE INTO usage_open (id, owner, expires, row) VALUES (?, ?, ?, ?)"


P = ParamSpec("P")
T = TypeVar("T")


def retry_recovered(method: Callable[P, T]) -> Callable[P, T]:
    """Calls a method again if it found a damaged file, which was then replaced by what could be read of it."""

    @wraps(method)
    def retried(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except StoreRecoveredError:
            return method(*args, **kwargs)

    return retried


class SQLiteLedger(Ledger):
    """A ledger in one file.

    A damaged file is set aside, and its readable rows are copied into a new one; `recoveries()` and a warning in the
    log `ai_utilities.storage` tell what was lost.

    Args:
        db_path: The file. It is created, readable by its owner only, if missing.

    Raises:
        StoreError: If the path cannot be used. A locked file is opened later.
        StoreVersionError: If a newer version of this library has written the file.
    """

    def __init__(self, db_path: str | os.PathLike[str]) -> None:
        self._file = SQLiteFile(db_path, USAGE, equip=equip, recover=recover_ledger, repair=REPAIR)
        self._late = LateWrites(self._file, write_settled)

    @retry_recovered
    def add(self, rows: Sequence[UsageData]) -> None:
        self._file.write(partial(add_rows, rows))

    def add_later(self, fields: Facts) -> bool:
        if fields.get("row_id") is None or fields.get("operation") == BATCH:
            return False
        return self._late.add((fields["row_id"], field_values(fields, to_json(fields).decode())))

    @retry_recovered
    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        owner = owner_text()
        opened = [(row.row_id, owner, expires, row.model_dump_json(exclude_defaults=True)) for row in rows]
        if len(opened) == 1:
            self._file.write_one(OPEN, opened[0])  # a transaction of its own, as one statement instead of three
            return
        self._file.write(partial(open_rows, opened), late=False)

    @retry_recovered
    def open_rows(self) -> list[OpenRow]:
        with self._file.connection() as file:
            return read_open(file)

    @retry_recovered
    def close_abandoned(self) -> list[UsageData]:
        with self._file.transaction() as file:
            closed = [closed_row(open_row.row) for open_row in read_open(file) if open_row.abandoned]
            for row in closed:
                file.execute("DELETE FROM usage_open WHERE id = ?", (row.row_id,))
                (number,) = write_rows(file, [row])
                file.execute(CLOSE, (row.row_id, number))
        return closed

    @retry_recovered
    def rows(
        self, since: datetime | None = None, until: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> list[UsageData]:
        where, values = condition(since, until, tags)
        with self._file.connection() as file:
            stored = file.execute(f"SELECT {READ} FROM usage {where} ORDER BY at, id", values).fetchall()
            open_rows = [open_row.row for open_row in read_open(file) if matches(open_row.row, since, until, tags)]
        settled = map(read_settled, stored)
        opened = sorted(open_rows, key=start_time)
        return list(heapq.merge(settled, opened, key=start_time)) if opened else list(settled)

    @retry_recovered
    def totals_by(
        self,
        *by: str,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        time_zone: TimeZone = UTC,
    ) -> dict[Group, Totals]:
        names, zone = [check_grouping(name) for name in by], read_zone(time_zone)
        sums: dict[Group, Totals] = {}
        with self._summed() as file:
            add_periods(file, zone)
            for group, total in read_sums(file, names, since, until, tags, split=zone is not UTC):
                sums[group] = sums.get(group, Totals()) + total
            for open_row in read_open(file):
                if matches(open_row.row, since, until, tags):
                    group = tuple(group_of(open_row.row, name, zone) for name in names)
                    sums[group] = sums.get(group, Totals()).plus(open_row.row)
        return dict(sorted(sums.items()))

    @retry_recovered
    def tag_names(self, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        hours, edges = whole_hours(since, until)
        names: set[str] = set()
        with self._summed() as file:
            for source in (hours, *edges):
                query = f"SELECT DISTINCT tags FROM {source.table(scope=1)} WHERE {source.where}"
                for (tags,) in file.execute(f"SELECT DISTINCT tag.key FROM ({query}) AS t, json_each({VALID}) AS tag"):
                    names.add(tags)
            opened = [open_row.row for open_row in read_open(file)]
        names.update(name for row in opened if matches(row, since, until, None) for name in row.tags)
        return sorted(names)

    def recoveries(self) -> list[Recovery]:
        """What was recovered and lost, for each time that this file was damaged."""
        with self._file.connection() as file:
            return recoveries(file)

    @staticmethod
    def repair(db_path: str | os.PathLike[str]) -> Recovery | None:
        """Checks a ledger, and copies what can be read of a damaged one into a new file.

        Args:
            db_path: The file; it must not be in use.

        Returns:
            What was recovered and lost, or None if the file is intact.

        Raises:
            StoreError: If there is no such file.
        """
        return repair_ledger(db_path)

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def _summed(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the file, in which the sums have all rows."""
        with self._file.reading() as file:
            if are_summed(file):
                yield file
                return
        with self._file.transaction() as file:
            make_dirty_again(file)
            yield file


def add_rows(rows: Sequence[UsageData], file: sqlite3.Connection) -> None:
    """Adds settled rows, and closes batches that they belong to."""
    new = [row for row in rows if not is_known(file, row)]
    for row in new:
        settle(file, row.row_id)
    for row, number in zip(new, write_rows(file, new), strict=True):
        if row.operation == BATCH and row.row_id is not None:
            file.execute(CLOSE, (row.row_id, number))


def open_rows(opened: Sequence[Row], file: sqlite3.Connection) -> None:
    """Adds open rows."""
    file.executemany(OPEN, opened)


def is_known(file: sqlite3.Connection, row: UsageData) -> bool:
    """Whether an item of a batch has its row already, as several processes may read one batch."""
    if row.operation != BATCH or row.row_id is None:
        return False
    return file.execute("SELECT 1 FROM usage_closed WHERE id = ?", (row.row_id,)).fetchone() is not None


def write_settled(file: sqlite3.Connection, entries: Sequence[Row]) -> None:
    """Writes late rows: each entry has the id of a row, and its columns."""
    for key, _ in entries:
        settle(file, key)
    write_values(file, [values for _, values in entries])


def settle(file: sqlite3.Connection, key: str | None) -> None:
    """Deletes the open row of a settled one, or the row as which it was closed although its process still ran."""
    if key is None or file.execute("DELETE FROM usage_open WHERE id = ?", (key,)).rowcount:
        return
    closed = file.execute("SELECT usage_id FROM usage_closed WHERE id = ?", (key,)).fetchone()
    if closed is not None:
        file.execute("DELETE FROM usage WHERE id = ?", closed)
        file.execute("DELETE FROM usage_closed WHERE id = ?", (key,))


def write_rows(file: sqlite3.Connection, rows: Sequence[UsageData]) -> list[int]:
    """Adds rows within a transaction, and returns their numbers."""
    return write_values(file, [row_values(row) for row in rows])


def write_values(file: sqlite3.Connection, rows: Sequence[Row]) -> list[int]:
    """Adds the columns of rows, and returns their numbers. Some rows together are added to the sums."""
    numbers = [int(file.execute(ADD, values).lastrowid or 0) for values in rows]
    if len(numbers) >= SUMMED_TOGETHER or any(number % SUMMED_TOGETHER == 0 for number in numbers):
        add_to_sums(file)
    return numbers


def row_values(row: UsageData) -> Row:
    """The columns of a row."""
    return field_values(vars(row), row.model_dump_json(exclude_defaults=True))


def field_values(fields: Facts, text: str) -> Row:
    """The columns of a row with these fields, and with this JSON."""
    get = fields.get
    at, cost, saved, tags = get("started_at"), get("cost"), get("saved_cost"), get("tags")
    return (
        None if at is None else at.timestamp(),
        "" if at is None else at.astimezone(UTC).date().isoformat(),
        get("provider"),
        get("model"),
        get("outcome", "answered"),
        int(get("cached", False)),
        get("prompt_tokens", 0),
        get("completion_tokens", 0),
        None if cost is None else str(cost),
        None if saved is None else str(saved),
        to_json(tags).decode() if tags else "{}",
        text,
    )


def read_settled(stored: Row) -> UsageData:
    """A row from its JSON, or from its columns if the JSON is damaged."""
    text, *columns = stored
    try:
        return read_row(text)
    except StoreDamagedError as error:
        log.warning("%s Its columns are used instead.", error)
        return row_of(*columns)


def read_open(file: sqlite3.Connection) -> list[OpenRow]:
    """The open rows of a ledger."""
    stored = file.execute("SELECT owner, expires, row FROM usage_open").fetchall()
    return [read_open_row(*values) for values in stored]
