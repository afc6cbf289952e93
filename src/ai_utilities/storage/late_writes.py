"""Late writes: what becomes known after an answer is written into its file together with that of other answers.

A store leaves an entry here only if others see more than what was used until it is written: the request as running, or
the most that it can cost. Entries are written by the settlement that finds `MOST` of them, by whoever reads the file in
this process, by a thread after `LATEST` seconds, by `close`, and when the process ends. A process that is killed leaves
those of the last moment, as if their requests were still running.
"""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Protocol

from dhenara.ai.integration import number_of

from .sqlite_files import Row
from .store_io import AFTERWARDS, within

log = logging.getLogger("ai_utilities.storage")
MOST = 256
"""Entries of one file that wait; the next one is written at once, and they with it."""

LATEST = 0.1
"""Seconds after which entries are written, whatever happens."""

RETRY_AFTER = 1.0
"""Seconds after which entries that could not be written are tried again."""

IDLE_ROUNDS = 20
"""Rounds without entries after which the thread ends."""

WriteEntries = Callable[[sqlite3.Connection, Sequence[Row]], None]
"""Writes entries of a store, within a transaction."""


class LateFile(Protocol):
    """The parts of a SQLite file that late writes use."""

    late: LateWrites | None
    inode: tuple[int, int] | None

    def transaction(self) -> AbstractContextManager[object]: ...


class LateWrites:
    """The entries of one file that wait. Whoever writes them holds the lock of the file.

    Args:
        file: The file, whose transactions write what waits.
        write: Writes entries.
    """

    def __init__(self, file: LateFile, write: WriteEntries) -> None:
        self._file = file
        file.late = self
        self._write = write
        self._entries: deque[Row] = deque()
        self._begun: dict[sqlite3.Connection, list[Row]] = {}
        self._failed = False

    def __bool__(self) -> bool:
        """Whether entries wait, or are being written."""
        return bool(self._entries or self._begun)

    def add(self, entry: Row) -> bool:
        """Leaves an entry.

        Args:
            entry: The entry.

        Returns:
            Whether it will be written; False if its store has to write it now.
        """
        if self._failed or len(self._entries) >= MOST:
            return False
        self._entries.append(entry)
        if WRITER.watch(self._file):
            return True
        with suppress(ValueError):  # another thread has written it
            self._entries.remove(entry)
            return False
        return True

    def begin(self, connection: sqlite3.Connection) -> None:
        """Writes all entries within a transaction that has begun. `end` has to follow.

        Args:
            connection: The connection that has the lock of the file.
        """
        entries = self._begun[connection] = []
        while self._entries:
            entries.append(self._entries.popleft())
        if entries:
            self._write(connection, entries)

    def end(self, connection: sqlite3.Connection, *, written: bool) -> None:
        """Ends a transaction. Entries that were not written wait again; to be called before the lock is released.

        Args:
            connection: The connection.
            written: Whether the transaction was committed.
        """
        entries = self._begun.get(connection)
        if entries is None:
            return
        if not written:
            self._entries.extendleft(reversed(entries))
        self._failed = not written
        del self._begun[connection]

    def write(self) -> bool:
        """Writes what waits for the file, also if it waits for another object with it. Returns whether anything did.

        Raises:
            StoreError: If it cannot be written.
        """
        waiting = [file for file in WRITER.files() if file.late and (file is self._file or self._is_same(file))]
        for file in waiting:
            with file.transaction():
                pass
        return bool(waiting)

    def _is_same(self, file: LateFile) -> bool:
        return file.inode is not None and file.inode == self._file.inode

    def try_writing(self, seconds: float = AFTERWARDS) -> bool:
        """Writes what waits; logs the first error of several. Returns whether nothing waits any more.

        Args:
            seconds: How long to wait for the file at most.
        """
        if not WRITER.files():
            return True
        known = self._failed
        try:
            within(seconds, self.write)()
        except Exception as error:  # noqa: BLE001  # the thread goes on, and an answer is not lost for it
            self._failed = True
            if not known:
                log.warning("%s will be settled later: %s", number_of(len(self._entries), "answer"), error)
        return not self

    def forget(self) -> None:
        """Drops all entries, which belong to a parent process."""
        self._entries, self._begun, self._failed = deque(), {}, False

    def __len__(self) -> int:
        return len(self._entries)


def is_ending() -> bool:
    """Whether the interpreter ends, so that `atexit` may call nothing any more that is registered now."""
    return not threading.main_thread().is_alive()


def is_worker() -> bool:
    """Whether this is a process of `multiprocessing`: forked ones end without `atexit`, and pools kill theirs."""
    module = sys.modules.get("multiprocessing")
    return module is not None and module.parent_process() is not None


class LateWriter:
    """The thread that writes entries which nobody else has written in time. It runs while there are any."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._files: dict[LateFile, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._over = False
        self._end = threading.Event()

    def watch(self, file: LateFile) -> bool:
        """Writes what waits for a file in time.

        Args:
            file: A file in which an entry has been left.

        Returns:
            Whether that is possible; False at the end of the process, and in a process of `multiprocessing`.
        """
        with self._lock:
            if self._over:
                return False
            if file in self._files:
                return True  # nearly always
            if is_ending() or is_worker():
                return False
            self._files[file] = time.monotonic() + LATEST
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="ai_utilities late writes", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the interpreter ends, or the system has no more threads
                    del self._files[file]
                    return False
                self._thread = thread
        return True

    def files(self) -> list[LateFile]:
        """The files that may have entries."""
        return list(self._files)

    def end(self) -> None:
        """Writes everything for the last time. From now on, nothing waits."""
        with self._lock:
            self._over, thread = True, self._thread
        self._end.set()
        if thread is not None:
            thread.join(AFTERWARDS)
        for file in self.files():
            if file.late is not None and not file.late.try_writing():
                log.error("%s could not be settled before the process ended", number_of(len(file.late), "answer"))

    def forget(self) -> None:
        """Drops everything in a forked child, in which the thread does not run."""
        for file in self.files():
            if file.late is not None:
                file.late.forget()
        self._reset()  # with locks of its own: a thread of the parent may hold the others

    def _run(self) -> None:
        idle = 0
        while not self._end.wait(LATEST / 2):
            idle = 0 if self._files else idle + 1
            if idle > IDLE_ROUNDS and self._has_stopped():
                return
            for file, due in list(self._files.items()):
                if due <= time.monotonic():
                    self._write(file)

    def _has_stopped(self) -> bool:
        """Ends the thread, unless entries were left meanwhile."""
        with self._lock:
            if not self._files:
                self._thread = None
            return self._thread is None

    def _write(self, file: LateFile) -> None:
        written = file.late is None or file.late.try_writing()
        with self._lock:
            if file.late:  # also if an entry was left meanwhile
                self._files[file] = time.monotonic() + (LATEST if written else RETRY_AFTER)
            else:
                del self._files[file]


WRITER = LateWriter()
atexit.register(WRITER.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WRITER.forget)
