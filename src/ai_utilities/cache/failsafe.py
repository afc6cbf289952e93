"""Calls a cache backend so that its failures never fail a call of a model."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from dhenara.ai.types import Call, CallWarning

from ..storage.errors import StoreError
from ..storage.store_calls import StoreIO, call_seconds_left, call_store, within
from .backend import CacheBackend

log = logging.getLogger("ai_utilities.cache")
T = TypeVar("T")
SKIP_SECONDS, LONGEST_SKIP = 1.0, 30.0
"""Seconds for which a failed cache is skipped: doubled each time that it fails again, up to the longest."""

TIMEOUT = 0.6
"""Seconds for which one operation may wait for a lock or a server."""

SHARE = 0.1
"""Maximum part of the call's remaining time that one cache operation may take."""


class FailsafeBackend:
    """Calls one backend. Its failures never fail a call: it is skipped with a warning, and tried again later.

    Args:
        backend: The backend.
        skip_seconds: Seconds for which it is skipped after the first failure.
    """

    def __init__(self, backend: CacheBackend, skip_seconds: float = SKIP_SECONDS) -> None:
        self._backend = backend
        self._skip_seconds = skip_seconds
        self._until = 0.0
        self._failures = 0
        self._reason = ""
        self._lock = threading.Lock()

    async def call(self, io: StoreIO, call: Call, otherwise: T, function: Callable[..., T], *args: object) -> T:
        """Calls a method of the backend, in a thread if it blocks.

        Args:
            io: The IO of the call.
            call: The call, which gets a warning if the backend fails.
            otherwise: The result if the backend fails.
            function: The method.
            *args: Its arguments.

        Returns:
            The result of the method, or `otherwise`.
        """
        seconds = allowance(call_seconds_left(io, call))
        failed = self._is_skipped()
        result = otherwise
        if not failed:
            result, failed = await call_store(io, self._backend, self._attempt, otherwise, seconds, function, *args)
        if failed:
            warn(call, self._reason)
        return result

    def call_sync(self, otherwise: T, function: Callable[..., T], *args: object) -> T:
        """Like `call`, for work that no call waits for, such as storing an answer."""
        return otherwise if self._is_skipped() else self._attempt(otherwise, TIMEOUT, function, *args)[0]

    def _is_skipped(self) -> bool:
        return bool(self._failures) and time.monotonic() < self._until

    def _attempt(self, otherwise: T, seconds: float, function: Callable[..., T], *args: object) -> tuple[T, bool]:
        """The result, and whether the backend failed."""
        try:
            result = within(seconds, function)(*args)
        except Exception as error:  # noqa: BLE001  # users' backends may raise anything, and no answer is lost for it
            self._failed(error)
            return otherwise, True
        if self._failures:
            self._recovered()
        return result, False

    def _failed(self, error: Exception) -> None:
        self._backend.counters.record_failure()
        kind = type(self._backend).__name__
        with self._lock:
            longer = min(self._skip_seconds * 2 ** min(self._failures, 10), LONGEST_SKIP)
            self._until = time.monotonic() + max(self._skip_seconds, longer)
            self._failures += 1
            first = self._failures == 1
            # Exceptions of backends may quote secrets.
            text = f"{type(error).__name__}: {error}" if isinstance(error, StoreError) else type(error).__name__
            self._reason = f"the cache ({kind}) was not used: {text}"
        if first:
            log.warning("the cache %s fails and calls go on without it: %s: %s", kind, type(error).__name__, error)

    def _recovered(self) -> None:
        with self._lock:
            self._failures = 0
        log.warning("the cache %s works again", type(self._backend).__name__)


def allowance(left: float | None) -> float:
    """The seconds that an operation may take for a call that has so many left."""
    return TIMEOUT if left is None else max(0.0, min(TIMEOUT, left * SHARE))


def warn(call: Call, reason: str) -> None:
    """Adds one warning to the call. The request does not depend on the cache, so strict calls continue."""
    if all(note.code != "cache_unavailable" for note in call.journal.notes):
        call.journal.notes += (CallWarning(code="cache_unavailable", message=reason),)
