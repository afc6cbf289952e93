"""A connection to a SQLite file: how it is prepared, and how it waits for locks."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .sqlite_files import LOCKED, code_of, last_change
from .sqlite_schema import Schema
from .store_calls import stalled_seconds

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

    def begin(self, path: Path, seconds: float) -> None:
        """Begins a transaction that writes. Waits for the lock, but not longer than its holder writes nothing.

        Args:
            path: The file.
            seconds: How long to wait in all.

        Raises:
            sqlite3.OperationalError: If the lock was not free in time.
        """
        until = time.monotonic() + seconds
        while True:
            before = last_change(path)
            self.wait_at_most(stalled_seconds(max(0.0, until - time.monotonic())))
            try:
                self.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if code_of(error) not in LOCKED or time.monotonic() >= until or last_change(path) == before:
                    raise
            else:
                return
