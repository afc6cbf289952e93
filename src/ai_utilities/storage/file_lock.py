"""A lock between processes for short work on a file, for file systems and platforms of every kind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL_INTERVAL = 0.005
"""Seconds between two looks at whether a lock is free."""


@contextmanager
def file_lock(path: Path, *, stale: float) -> Iterator[None]:
    """Holds the lock of a file, which is another file next to it.

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
