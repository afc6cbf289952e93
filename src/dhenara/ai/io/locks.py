"""Locks for state that threads and event loops share. They are held for a moment, and never across an await."""

from __future__ import annotations

from contextlib import AbstractContextManager
from threading import Lock


def new_lock() -> AbstractContextManager[bool]:
    """Return a new lock, for `with`."""
    return Lock()
