"""Processes of a machine: whether one still runs, a clock that all share, and locks between them."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from pydantic_core import from_json, to_json

from .store_calls import StoreDamagedError

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
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
