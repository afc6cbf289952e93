"""Files of SQLite: creating, identifying and checking them, and moving damaged ones away."""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path

from .file_lock import file_lock
from .sqlite_schema import Schema

DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
STALE = 10.0
"""Seconds after which a process that was creating a file is taken for dead."""

SIDE_FILES = ("-wal", "-shm")
"""Endings of the files that SQLite writes next to a database."""


def create_once(path: Path, schema: str | Schema | None) -> None:
    """Creates the file for its owner only, unless another process was first; with a schema, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(schema, Schema):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        return
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}.new")
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            schema.prepare(connection)
        with file_lock(path, stale=STALE):
            if path.exists():
                return
            # Those of a file that was deleted: SQLite would apply their log to the new one.
            for ending in SIDE_FILES:
                path.with_name(path.name + ending).unlink(missing_ok=True)
            new.rename(path)
    finally:
        new.unlink(missing_ok=True)


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file, and it has tables."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            intact = bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False
    return intact and not is_emptied(path)


def is_emptied(path: Path) -> bool:
    """Whether a file has no tables. Files of stores appear complete, so somebody has removed what was in it.

    A file that cannot be read, because it is locked or damaged, does not count as emptied.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", timeout=0, uri=True)) as connection:
            return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None
    except sqlite3.DatabaseError:
        return False


def set_aside(path: Path) -> Path:
    """Renames a file and its side files, and returns the new path."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    for ending in ("", *SIDE_FILES):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def inode_of(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file; None if there is none."""
    try:
        match = os.stat(path)
    except FileNotFoundError:
        return None
    return match.st_dev, match.st_ino


def last_change(path: Path) -> tuple[tuple[int, int], ...]:
    """Changes whenever anybody writes into the file: times and sizes of it and of its write-ahead log."""
    states = []
    for ending in ("", "-wal"):
        with suppress(FileNotFoundError):
            match = os.stat(path.with_name(path.name + ending))
            states.append((match.st_mtime_ns, match.st_size))
    return tuple(states)


def code_of(error: sqlite3.Error) -> int:
    """The primary result code of SQLite, without its extended part."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
