"""Which data a Redis server had when this machine last used it, in a file, for new processes."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from types import NoneType
from typing import NamedTuple

from dhenara.ai.integration import require_type

from .redis import RedisClient
from .sqlite import SQLiteFile
from .store_io import StoreError

log = logging.getLogger("ai_utilities.storage")
LONGEST_WAIT = 2.0
"""Seconds to wait for the file."""

TABLE = """
CREATE TABLE IF NOT EXISTS generations (name TEXT PRIMARY KEY, epoch TEXT NOT NULL, changes INTEGER NOT NULL)
    WITHOUT ROWID;
"""
READ = "SELECT epoch, changes FROM generations WHERE name = ?"
OBSERVE = """
INSERT INTO generations (name, epoch, changes) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, changes = excluded.changes
    WHERE epoch <> excluded.epoch OR changes < excluded.changes
"""
RESET = "REPLACE INTO generations (name, epoch, changes) VALUES (?, ?, ?)"


class Generation(NamedTuple):
    """A state of the data of one store: a server with another epoch, or with fewer changes, has lost data.

    Attributes:
        epoch: The id of the data; None if no data are known.
        changes: How many changes were made to it.
    """

    epoch: str | None
    changes: int

    def to_text(self) -> str:
        """The form in which scripts take and return it."""
        return f"{self.epoch or ''}#{self.changes}"

    @classmethod
    def from_text(cls, text: str) -> Generation:
        """Reads `epoch#changes`."""
        epoch, _, changes = text.rpartition("#")
        return cls(epoch or None, int(changes))


class Generations:
    """The latest generation of one store. Addresses may contain passwords and are stored as hashes only.

    Args:
        file: An SQLite file with an entry for each store; None: in the memory of this process only.
        server: The address of the server, or a client.
        prefix: The prefix of the store's keys.
    """

    def __init__(self, file: str | os.PathLike[str] | None, server: str | RedisClient, prefix: str) -> None:
        require_type("Redis store", "generations", file, (str, os.PathLike, NoneType), "a path or None")
        address = server if isinstance(server, str) else ""
        self._name = hashlib.blake2b(f"{address}|{prefix}".encode(), digest_size=16).hexdigest()
        self._lock = threading.Lock()
        self._known = Generation(None, 0)
        self._failed = False
        self._file: SQLiteFile | None = None
        if file is not None:
            try:
                self._file = SQLiteFile(file, TABLE, LONGEST_WAIT)
                row = self._file.fetch_one(READ, (self._name,))
            except StoreError as error:
                self._warn(error)
            else:
                self._known = self._known if row is None else Generation(*row)

    @property
    def known(self) -> Generation:
        """What this process has seen last, or the file at its start."""
        with self._lock:
            return self._known

    def observe(self, seen: Generation) -> None:
        """Stores the generation of the server, unless a later one is stored."""
        with self._lock:
            if seen.epoch == self._known.epoch and seen.changes <= self._known.changes:
                return
            self._known = seen
        self._write(OBSERVE, seen)

    def reset(self, seen: Generation) -> None:
        """Stores a generation although a later one was stored: the loss has been reported."""
        with self._lock:
            self._known = seen
        self._write(RESET, seen)

    def close(self) -> None:
        """Closes the file; it is opened again when it is used."""
        if self._file is not None:
            self._file.close()

    def _write(self, statement: str, seen: Generation) -> None:
        if self._file is None:
            return
        try:
            self._file.fetch_all(statement, (self._name, seen.epoch or "", seen.changes))
        except StoreError as error:
            self._warn(error)

    def _warn(self, error: StoreError) -> None:
        if not self._failed:
            log.warning("processes that start later will not notice a loss of data on the Redis server: %s", error)
        self._failed = True
