"""Store operations of a call, off the event loop and within its time limit; processes, their clock and their locks."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from pydantic_core import from_json, to_json

from dhenara.ai.types import Call

from ..exceptions import (
    StoreDamagedError as StoreDamagedError,
    StoreError as StoreError,
    StoreEvictsError as StoreEvictsError,
    StoreFullError as StoreFullError,
    StoreLostError as StoreLostError,
    StoreRecoveredError as StoreRecoveredError,
    StoreTimeoutError as StoreTimeoutError,
    StoreVersionError as StoreVersionError,
)

if TYPE_CHECKING:
    import sqlite3

P = ParamSpec("P")
T = TypeVar("T")


class WakeupEvent(Protocol):
    """An event that one call waits for, in sync or async code, and that any thread may set."""

    def set(self) -> None: ...

    async def wait(self, seconds: float) -> None: ...


class StoreIO(Protocol):
    """The part of the engine's IO protocol that layers with stores need."""

    async def sleep(self, seconds: float) -> None: ...

    def wakeup_event(self) -> WakeupEvent: ...

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...

    def monotonic(self) -> float: ...

    def time(self) -> float: ...


AFTERWARDS = 1.0
"""Minimum seconds for a store after an answer, also if the deadline of the call has passed."""


def call_seconds_left(io: StoreIO, call: Call) -> float | None:
    """The seconds until the deadline of a call; None without a deadline."""
    return None if call.deadline is None else max(0.0, call.deadline - io.monotonic())


