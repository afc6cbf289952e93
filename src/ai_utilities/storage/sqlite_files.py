"""Files of SQLite: their versions, creating and checking them, moving damaged ones away, and connections to them.

Each part of a file (`usage`, `budget`, `limits`) has a version of its own in the table `store_meta`, since several
parts may share a file. Version n is what the first n migrations made; older files are migrated when they are opened,
newer ones are refused. Files from before versions were written have none: their first migration creates only what is
missing. New files appear complete: they are created under another name and renamed.
"""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .store_io import StoreVersionError, file_lock, seconds_left, stalled_seconds

if TYPE_CHECKING:
    from .late_writes import LateWrites
    from .sqlite import SQLiteFile

Migration = str | Callable[[sqlite3.Connection], None]
SqlValue = str | int | float | bytes | None
Row = tuple[Any, ...]
"""The columns of a row, of the types of SQLite."""

Check = Callable[[sqlite3.Connection], str | None]
"""Returns what is wrong with the contents of a file that SQLite finds intact; None if nothing is."""

Recover = Callable[[Path, Path], str]
"""Copies what can be read of a damaged file into a new one, and returns what was lost, as text."""

META = "CREATE TABLE IF NOT EXISTS store_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
GENERATION = "generation"
"""The name in `store_meta` of the id of a file: a file with another id is another file."""

REPAIRED = "repaired"
"""The name in `store_meta` that a repair sets: running clients accept a repaired file in place of the damaged one."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One part of a file.

    Attributes:
        name: The name of the part.
        migrations: Statements or functions, the oldest first; released ones never change.
    """

    name: str
    migrations: tuple[Migration, ...]

    @property
    def version(self) -> int:
        """The version of a file after all migrations."""
        return len(self.migrations)

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Brings the file to this version.

        Raises:
            StoreVersionError: If a newer version of this library has written it.
        """
        if self._current(connection) == self.version:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(META)
            connection.execute("INSERT OR IGNORE INTO store_meta VALUES (?, ?)", (GENERATION, uuid.uuid4().hex))
            for migration in self.migrations[self._current(connection) :]:
                migrate(connection, migration)
            connection.execute("REPLACE INTO store_meta VALUES (?, ?)", (self._key, str(self.version)))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _current(self, connection: sqlite3.Connection) -> int:
        version = int(meta(connection, self._key) or 0)
        if version > self.version:
            raise StoreVersionError.between(f"the {self.name} tables", version, self.version, "file")
        return version

    @property
    def _key(self) -> str:
        return f"version:{self.name}"


def migrate(connection: sqlite3.Connection, migration: Migration) -> None:
    """Applies one migration; within a transaction."""
    if callable(migration):
        migration(connection)
        return
    for statement in statements(migration):
        connection.execute(statement)


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would end the transaction."""
    pending = ""
    for part in script.split(";"):
        pending += part + ";"
        if sqlite3.complete_statement(pending):
            if pending.strip(" \n;"):
                yield pending
            pending = ""


def meta(connection: sqlite3.Connection, name: str) -> str | None:
    """An entry of `store_meta`; None in a file that has no such table yet."""
    try:
        row = connection.execute("SELECT value FROM store_meta WHERE name = ?", (name,)).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return None
    return None if row is None else str(row[0])


def columns_of(connection: sqlite3.Connection, table: str) -> set[str]:
    """The names of the columns of a table; empty if there is no such table."""
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
STALE = 10.0
"""Seconds after which a process that was creating a file is taken for dead."""

SIDE_FILES = ("-wal", "-shm")
"""Endings of the files that SQLite writes next to a database."""


def create_once(path: Path, schema: str | Schema | None) -> None:
    """Creates a file that only its owner may read, unless another process was first.

    Args:
        path: The file; its folder is created if missing.
        schema: The tables with which the file appears. Without a `Schema`, it is empty.

    Raises:
        OSError: If the folder cannot be written.
    """
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
    """Whether a file has no tables. Files of stores appear complete, so their content was removed.

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


def inode_of(path: Path | str) -> tuple[int, int] | None:
    """Device and inode of a file; None if there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def last_change(path: Path) -> tuple[tuple[int, int], ...]:
    """Changes whenever something is written to the file: times and sizes of it and of its write-ahead log."""
    states = []
    for ending in ("", "-wal"):
        with suppress(FileNotFoundError):
            status = os.stat(f"{path}{ending}")
            states.append((status.st_mtime_ns, status.st_size))
    return tuple(states)


