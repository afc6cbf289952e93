"""Recovery of damaged ledgers: what can be read is copied into a new file, which records the loss."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from pydantic_core import from_json, to_json

from dhenara.ai.integration import number_of

from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_files import Row, create_once, is_sound, set_aside
from ..storage.store_io import StoreDamagedError, StoreError
from .sqlite_tables import USAGE, equip, make_tables

STEP = 500
MOST_MISSES = 20_000
"""Unreadable row numbers in a row after which reading ends."""

T = TypeVar("T")
Rows = list[Row]


def salvage(
    path: Path,
    templates: Sequence[Callable[[sqlite3.Connection], None]],
    table: str,
    read: Callable[[sqlite3.Connection], list[T]],
) -> list[T]:
    """Reads a copy of a damaged file: as it is, or with the first page of an empty file.

    Args:
        path: The damaged file; it is not changed.
        templates: Functions that create the tables of an empty file, for each layout that the file may have.
        table: The table that must be in the copy.
        read: Reads rows from a connection; it must not raise for damaged places.

    Returns:
        The rows of the attempt that could read the most.
    """
    best: list[T] = []
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for attempt in (None, *((make, whole_page) for make in templates for whole_page in (False, True))):
            for ending in ("", "-wal"):
                with suppress(FileNotFoundError):
                    shutil.copyfile(path.with_name(path.name + ending), copy.with_name(copy.name + ending))
            if attempt is not None:
                replace_head(copy, *attempt)
            with closing(sqlite3.connect(copy)) as connection:
                if not has_table(connection, table):
                    continue
                rows = read(connection)
            if attempt is None:
                return rows
            best = max(best, rows, key=len)
    return best


def has_table(connection: sqlite3.Connection, table: str) -> bool:
    """Whether the file has this table, as far as it can be read."""
    try:
        row = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    except (sqlite3.DatabaseError, OverflowError):
        return False
    return bool(row[0])


def replace_head(copy: Path, make: Callable[[sqlite3.Connection], None], whole_page: bool) -> None:
    """Replaces the header of the copy, or its whole first page, by that of an empty file."""
    template = copy.with_name("template")
    template.unlink(missing_ok=True)
    with closing(sqlite3.connect(template, isolation_level=None)) as connection:
        make(connection)
    copy.with_name(copy.name + "-wal").unlink(missing_ok=True)
    page = bytearray(template.read_bytes()[:4096])
    pages = max(1, -(-copy.stat().st_size // 4096))
    # The size of the file in pages, and no list of free ones (https://sqlite.org/fileformat.html, 1.3).
    page[28:32] = pages.to_bytes(4, "big")
    page[32:40] = bytes(8)
    with copy.open("r+b") as file:
        file.write(page if whole_page else page[:100])
        file.truncate(pages * 4096)


def read_table(connection: sqlite3.Connection, columns: str, table: str, key: str = "id") -> Rows:
    """The readable rows of a table whose key is its row number."""
    query = f"SELECT {columns} FROM {table} NOT INDEXED WHERE {key} {{}} ORDER BY {key} {{}} LIMIT {STEP}"
    upward, last = walk(connection, query.format("> ?", ""), -1)
    if last is None:
        return upward
    downward, first = walk(connection, query.format("< ?", "DESC"), 2**62)
    middle: Rows = []
    misses = 0
    for number in range(last + 1, 2**62 if first is None else first):
        rows: Rows = []
        with suppress(sqlite3.DatabaseError):
            rows = connection.execute(f"SELECT {columns} FROM {table} WHERE {key} = ?", (number,)).fetchall()
        middle += rows
        misses = 0 if rows else misses + 1
        if misses > MOST_MISSES:
            break
    return [*upward, *middle, *reversed(downward)]


def walk(connection: sqlite3.Connection, query: str, start: int) -> tuple[Rows, int | None]:
    """Rows from a number on, and the number of the last one before the damage; None without damage."""
    rows: Rows = []
    while True:
        cursor = connection.cursor()
        page: Rows = []
        try:
            for row in cursor.execute(query, (start,)):
                page.append(row)
                start = row[0]
        except sqlite3.DatabaseError:
            return [*rows, *page], start
        rows += page
        if len(page) < STEP:
            return rows, None


NAMES = "at, day, provider, model, outcome, cached, prompt_tokens, completion_tokens, cost, saved_cost, tags, row"
INSERT = f"INSERT INTO usage ({NAMES}) VALUES ({', '.join('?' * 12)})"
PREFIX = "recovery:"
COLUMNS_USED = {
    "usage": f"id, {NAMES}",
    "usage_open": "id, owner, expires, row",
    "usage_closed": "id, usage_id",
    "usage_sums": "scope, hour, provider, model, outcome, cached, tags, key, operation, unit, requests, cost, "
    "saved_cost, unknown, amounts",
    "usage_dirty": "hour",
    "usage_unsummed": "id",
}
"""The columns without which a ledger cannot be used, by table."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """The recovery of a damaged ledger.

    Attributes:
        at: When it was recovered, in ISO format.
        recovered: The number of rows that could be read.
        lost: The number of rows that could not be read, at least; None if unknown.
        aside: The damaged file.
    """

    at: str
    recovered: int
    lost: int | None
    aside: str

    def __str__(self) -> str:
        lost = "an unknown number is lost" if self.lost is None else f"at least {self.lost} are lost"
        return f"recovered {number_of(self.recovered, 'row')}, {lost}; the damaged file is {self.aside}"


def recover_ledger(aside: Path, path: Path) -> str:
    """Copies the readable rows of the file set aside into a new one, which records the loss.

    Args:
        aside: The damaged file.
        path: The new file.

    Returns:
        What was recovered and lost, as text.
    """
    opened: Rows = []
    counts: list[int | None] = [None]

    def read(damaged: sqlite3.Connection) -> Rows:
        rows = read_table(damaged, f"id, {NAMES}", "usage")
        opened[:] = readable_open(damaged)
        counts[0] = count_of(damaged, rows)
        return rows

    rows, most = salvage(aside, [USAGE.prepare, make_tables], "usage", read), counts[0]
    good = [row[1:] for row in rows if is_row(row)]
    recovery = Recovery(
        datetime.now(UTC).isoformat(), len(good), None if most is None else max(0, most - len(good)), str(aside)
    )
    create_once(path, USAGE)
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as new:
        equip(new)
        USAGE.prepare(new)
        new.execute("BEGIN IMMEDIATE")
        new.executemany(INSERT, good)
        new.executemany("INSERT OR IGNORE INTO usage_open VALUES (?, ?, ?, ?)", opened)
        note = to_json([recovery.at, recovery.recovered, recovery.lost, recovery.aside]).decode()
        new.execute("REPLACE INTO store_meta VALUES (?, ?)", (PREFIX + recovery.at, note))
        new.execute("COMMIT")
    return str(recovery)


def repair_ledger(db_path: str | os.PathLike[str]) -> Recovery | None:
    """Recovers a damaged file; None if it is intact."""
    path = Path(db_path).expanduser()
    if not path.exists():
        raise StoreError(f"there is no file {path}")
    if is_sound(path) and is_usable(path):
        return None
    recover_ledger(set_aside(path), path)
    with closing(sqlite3.connect(path)) as connection:
        return recoveries(connection)[-1]


def is_usable(path: Path) -> bool:
    """Whether all tables are there, with their columns."""
    try:
        file = SQLiteFile(path, USAGE, equip=equip, strict=True)
        with closing(file), file.connection() as connection:
            for table, columns in COLUMNS_USED.items():
                connection.execute(f"SELECT {columns} FROM {table} LIMIT 1")
    except StoreDamagedError:
        return False
    return True


def recoveries(file: sqlite3.Connection) -> list[Recovery]:
    """All recoveries of a ledger, the oldest first."""
    notes = file.execute("SELECT value FROM store_meta WHERE name LIKE ? ORDER BY name", (f"{PREFIX}%",)).fetchall()
    return [Recovery(*from_json(text)) for (text,) in notes]


def is_row(row: Row) -> bool:
    """Whether the JSON of a row can be read."""
    try:
        return isinstance(from_json(row[-1]), dict) and isinstance(from_json(row[-2]), dict)
    except (ValueError, TypeError):
        return False


def readable_open(damaged: sqlite3.Connection) -> Rows:
    """The open rows, if their table can be read as a whole."""
    with suppress(sqlite3.DatabaseError):
        return damaged.execute("SELECT id, owner, expires, row FROM usage_open").fetchall()
    return []


def count_of(damaged: sqlite3.Connection, rows: Rows) -> int | None:
    """How many rows there were: by the sums, else by the highest number of a readable row."""
    waiting = 0
    with suppress(sqlite3.DatabaseError):
        (waiting,) = damaged.execute("SELECT count(*) FROM usage_unsummed").fetchone()
    with suppress(sqlite3.DatabaseError):
        (count,) = damaged.execute("SELECT sum(requests) FROM usage_sums WHERE scope = 0").fetchone()
        if count is not None:
            return int(count) + int(waiting)
    return max((row[0] for row in rows), default=None)