async def call_store(io: StoreIO, store: object, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls a function that uses a store, in a thread if async code would have to wait for it.

    Args:
        io: The IO of the call.
        store: The store; with `blocking = False` it never waits, and the function is called directly.
        function: The function.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Returns:
        The result of the function.
    """
    if not getattr(store, "blocking", True):
        return function(*args, **kwargs)
    return await io.call(function, *args, **kwargs)


async def call_store_shielded(
    io: StoreIO, store: object, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Like `call_store`, for what must not be lost: completed in place if the call is being cancelled.

    Raises:
        BaseException: What the function raised, or the cancellation.
    """
    begun = False

    def work() -> None:
        nonlocal begun
        begun = True
        function(*args, **kwargs)

    try:
        await call_store(io, store, work)
    except BaseException as error:
        if begun:
            raise
        work()
        if not isinstance(error, RuntimeError):
            raise  # a cancelled call stays cancelled; a RuntimeError says only that the event loop has ended


StoreWait = tuple[float, float | None]
"""Until when stores may wait, and how many seconds for a lock whose holder writes nothing."""

_wait: ContextVar[StoreWait] = ContextVar("ai_utilities.store_wait", default=(math.inf, None))


def within(seconds: float | None, function: Callable[P, T], *, stalled: float | None = None) -> Callable[P, T]:
    """Limits how long the stores that a function uses may wait.

    Args:
        seconds: Seconds in all; None leaves each store its own limit.
        function: The function.
        stalled: Seconds to wait for the lock of a file that is not written meanwhile; None waits as long as
            for others.

    Returns:
        The same function with these limits, and with those of the caller.
    """
    if seconds is None and stalled is None:
        return function
    until = math.inf if seconds is None else time.monotonic() + max(0.0, seconds)

    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        outer = _wait.get()
        token = _wait.set((min(until, outer[0]), outer[1] if stalled is None else stalled))
        try:
            return function(*args, **kwargs)
        finally:
            _wait.reset(token)

    return limited


def seconds_left(most: float) -> float:
    """The seconds that a store may wait now: `most`, or what is left of the limit set by `within`."""
    until = _wait.get()[0]
    return most if until == math.inf else max(0.0, min(most, until - time.monotonic()))


def stalled_seconds(most: float) -> float:
    """The seconds to wait for a lock whose holder writes nothing: `most`, or the `stalled` of `within`."""
    stalled = _wait.get()[1]
    return most if stalled is None else min(most, stalled)


FileStep = Callable[["sqlite3.Connection"], T]
"""Something that is done within a transaction of a SQLite file."""


class SharedWrite(Protocol):
    """A transaction of an outer layer that waits, so that an inner layer with the same file can do its part in it."""

    @property
    def shared_file(self) -> Path | None:
        """The file; None if nothing waits to be written."""

    async def write_with(self, step: FileStep[T]) -> T:
        """Does both in one transaction: neither is done if one of them fails."""
        ...


_shared: ContextVar[tuple[object, SharedWrite] | None] = ContextVar("ai_utilities.shared_write", default=None)


async def send_sharing(call: Call, write: SharedWrite, send: Callable[[Call], Awaitable[T]]) -> T:
    """Sends a call whose inner layers may use a transaction that waits."""
    token = _shared.set((call.journal, write))
    try:
        return await send(call)
    finally:
        _shared.reset(token)


def shared_write(call: Call, path: Path) -> SharedWrite | None:
    """The transaction of this file that waits for the call; None if none does."""
    shared = _shared.get()
    if shared is None or shared[0] is not call.journal:
        return None
    file = shared[1].shared_file
    return shared[1] if file is path or file == path else None


def random_id() -> str:
    """A random id of 32 digits."""
    return os.urandom(16).hex()


PROC = Path("/proc")


@dataclass(frozen=True)
class Owner:
    """Identity of a process, which is never that of another one.

    Attributes:
        host: The name of its machine, with the pid namespace of a container.
        boot: The id of the machine's boot; empty where the system has none.
        pid: Its process id.
        started: When it started, in ticks since the boot; empty where the system does not tell.
    """

    host: str
    boot: str
    pid: int
    started: str

    def to_text(self) -> str:
        """The form in which stores keep it."""
        return self._text

    @cached_property
    def _text(self) -> str:
        return to_json([self.host, self.boot, self.pid, self.started]).decode()

    @classmethod
    def from_text(cls, text: str) -> Owner:
        """Reads the stored form.

        Raises:
            StoreDamagedError: If it is damaged.
        """
        try:
            host, boot, pid, started = from_json(text)
        except (ValueError, TypeError) as error:
            raise StoreDamagedError(f"the owner of a request is damaged ({error}).") from error
        return cls(host, boot, pid, started)

    def has_ended(self) -> bool | None:
        """Whether this process has ended; None where that cannot be known, as on another machine."""
        current = this_process()
        if self.host != current.host:
            return None
        if self.boot != current.boot:
            return True
        if PROC.joinpath("self").exists():
            return start_time_of(self.pid) != self.started
        return ended_by_pid(self.pid)


def this_process() -> Owner:
    """The identity of the current process, also after a fork."""
    return owner_of(os.getpid())


@lru_cache(maxsize=2)
def owner_of(pid: int) -> Owner:
    return Owner(f"{socket.gethostname()}{pid_namespace()}", boot_id(), pid, start_time_of(pid))


def pid_namespace() -> str:
    """The pid namespace of a container; empty if the system does not tell."""
    try:
        return "/" + os.readlink(PROC / "self/ns/pid")
    except OSError:
        return ""


def start_time_of(pid: int) -> str:
    """When the process started, in ticks since the boot; empty if it has ended or the system does not tell."""
    fields = read_file(PROC / str(pid) / "stat").rpartition(")")[2].split()
    # The state is the first field after the name, the start time the twentieth (proc(5)). Z: ended, not yet collected.
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else ""


def ended_by_pid(pid: int) -> bool | None:
    """Whether it has ended, by its pid alone. On Windows, `os.kill` would end the process."""
    if os.name != "posix":
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def read_file(path: Path) -> str:
    """The text of a file of the system; empty if it cannot be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


# time.monotonic stands still while a machine sleeps on Linux; this one does not.
BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def seconds_since_boot() -> float:
    """Seconds since the boot of this machine."""
    return time.monotonic() if BOOT_CLOCK is None else time.clock_gettime(BOOT_CLOCK)


@cache
def boot_id() -> str:
    """The id of this boot of the machine; empty where the system has none."""
    return read_file(PROC / "sys/kernel/random/boot_id")


POLL_INTERVAL = 0.005
"""Seconds between two looks at whether a lock is free."""


@contextmanager
def file_lock(path: Path, *, stale: float) -> Iterator[None]:
    """Holds the lock of a file, which is another file next to it: works on every file system and platform.

    Args:
        path: The file.
        stale: Seconds after which the holder of a lock is taken for dead. The work must take far less.

    Raises:
        OSError: If the folder cannot be written.
    """
    lock = path.with_name(f".{path.name}.lock")
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            break
        except FileExistsError:
            with suppress(FileNotFoundError):
                if time.time() - lock.stat().st_mtime > stale:
                    lock.unlink()
            time.sleep(POLL_INTERVAL)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
