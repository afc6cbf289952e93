"""What can still be read of a damaged SQLite file.

Pages that are damaged make every query fail that crosses them. So rows are read by their numbers from both ends up to
the damage, and in between one by one. A file whose first page is damaged gets the first page of an empty file with the
same tables: these have the same places in both.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

STEP = 500
MOST_SINGLE = 2_000_000
"""Row numbers that are tried one by one."""

Rows = list[tuple[Any, ...]]


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


@contextmanager
def salvaging(path: Path, templates: list[Callable[[sqlite3.Connection], None]], readable: str) -> Iterator[Any]:
    """A connection to a copy of the damaged file in which the statement `readable` works; None where none does."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for attempt in (None, *((make, whole) for make in templates for whole in (False, True))):
            for ending in ("", "-wal"):
                with suppress(FileNotFoundError):
                    shutil.copyfile(path.with_name(path.name + ending), copy.with_name(copy.name + ending))
            if attempt is not None:
                replace_head(copy, *attempt)
            connection = sqlite3.connect(copy)
            try:
                connection.execute(readable).fetchone()
            except (sqlite3.DatabaseError, OverflowError):
                connection.close()
                continue
            with closing(connection):
                yield connection
            return
        yield None


def replace_head(copy: Path, make: Callable[[sqlite3.Connection], None], whole: bool) -> None:
    """Writes the header of an empty file over that of the copy, or all of its first page."""
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
        file.write(page if whole else page[:100])
        file.truncate(pages * 4096)


def read_table(connection: sqlite3.Connection, columns: str, table: str, key: str = "id") -> Rows:
    """The readable rows of a table whose key is its row number."""
    query = f"SELECT {columns} FROM {table} NOT INDEXED WHERE {key} {{}} ORDER BY {key} {{}} LIMIT {STEP}"
    upward, last = walk(connection, query.format("> ?", ""), -1)
    if last is None:
        return upward
    downward, first = walk(connection, query.format("< ?", "DESC"), 2**62)
    first = last + MOST_SINGLE if first is None else first
    middle: Rows = []
    for number in range(last + 1, min(first, last + MOST_SINGLE)):
        with suppress(sqlite3.DatabaseError):
            middle += connection.execute(f"SELECT {columns} FROM {table} WHERE {key} = ?", (number,)).fetchall()
    return [*upward, *middle, *reversed(downward)]


def walk(connection: sqlite3.Connection, query: str, start: int) -> tuple[Rows, int | None]:
    """Rows from here on, and the number of the last one before the damage; None where there was none."""
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
