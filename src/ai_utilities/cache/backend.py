"""The interface of cache backends, their statistics, and the wrapper that lets no failing backend fail a call."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from types import TracebackType
from typing import Any, ClassVar, Self

from pydantic_core import from_json, to_json

from dhenara.ai.types import Call, CallWarning

from ..storage.errors import StoreError
from ..storage.store_calls import StoreIO, call_store, within


@dataclass(frozen=True, slots=True)
class CacheStats:
    """Hits and savings are those of this process; entries and bytes are the whole cache's, None where unknown.

    `saved_cost` is a sum of what is known; `unpriced_hits` are hits whose price is not known.
    """

    hits: int = 0
    misses: int = 0
    failures: int = 0
    entries: int | None = None
    bytes: int | None = None
    saved_tokens: int = 0
    saved_cost: Decimal = Decimal(0)
    unpriced_hits: int = 0

    @property
    def hit_ratio(self) -> float:
        """From 0 to 1; 0 when nothing was looked for."""
        looked = self.hits + self.misses
        return self.hits / looked if looked else 0.0

    def __getitem__(self, name: str) -> object:
        """`stats["hits"]` reads as well as `stats.hits`."""
        return getattr(self, name)


class CacheCounters:
    """Counts what happens to one cache in one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.hits = self.misses = self.failures = 0
        self.saved_tokens = self.unpriced_hits = 0
        self.saved_cost = Decimal(0)

    def record_lookup(self, *, match: bool) -> None:
        with self._lock:
            if match:
                self.hits += 1
            else:
                self.misses += 1

    def record_failure(self) -> None:
        with self._lock:
            self.failures += 1

    def record_saving(self, tokens: int, cost: Decimal | None) -> None:
        with self._lock:
            self.saved_tokens += tokens
            if cost is None:
                self.unpriced_hits += 1
            else:
                self.saved_cost += cost

    def stats(self, entries: int | None, size: int | None) -> CacheStats:
        with self._lock:
            return CacheStats(
                self.hits,
                self.misses,
                self.failures,
                entries,
                size,
                self.saved_tokens,
                self.saved_cost,
                self.unpriced_hits,
            )


class CacheBackend(ABC):
    """Base class of cache backends.

    Keys may begin with a namespace and a colon. Values are JSON; returned values are not shared with other callers.
    `ttl`
    is in seconds; None keeps a value until it is evicted. Methods may block; `waits = False` promises that they
    never do,
    which saves a thread in async programs.
    """

    blocking: ClassVar[bool] = True

    @abstractmethod
    def get(self, key: str) -> Any | None:
        """The value; None if missing or expired."""

    @abstractmethod
    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Stores a value."""

    def delete(self, key: str) -> None:
        """Deletes one value."""
        raise NotImplementedError(f"{type(self).__name__} cannot delete single values")

    def clear(self) -> None:
        """Forgets everything."""
        raise NotImplementedError(f"{type(self).__name__} cannot be cleared")

    def clear_namespace(self, namespace: str) -> None:
        """Deletes every key of this namespace."""
        raise NotImplementedError(f"{type(self).__name__} has no namespaces")

    def purge(self) -> int:
        """Deletes expired entries and returns their number. Backends also do so from time to time."""
        return 0

    def size(self) -> tuple[int | None, int | None]:
        """The number of entries, and the size of their values in bytes if known."""
        return None, None

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        """The keys of valid entries, optionally of one namespace."""
        raise NotImplementedError(f"{type(self).__name__} cannot say what is in it")

    def claim(self, key: str, holder: str, seconds: float) -> bool:
        """Claims the key, so that only one holder computes the value. A cache that is not shared always agrees."""
        return True

    def release(self, key: str, holder: str) -> None:  # noqa: B027  # what is not shared has nothing to release
        """Releases the claim."""

    def get_text(self, key: str) -> str | None:
        """The value as JSON text, without counting the access; used by layers."""
        value = self.get(key)
        return None if value is None else dumps(value)

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        self.set(key, from_json(text), ttl)

    def get_texts(self, keys: Sequence[str]) -> dict[str, str]:
        """The values that exist. Override it if each lookup is a round trip."""
        match = ((key, self.get_text(key)) for key in keys)
        return {key: text for key, text in match if text is not None}

    def set_texts(self, texts: Mapping[str, str], ttl: float | None = None) -> None:
        for key, text in texts.items():
            self.set_text(key, text, ttl)

    def stats(self) -> CacheStats:
        return self.counters.stats(*self.size())

    @cached_property
    def counters(self) -> CacheCounters:
        return CacheCounters()

    def close(self) -> None:  # noqa: B027  # most caches of one's own hold nothing open
        """Closes files and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TextBackend(CacheBackend):
    """Base class of caches that store JSON text."""

    def __init__(self, default_ttl: float | None = None) -> None:
        self.default_ttl = default_ttl

    @abstractmethod
    def get_text(self, key: str) -> str | None: ...

    @abstractmethod
    def set_text(self, key: str, text: str, ttl: float | None = None) -> None: ...

    def get(self, key: str) -> Any | None:
        text = self.get_text(key)
        value = None if text is None else parse_json(text)
        self.counters.record_lookup(match=value is not None)
        return value

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        self.set_text(key, dumps(value), ttl)

    def effective_ttl(self, ttl: float | None) -> float | None:
        """The ttl of a value: its own, else the default of the cache."""
        return self.default_ttl if ttl is None else ttl


def parse_json(text: str) -> Any | None:
    """The value; None if the text is damaged, so that it is computed and stored again."""
    try:
        return from_json(text)
    except ValueError:
        return None


def dumps(value: Any) -> str:
    return to_json(value).decode()


def namespace_of(key: str) -> str:
    """The part before the first colon; empty without a colon."""
    before, colon, _ = key.partition(":")
    return before if colon else ""


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
