"""Reads what is left in a damaged SQLite file.

A query fails at the first damaged page that it reads. So rows are read by their numbers from both ends up to the
damage, and between them one by one. In a file whose first page is damaged, that page is replaced by the first page of
an empty file with the same tables, which are at the same places in both.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from .sqlite_files import Row

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
