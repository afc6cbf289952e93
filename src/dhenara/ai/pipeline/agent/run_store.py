"""Stores of runs: their state after each step, and which tool calls were begun and what they returned."""

from __future__ import annotations

import hashlib
import inspect
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from ...errors import ConfigurationError, RunInUseError, SavedRunError
from ...io.protocol import IO, new_lock
from ...output_files import owner_only
from ...types.chat.run import Run, RunRecord
from ...types.content.parts import ToolCallContent
from ...types.model_base import require_type
from ...types.tools.tool import is_awaitable
from ...wire import json

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

LONGEST_TIMEOUT = 86_400
"""In seconds."""


@dataclass(frozen=True, slots=True)
class ToolClaim:
    """A tool call that was begun earlier.

    Attributes:
        call: Hash of the call: its name, arguments and id.
        result: What it returned, as JSON. None if it was not finished.
    """

    call: str
    result: str | None = None


class RunStore(Protocol):
    """Where runs are kept between processes. Methods may be sync or, in async code, async.

    `SQLiteRunStore` is one. A store of your own must have written what it was given when a method returns. It may have
    a fifth method, `lock(run_id)`, which is called before a run begins or is resumed. It returns an object whose
    `release()` is called when the run ends, or None if the run is in use, which raises `RunInUseError`. Without it, two
    processes that start a run at the same time both send its requests; tools with `once=True` still run once.
    """

    def save(self, run_id: str, saved: bytes) -> Awaitable[None] | None:
        """Keep the state of a run.

        Args:
            run_id: Id of the run.
            saved: Its JSON, as `Run.from_json` reads it.
        """

    def load(self, run_id: str) -> Awaitable[bytes | str | None] | bytes | str | None:
        """Return the last state of a run, or None if there is none.

        Args:
            run_id: Id of the run.
        """

    def claim(self, run_id: str, step: str, call: str) -> Awaitable[ToolClaim | None] | ToolClaim | None:
        """Note that a tool call begins. Return None, or the `ToolClaim` if it was begun before. Of several processes
        that claim the same step at the same time, only one may get None.

        Args:
            run_id: Id of the run.
            step: Name of the step, such as `"tool-2-0"`: the second request, its first tool call.
            call: Hash of the call.
        """

    def complete(self, run_id: str, step: str, result: str) -> Awaitable[None] | None:
        """Keep what a claimed call returned.

        Args:
            run_id: Id of the run.
            step: Name of the step.
            result: The result, as JSON.
        """


@dataclass(frozen=True, slots=True)
class RunLock:
    """A run that this process has locked. The system releases it when the process ends, however it ends.

    A lock is one byte of a file next to the store, in which nothing is written.

    Attributes:
        file: The file of the locks.
        place: Number of the byte, made from the id of the run.
    """

    file: Path
    place: int

    def release(self) -> None:
        """Let others run it."""
        with LOCKS_GUARD:
            descriptor, places = held_locks(self.file)
            if self.place not in places:
                return
            places.discard(self.place)
            if fcntl is not None:
                fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, self.place)
            if not places:
                del LOCKS[os.getpid(), self.file]
                os.close(descriptor)


LOCKS: dict[tuple[int, Path], tuple[int, set[int]]] = {}
"""By process and file: the open file and the places that are locked. A forked child has none of its parent's locks."""

LOCKS_GUARD = new_lock()


def held_locks(file: Path) -> tuple[int, set[int]]:
    """Return the open file and the locked places of this process; open the file if it is not."""
    owner = os.getpid(), file
    if owner not in LOCKS:
        LOCKS[owner] = owner_only(str(file), os.O_CREAT | os.O_RDWR), set()
    return LOCKS[owner]


def lock_run(file: Path, run_id: str) -> RunLock | None:
    """Lock a run, without waiting; return None if another process or thread has locked it.

    Without `fcntl` (Windows), other processes are not seen.
    """
    place = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:4]) >> 1
    with LOCKS_GUARD:
        descriptor, places = held_locks(file)
        if place in places:
            return None
        try:
            if fcntl is not None:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            if not places:
                del LOCKS[os.getpid(), file]
                os.close(descriptor)
            return None
        places.add(place)
    return RunLock(file, place)


TABLES = """
CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, saved BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS claims (
    run TEXT NOT NULL, step TEXT NOT NULL, call TEXT NOT NULL, result TEXT, PRIMARY KEY (run, step)
);
"""


