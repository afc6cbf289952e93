"""A cache that fails never fails a call: it is left alone for a moment, and tried again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ..storage.running import World, asked
from .backend import CacheBackend

log = logging.getLogger("ai_utilities.cache")
REST = 1.0
"""Seconds in which a cache that failed is not asked again, so that no call waits for it in vain."""


class Patient:
    """Asks one backend. Says once when it fails, and once when it is back."""

    def __init__(self, backend: CacheBackend, rest: float = REST) -> None:
        self._backend = backend
        self._rest = rest
        self._until = 0.0
        self._down = False
        self._lock = threading.Lock()

    async def asked(self, io: World, otherwise: Any, function: Callable[..., Any], *args: Any) -> Any:
        """What the backend says, off the event loop if it waits; `otherwise` where it fails or rests."""
        if self._down and time.monotonic() < self._until:
            return otherwise
        return await asked(io, self._backend, self.tried, otherwise, function, *args)

    def tried(self, otherwise: Any, function: Callable[..., Any], *args: Any) -> Any:
        if self._down and time.monotonic() < self._until:
            return otherwise
        try:
            found = function(*args)
        except Exception as error:  # noqa: BLE001  # users' backends may raise anything, and no answer is lost for it
            self._failed(error)
            return otherwise
        if self._down:
            self._recovered()
        return found

    def _failed(self, error: Exception) -> None:
        self._backend.counts.failed()
        with self._lock:
            first, self._down = not self._down, True
            self._until = time.monotonic() + self._rest
        if first:
            log.warning(
                "the cache %s fails and calls go on without it: %s: %s",
                type(self._backend).__name__,
                type(error).__name__,
                error,
            )

    def _recovered(self) -> None:
        with self._lock:
            self._down = False
        log.warning("the cache %s works again", type(self._backend).__name__)