def code_of(error: sqlite3.Error) -> int:
    """The primary result code of SQLite, without its extended part."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


SETTINGS = ("PRAGMA synchronous=NORMAL", "PRAGMA temp_store=MEMORY")
RETRY_AFTER = 0.01
"""Seconds between two attempts to change the mode of a file, for which SQLite itself does not wait."""


class StoreConnection(sqlite3.Connection):
    """A connection of a `SQLiteFile`."""

    wait_ms = -1
    inode: tuple[int, int] | None = None

    def wait_at_most(self, seconds: float) -> None:
        """Sets how long statements wait for locks."""
        wanted = int(seconds * 1000)
        if wanted != self.wait_ms:
            self.execute(f"PRAGMA busy_timeout={wanted}")
            self.wait_ms = wanted

    def prepare(self, schema: str | Schema, equip: Callable[[sqlite3.Connection], None] | None, seconds: float) -> None:
        """Sets the modes of a new connection and brings the file to the schema's version.

        Args:
            schema: The schema, or statements that create what is missing.
            equip: Called with this connection.
            seconds: How long to wait for other processes, which may be preparing the same file.

        Raises:
            sqlite3.DatabaseError: If the file is damaged, or locked for all of that time.
            StoreVersionError: If a newer version of this library has written the file.
        """
        until = time.monotonic() + seconds
        while True:
            try:
                self.execute("PRAGMA journal_mode=WAL")
                for setting in SETTINGS:
                    self.execute(setting)
                if equip is not None:
                    equip(self)
                if isinstance(schema, Schema):
                    schema.prepare(self)
                else:
                    self.executescript(f"BEGIN IMMEDIATE; {schema}; COMMIT")
            except sqlite3.OperationalError as error:
                if code_of(error) not in LOCKED or time.monotonic() > until:
                    raise
                with suppress(sqlite3.Error):
                    self.execute("ROLLBACK")
                time.sleep(RETRY_AFTER)
            else:
                return

    def lock_with(self, statement: str, values: Row, path: Path, most: float) -> None:
        """Executes a statement that takes the lock: the begin of a transaction that writes, or all of one.

        It waits for the lock, but not longer than the holder of the lock writes nothing.

        Args:
            statement: The statement.
            values: Its values.
            path: The file.
            most: Most seconds to wait in all, also if the call has more.

        Raises:
            sqlite3.OperationalError: If the lock was not free in time.
        """
        if self.wait_ms != 0:
            self.wait_at_most(0)
        try:
            self.execute(statement, values)
        except sqlite3.OperationalError as error:
            if code_of(error) not in LOCKED:
                raise
        else:
            return  # nearly always
        until = time.monotonic() + seconds_left(most)
        while True:
            before = last_change(path)
            self.wait_at_most(stalled_seconds(max(0.0, until - time.monotonic())))
            try:
                self.execute(statement, values)
            except sqlite3.OperationalError as error:
                if code_of(error) not in LOCKED or time.monotonic() >= until or last_change(path) == before:
                    raise
            else:
                return

    def undo(self, late: LateWrites | None) -> None:
        """Undoes the transaction, if one has begun. Late writes that were done in it wait again."""
        if late is not None:
            late.end(self, written=False)
        with suppress(sqlite3.Error):
            self.rollback()


class ConnectionBlock:
    """A `with` block with a connection of its own. `end` ends its transaction; empty without one."""

    __slots__ = ("_connection", "_end", "_file", "_late")

    def __init__(self, file: SQLiteFile, end: str, *, late: bool = False) -> None:
        self._file = file
        self._end = end
        self._late = late

    def __enter__(self) -> StoreConnection:
        self._connection = self._file.take_connection(self._end, late=self._late)
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, end = self._connection, self._end
        try:
            if error is None and end == "COMMIT":
                connection.execute(end)
        except BaseException as failed:
            error = failed
            raise
        finally:
            if error is not None or end == "ROLLBACK":
                connection.undo(self._file.late)
            elif self._late and self._file.late:
                self._file.late.end(connection, written=True)
            self._file.give_back(connection, error)