class SQLiteRunStore:
    """Keeps runs in an SQLite file. It may be used by several threads and processes at the same time.

    Each method writes to the disk before it returns. New files can be read by their owner only. A file next to it, with
    `.lock` after its name, holds the locks of runs in use.

    Args:
        path: The file; it is created if it does not exist.
        timeout: How long to wait for another process that writes, in seconds. Default 30.

    Raises:
        ConfigurationError: If an argument has the wrong type, or `timeout` is out of range.
        SavedRunError: If the file cannot be opened or created.
    """

    def __init__(self, path: str | Path, *, timeout: float = 30.0) -> None:
        require_type("SQLiteRunStore", "path", path, (str, PathLike), "the path of a file")
        require_type("SQLiteRunStore", "timeout", timeout, (int, float), "seconds")
        if not 0 <= timeout < LONGEST_TIMEOUT:
            raise ConfigurationError(
                f"SQLiteRunStore: timeout must be from 0 to {LONGEST_TIMEOUT} seconds, not {timeout}"
            )
        self.path = Path(path)
        self._timeout = timeout
        with suppress(OSError):  # which SQLite reports
            os.close(owner_only(str(path), os.O_CREAT | os.O_RDWR))
        with self._open() as database:
            database.executescript(TABLES)

    def save(self, run_id: str, saved: bytes) -> None:
        """Keep the state of a run.

        Args:
            run_id: Id of the run.
            saved: Its JSON.
        """
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO runs (id, saved) VALUES (?, ?)", (run_id, saved))

    def load(self, run_id: str) -> bytes | None:
        """Return the last state of a run, or None if there is none.

        Args:
            run_id: Id of the run.

        Returns:
            Its JSON.
        """
        with self._open() as database:
            row = database.execute("SELECT saved FROM runs WHERE id = ?", (run_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def claim(self, run_id: str, step: str, call: str) -> ToolClaim | None:
        """Note that a tool call begins.

        Args:
            run_id: Id of the run.
            step: Name of the step.
            call: Hash of the call.

        Returns:
            None, or the earlier claim.
        """
        with self._open() as database:
            made = database.execute(
                "INSERT OR IGNORE INTO claims (run, step, call) VALUES (?, ?, ?)", (run_id, step, call)
            )
            if made.rowcount == 1:
                return None
            row = database.execute("SELECT call, result FROM claims WHERE run = ? AND step = ?", (run_id, step))
            return ToolClaim(*row.fetchone())

    def complete(self, run_id: str, step: str, result: str) -> None:
        """Keep what a claimed call returned.

        Args:
            run_id: Id of the run.
            step: Name of the step.
            result: The result, as JSON.
        """
        with self._open() as database:
            database.execute("UPDATE claims SET result = ? WHERE run = ? AND step = ?", (result, run_id, step))

    def lock(self, run_id: str) -> RunLock | None:
        """Lock a run until it ends; a process that ends releases its locks.

        Args:
            run_id: Id of the run.

        Returns:
            The lock, or None if another process or thread has it.

        Raises:
            SavedRunError: If the file of locks cannot be opened or locked.
        """
        path = self.path.resolve()
        try:
            return lock_run(path.with_name(f"{path.name}.lock"), run_id)
        except OSError as error:
            raise SavedRunError(f"the run store {self.path} cannot lock runs: {error.strerror}") from error

    def delete(self, run_id: str) -> None:
        """Forget a run, the runs of its agents, and their tool calls.

        Args:
            run_id: Id of the run.
        """
        inner = (run_id, f"{run_id}/", f"{run_id}0")  # "0" is the character after "/"
        with self._open() as database:
            database.execute("DELETE FROM runs WHERE id = ? OR (id >= ? AND id < ?)", inner)
            database.execute("DELETE FROM claims WHERE run = ? OR (run >= ? AND run < ?)", inner)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction, which is on the disk when it ends."""
        try:
            with closing(sqlite3.connect(self.path, timeout=self._timeout)) as database, database:
                database.execute("PRAGMA synchronous = FULL")
                yield database
        except sqlite3.Error as error:
            raise SavedRunError(f"the run store {self.path} failed: {error}. {store_advice(error)}") from error

    def __repr__(self) -> str:
        return f"SQLiteRunStore({str(self.path)!r})"


ADVICE = {
    sqlite3.SQLITE_BUSY: "another program has locked the file: end it, or wait longer (timeout=)",
    sqlite3.SQLITE_CANTOPEN: "Create its folder, or choose another file",
    sqlite3.SQLITE_CORRUPT: "The file is damaged. Restore it, or use another file",
    sqlite3.SQLITE_ERROR: "The file was deleted or replaced while it was used, or belongs to another program. Restore "
    "it, or make a new SQLiteRunStore",
    sqlite3.SQLITE_FULL: "Make room on the disk",
    sqlite3.SQLITE_NOTADB: "It is no SQLite file. Restore it, or use another file",
}
"""How a fault is fixed, by the code of SQLite."""


def store_advice(error: sqlite3.Error) -> str:
    """Return how a fault of the file is fixed."""
    code = getattr(error, "sqlite_errorcode", None)
    return "Check the file" if code is None else ADVICE.get(code & 0xFF, "Check the file and its disk")


async def call_function(io: IO, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of the user, sync or async; in async code, sync ones run in a thread, because they may block."""
    value = function(*arguments) if is_awaitable(function) else await io.call(function, *arguments)
    return await value if inspect.isawaitable(value) else value


async def lock_saved(io: IO, store: RunStore | None, run_id: str) -> Any:
    """Lock a run in its store, if the store can."""
    lock = getattr(store, "lock", None)
    if lock is None:
        return None
    held = await call_function(io, lock, run_id)
    if held is None:
        raise RunInUseError(
            f"the run {run_id!r} is in use by another process or thread. Wait for its end; then the same call "
            "returns its result, or goes on."
        )
    return held


async def load_saved(io: IO, store: RunStore | None, record: RunRecord) -> Run[Any] | None:
    """Return the run of this record in its store; None if there is none."""
    text = None if store is None else await call_function(io, store.load, record.id)
    if text is None:
        return None
    saved: Run[Any] = Run.from_json(text)
    if saved.record.prompt != record.prompt:
        raise SavedRunError(
            f"the store has a run {record.id!r} that began with other messages. Use another run_id, or resume= the "
            "saved run."
        )
    return saved


def call_digest(call: ToolCallContent) -> str:
    """Return a hash of a call: a claim of another call under the same name is a mistake."""
    return hashlib.sha256(json.dumps([call.name, call.id, dict(sorted(call.arguments.items()))])).hexdigest()
