"""Recovery of damaged ledgers: what can be read is copied into a new file, which records the loss."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic_core import from_json, to_json

from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_files import Row, create_once, is_sound, set_aside
from ..storage.sqlite_salvage import Rows, read_table, salvage
from ..storage.store_calls import StoreDamagedError, StoreError
from .sqlite_tables import USAGE, equip, make_tables

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
    "usage_writing": "id",
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
        return f"{self.recovered} rows were recovered, {lost}; the damaged file is {self.aside}"


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
    with suppress(sqlite3.DatabaseError):
        (count,) = damaged.execute("SELECT sum(requests) FROM usage_sums WHERE scope = 0").fetchone()
        if count is not None:
            return int(count)
    return max((row[0] for row in rows), default=None)
