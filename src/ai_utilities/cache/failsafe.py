"""Cache failures never fail a call: the cache is skipped with a warning, and tried again later."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from dhenara.ai.types import Call, CallWarning

from ..storage.errors import StoreError
from ..storage.store_calls import StoreIO, call_store, within
from .backend import CacheBackend

log = logging.getLogger("ai_utilities.cache")
REST = 1.0
"""Seconds for which a failed cache is skipped; doubled each time it fails again."""

LONGEST_REST = 30.0
TIMEOUT = 0.6
"""Seconds for which one operation may wait for a lock or a server: an answer is seldom worth more."""

SHARE = 0.1
"""Maximum part of the call's remaining time that one cache operation may take."""


class FailsafeBackend:
    """Calls one backend. Logs once when it fails and once when it works again."""

    def __init__(self, backend: CacheBackend, rest: float = REST) -> None:
        self._backend = backend
        self._rest = rest
        self._until = 0.0
        self._failures = 0
        self._reason = ""
        self._lock = threading.Lock()

    async def call(self, io: StoreIO, call: Call, otherwise: Any, function: Callable[..., Any], *args: Any) -> Any:
        """The backend's result, in a thread if it blocks; `otherwise`, with a warning, if it fails."""
        seconds = allowance(None if call.deadline is None else call.deadline - io.monotonic())
        failed = self._resting()
        match = otherwise
        if not failed:
            match, failed = await call_store(io, self._backend, self._attempt, otherwise, seconds, function, *args)
        if failed:
            warn(call, self._reason)
        return match

    def call_sync(self, otherwise: Any, function: Callable[..., Any], *args: Any) -> Any:
        """The same for what nobody waits for, such as writing an answer down."""
        return otherwise if self._resting() else self._attempt(otherwise, TIMEOUT, function, *args)[0]

    def _resting(self) -> bool:
        return bool(self._failures) and time.monotonic() < self._until

    def _attempt(self, otherwise: Any, seconds: float, function: Callable[..., Any], *args: Any) -> tuple[Any, bool]:
        """What came of it, and whether it failed."""
        try:
            match = within(seconds, function)(*args)
        except Exception as error:  # noqa: BLE001  # users' backends may raise anything, and no answer is lost for it
            self._failed(error)
            return otherwise, True
        if self._failures:
            self._recovered()
        return match, False

    def _failed(self, error: Exception) -> None:
        self._backend.counters.record_failure()
        kind = type(self._backend).__name__
        with self._lock:
            longer = min(self._rest * 2 ** min(self._failures, 10), LONGEST_REST)
            self._until = time.monotonic() + max(self._rest, longer)
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
    """How many seconds an operation may take for a call that has so many left."""
    return TIMEOUT if left is None else max(0.0, min(TIMEOUT, left * SHARE))


def warn(call: Call, reason: str) -> None:
    """One warning per call. The request is complete without the cache, so strict calls continue."""
    if all(note.code != "cache_unavailable" for note in call.journal.notes):
        call.journal.notes += (CallWarning(code="cache_unavailable", message=reason),)
