"""Layouts of SQLite files and their versions: older files are migrated, newer ones are refused.

Each part of a file (`usage`, `budget`, `limits`) has a version of its own in the table `store_meta`, since several
parts may share a file. Version n is what the first n migrations made. Files from before versions were written have
none: their first migration creates only what is missing.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .errors import StoreVersionError

Migration = str | Callable[[sqlite3.Connection], None]
META = "CREATE TABLE IF NOT EXISTS store_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
GENERATION = "generation"
"""The id of a file: two files with the same one have the same history."""

REPAIRED = "repaired"
"""Set by a repair: the user knows that this file replaces another one."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One part of a file. Migrations are statements or functions, the oldest first; none is ever changed."""

    name: str
    migrations: tuple[Migration, ...]

    @property
    def version(self) -> int:
        return len(self.migrations)

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Brings the file to this version.

        Raises:
            StoreVersionError: if a newer version of this library has written it.
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
        match = int(meta(connection, self._key) or 0)
        if match > self.version:
            raise StoreVersionError(
                f"the {self.name} tables have version {match}, and this version of dhenara knows {self.version}: "
                "upgrade dhenara, or use another file."
            )
        return match

    @property
    def _key(self) -> str:
        return f"version:{self.name}"


def migrate(connection: sqlite3.Connection, migration: Migration) -> None:
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
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
