"""One SQLite file for many threads and processes at once. A damaged file is set aside, never fatal."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import StoreError

log = logging.getLogger("ai_utilities.storage")
DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
INHERITED: list[Any] = []
"""Connections of a parent process. A child must neither use nor close them, so they are kept out of reach."""

SETTINGS = ("PRAGMA synchronous=NORMAL", "PRAGMA temp_store=MEMORY")


class SQLiteFile:
    """Connections to one file, opened as they are needed and shared by the threads of a process."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        schema: str,
        timeout: float = 60.0,
        equip: Callable[[sqlite3.Connection], None] | None = None,
    ) -> None:
        self.path = Path(path).expanduser()
        self._schema = schema
        self._timeout = timeout
        self._equip = equip
        self._resting: deque[sqlite3.Connection] = deque()
        self._process = os.getpid()
        self._opening = threading.Lock()
        with self.connection():
            pass  # a path that cannot be used is told now, not at the first call

    def one(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """The first row, or None."""
        with self.connection() as connection:
            return connection.execute(statement, values).fetchone()

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self.connection() as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody else writes into; undone if anything fails."""
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection of this thread's own for a moment."""
        connection = self._take()
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            connection.close()
            if getattr(error, "sqlite_errorcode", None) in DAMAGED:
                self._set_aside()
            raise StoreError(f"the SQLite file {self.path} could not be used: {error}") from error
        except BaseException:
            self._resting.append(connection)
            raise
        self._resting.append(connection)

    def close(self) -> None:
        """Closes what is open. The file may be used again afterwards."""
        if self._process == os.getpid():
            while self._resting:
                self._resting.pop().close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()

    def _take(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            INHERITED.append(self._resting)
            self._resting, self._process, self._opening = deque(), os.getpid(), threading.Lock()
        try:
            return self._resting.pop()
        except IndexError:
            with self._opening:
                return self._opened()

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) not in DAMAGED:
                raise StoreError(f"the SQLite file {self.path} could not be opened: {error}") from error
            self._set_aside()
            return self._connected()
        except OSError as error:
            raise StoreError(f"the SQLite file {self.path} could not be opened: {error}") from error

    def _connected(self) -> sqlite3.Connection:
        self._made()
        connection = sqlite3.connect(
            self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            self._prepared(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _made(self) -> None:
        """A new file is for its owner's eyes only."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))

    def _prepared(self, connection: sqlite3.Connection) -> None:
        """Others may be preparing the same new file: changing its mode does not wait by itself."""
        until = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                for setting in SETTINGS:
                    connection.execute(setting)
                connection.executescript(f"BEGIN IMMEDIATE; {self._schema}; COMMIT")
                if self._equip is not None:
                    self._equip(connection)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                time.sleep(0.01)
            else:
                return

    def _set_aside(self) -> None:
        """Moves a damaged file away, unless another process has done so already."""
        self.close()
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(self.path, timeout=self._timeout)) as again:
            if again.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                return
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        with suppress(FileNotFoundError):
            self.path.rename(aside)
        for ending in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + ending).unlink()
        log.warning("%s is damaged; it was set aside as %s and a new one begun", self.path, aside.name)
