"""One SQLite file for many threads and processes at once.

What happens to a file that is damaged, deleted or replaced depends on what is in it: caches begin again, ledgers
recover what can be read, budgets and limits refuse to go on, since an empty file would allow to spend again.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

from dhenara.ai.integration import require_type

from .late_writes import LateWrites
from .sqlite_files import (
    DAMAGED,
    GENERATION,
    LOCKED,
    REPAIRED,
    Check,
    ConnectionBlock,
    Recover,
    Row,
    Schema,
    SqlValue,
    StoreConnection,
    code_of,
    create_once,
    inode_of,
    is_emptied,
    meta,
    set_aside,
)
from .store_io import (
    StoreDamagedError,
    StoreError,
    StoreLostError,
    StoreRecoveredError,
    StoreTimeoutError,
    StoreVersionError,
    seconds_left,
    stalled_seconds,
    within,
)
from .write_turns import WrittenFile, lock_error

log = logging.getLogger("ai_utilities.storage")
CHANGED = re.compile("no such (?:table|column)|has no column named|already exists|Could not decode to UTF-8")
"""Messages of SQLite about tables that this library did not make, and about text that is not UTF-8."""

INHERITED: list[deque[StoreConnection]] = []
"""Connections of a parent process. A child must neither use nor close them; here they are never collected."""

FIRST_WAIT = 0.5
"""Seconds to wait for a locked file when a store is created; it is tried again at its first use."""

MOST_CHECKED = 64 * 1024 * 1024
"""Bytes up to which a file is checked as a whole before its first use."""


class SQLiteFile(WrittenFile):
    """Connections to one file, opened when needed and shared by the threads of a process.

    Args:
        path: Created when it is missing.
        schema: A `Schema` with versions, or statements that create what is missing.
        timeout: Seconds to wait for locks of others; less where a call's deadline is nearer.
        equip: Called with each new connection, to add functions for example.
        strict: A file that is damaged, deleted or replaced raises an error until it is repaired.
        check: Looks at the contents of a strict file before its first use.
        recover: Copies what is readable of a damaged file; without it, a new file begins empty.
        repair: What to do about a damaged file, for error messages.
        lazy: A file that a newer version has written is an error only when it is used. A locked file always is.

    Raises:
        StoreError: If the path cannot be used, or a strict file is damaged.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        schema: str | Schema,
        timeout: float = 60.0,
        equip: Callable[[sqlite3.Connection], None] | None = None,
        *,
        strict: bool = False,
        check: Check | None = None,
        recover: Recover | None = None,
        repair: str = "",
        lazy: bool = False,
    ) -> None:
        require_type("SQLite store", "path", path, (str, os.PathLike), "the path of a file")
        self.path = Path(path).expanduser().absolute()  # the program may change its folder before a late write
        super().__init__(self.path, timeout)
        self._name = str(self.path)
        self._schema = schema
        self._equip = equip
        self._strict = strict
        self._check = check
        self._recover = recover
        self._repair = repair
        self._idle: deque[StoreConnection] = deque()
        self._process = os.getpid()
        self._opening = threading.RLock()
        self.inode: tuple[int, int] | None = None
        self.late: LateWrites | None = None
        self._generation: str | None = None
        self._checked = not strict
        with suppress(StoreTimeoutError, *((StoreVersionError,) if lazy else ())):
            within(FIRST_WAIT, self.fetch_one)("SELECT 1")  # a path that cannot be used is an error at the start

    def fetch_one(self, statement: str, values: Sequence[SqlValue] = ()) -> Row | None:
        """Executes one statement and returns the first row, or None."""
        with self.connection() as connection:
            row: Row | None = connection.execute(statement, values).fetchone()
            return row

    def fetch_all(self, statement: str, values: Sequence[SqlValue] = ()) -> list[Row]:
        """Executes one statement and returns all rows."""
        with self.connection() as connection:
            return connection.execute(statement, values).fetchall()

    def _execute_alone(self, statement: str, values: Row) -> None:
        connection = self._acquire()
        try:
            connection.lock_with(statement, values, self.path, self._timeout)
        except BaseException as error:
            connection.undo(self.late)
            self.give_back(connection, error)
            raise
        self.give_back(connection, None)

    def reading(self) -> ConnectionBlock:
        """A transaction of queries that all see the same state of the file."""
        return ConnectionBlock(self, "ROLLBACK")

    def connection(self) -> ConnectionBlock:
        """A connection that only this thread uses within the block; its errors become errors of stores.

        Raises:
            StoreTimeoutError: If the file is locked for too long.
            StoreDamagedError: If the file is damaged.
            StoreLostError: If a strict file was deleted or replaced.
            StoreRecoveredError: If the file was replaced by what could be read of it.
            StoreError: If the file cannot be used.
        """
        return ConnectionBlock(self, "")

    def take_connection(self, end: str, *, late: bool = False) -> StoreConnection:
        """Returns a connection on which the transaction has begun that ends with this statement."""
        if end != "COMMIT" and self.late is not None:
            self.late.try_writing(FIRST_WAIT)
        connection = self._acquire()
        try:
            if end == "COMMIT":
                connection.lock_with("BEGIN IMMEDIATE", (), self.path, self._timeout)
                if late and self.late:
                    self.late.begin(connection)
            else:
                connection.wait_at_most(seconds_left(self._timeout))
                if end:
                    connection.execute("BEGIN")
        except BaseException as error:
            connection.undo(self.late)
            self.give_back(connection, error)
            raise
        return connection

    def _begin_with_late(self) -> ConnectionBlock:
        return ConnectionBlock(self, "COMMIT", late=True)

    def _begin_without_late(self) -> ConnectionBlock:
        return ConnectionBlock(self, "COMMIT")

    def give_back(self, connection: StoreConnection, error: BaseException | None) -> None:
        """Keeps a connection for the next block; after an error of SQLite, closes it and raises the typed error."""
        if error is None:
            self._idle.append(connection)  # nearly always
            return
        if isinstance(error, sqlite3.DatabaseError):
            connection.close()
            raise self._typed_error(error, connection.inode) from error
        if isinstance(error, UnicodeDecodeError):  # a message of SQLite that quotes damaged bytes
            connection.close()
            raise self._damaged_error(error) from error
        self._idle.append(connection)

    def close(self) -> None:
        """Does late writes, and closes idle connections. The file may be used again afterwards."""
        if self.late:
            self.late.try_writing()
        self._close_idle()

    def _close_idle(self) -> None:
        if self._process == os.getpid():
            while self._idle:
                self._idle.pop().close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self._close_idle()

    def _acquire(self) -> StoreConnection:
        if self._process != os.getpid():
            INHERITED.append(self._idle)
            self._idle, self._process, self._opening = deque(), os.getpid(), threading.RLock()
        if self.inode is not None and self.inode != inode_of(self._name):
            self._forget_file()
        try:
            return self._idle.pop()
        except IndexError:
            if not self._opening.acquire(timeout=seconds_left(self._timeout)):
                raise lock_error(self.path) from None
            try:
                return self._open()
            finally:
                self._opening.release()

    def _open(self) -> StoreConnection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if code_of(error) not in DAMAGED or self._strict:
                raise self._typed_error(error) from error
            self._set_aside()
            return self._connect()
        except UnicodeDecodeError as error:
            raise self._damaged_error(error) from error
        except StoreError as error:
            raise type(error)(f"the SQLite file {self.path}: {error}") from error
        except OSError as error:
            raise StoreError(f"the SQLite file {self.path} could not be opened: {error}") from error

    def _connect(self) -> StoreConnection:
        if not self.path.exists():
            create_once(self.path, self._schema if self._is_complete else None)
        elif self._is_complete and is_emptied(self.path):
            if self._strict:
                raise StoreDamagedError(f"it is empty. {self._repair}".rstrip())
            self._set_aside()
        wait = stalled_seconds(seconds_left(self._timeout))
        connection = sqlite3.connect(
            self.path,
            timeout=wait,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64,
            factory=StoreConnection,
        )
        try:
            connection.prepare(self._schema, self._equip, wait)
            self._identify(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def _is_complete(self) -> bool:
        """Whether the file is created with all of its tables, so that one without any has lost them."""
        return self._strict or self._recover is not None

    def _identify(self, connection: StoreConnection) -> None:
        """Checks the file before its first use, and stores its identity, to notice another one in its place."""
        if not self._checked and self.path.stat().st_size <= MOST_CHECKED:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise StoreDamagedError(f"it is damaged ({verdict}). {self._repair}".rstrip())
            if self._check is not None and (wrong := self._check(connection)) is not None:
                raise StoreDamagedError(f"it is damaged ({wrong}). {self._repair}".rstrip())
        self._checked = True
        generation = meta(connection, GENERATION) if isinstance(self._schema, Schema) else None
        if self._strict and self._generation not in (None, generation) and not meta(connection, REPAIRED):
            raise StoreLostError(f"it was replaced by another file while it was in use. {self._repair}".rstrip())
        self._generation = generation
        self.inode = connection.inode = inode_of(self.path)

    def _forget_file(self) -> None:
        """For a file that was deleted or replaced since it was opened."""
        self._close_idle()
        if self._strict:
            if not self.path.exists():
                raise StoreLostError(
                    f"the SQLite file {self.path} was deleted while it was in use, so what it counted is unknown. "
                    f"{self._repair}".rstrip()
                )
            self._checked = False
        else:
            log.warning("%s was deleted or replaced while it was in use; a new one is created", self.path)
        self.inode = None

    def _typed_error(self, error: sqlite3.DatabaseError, inode: tuple[int, int] | None = None) -> StoreError:
        """The typed error for an error of SQLite. A damaged file is set aside, unless it is strict."""
        code = code_of(error)
        if code in LOCKED:
            return lock_error(self.path)
        if code in DAMAGED:
            if self._strict:
                return self._damaged_error(error)
            self._set_aside(inode)
            if self._recover is not None:
                return StoreRecoveredError(f"the SQLite file {self.path} was damaged; what is readable was recovered")
        if CHANGED.search(str(error)):
            if self._recover is not None and is_emptied(self.path):
                self._set_aside(inode)
                return StoreRecoveredError(f"the SQLite file {self.path} was emptied; a new one was created")
            return self._damaged_error(error)
        return StoreError(f"the SQLite file {self.path} could not be used: {error}")

    def _damaged_error(self, error: Exception) -> StoreError:
        """The error for a file that is not as this library wrote it."""
        if self._strict:
            return StoreDamagedError(f"the SQLite file {self.path} is damaged ({error}). {self._repair}".rstrip())
        return StoreDamagedError(
            f"the SQLite file {self.path} could not be used: its tables were changed ({error}). Restore the file, or "
            f"move it away: then a new one is created. {self._repair}".rstrip()
        )

    def _set_aside(self, failed: tuple[int, int] | None = None) -> None:
        """Renames a damaged file and recovers what can be read, unless another process or thread has done so."""
        self._close_idle()
        if (failed is None or failed != inode_of(self.path)) and self._is_intact():
            return
        aside = set_aside(self.path)
        self.inode = None
        lost = "a new one is created" if self._recover is None else self._recover(aside, self.path)
        log.warning("%s is damaged; it was set aside as %s; %s", self.path, aside.name, lost)

    def _is_intact(self) -> bool:
        """Whether nothing is wrong with the file that is there now."""
        if self._is_complete and is_emptied(self.path):
            return False
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(self.path, timeout=self._timeout)) as again:
            return bool(again.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        return False
