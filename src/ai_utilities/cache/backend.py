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
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from pydantic_core import from_json, to_json

from dhenara.ai.types import Call, CallWarning

from ..storage.errors import StoreError
from ..storage.store_calls import StoreIO, call_seconds_left, call_store, within

if TYPE_CHECKING:
    from ..value_types import Json

log = logging.getLogger("ai_utilities.cache")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheStats:
    """Statistics of a cache: lookups and savings of this process, and the size of the whole cache.

    Attributes:
        hits: Lookups with a result.
        misses: Lookups without one.
        failures: Operations that failed.
        entries: The number of entries; None if unknown.
        bytes: The size of their values; None if unknown.
        saved_tokens: Tokens of answers from the cache.
        saved_cost: The sum of their known costs.
        unpriced_hits: Hits whose cost is unknown.
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
        """The part of lookups with a result, from 0 to 1; 0 without lookups."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0

    def __getitem__(self, name: str) -> object:
        """The same as the attribute of this name."""
        return getattr(self, name)


class CacheCounters:
    """The counters of one cache in this process, shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.hits = self.misses = self.failures = 0
        self.saved_tokens = self.unpriced_hits = 0
        self.saved_cost = Decimal(0)

    def record_lookup(self, *, hit: bool) -> None:
        """Counts a hit or a miss."""
        with self._lock:
            if hit:
                self.hits += 1
            else:
                self.misses += 1

    def record_failure(self) -> None:
        """Counts an operation that failed."""
        with self._lock:
            self.failures += 1

    def record_saving(self, tokens: int, cost: Decimal | None) -> None:
        """Counts what an answer from the cache would have used and cost; None if its cost is unknown."""
        with self._lock:
            self.saved_tokens += tokens
            if cost is None:
                self.unpriced_hits += 1
            else:
                self.saved_cost += cost

    def stats(self, entries: int | None, size: int | None) -> CacheStats:
        """The counters, together with the number of entries and their size in bytes."""
        with self._lock:
            lookups = (self.hits, self.misses, self.failures)
            savings = (self.saved_tokens, self.saved_cost, self.unpriced_hits)
        return CacheStats(*lookups, entries, size, *savings)


DEFAULT_TTL = 3600.0
"""Seconds after which entries expire if nothing else is said; also the default of `AiSettings.cache_ttl_s`."""


class CacheBackend(ABC):
    """Base class of cache backends. A custom backend needs `get` and `set`; the other methods are optional.

    Keys may begin with a namespace and a colon. Values are JSON; returned values are not shared with other callers.
    `ttl` is in seconds; None keeps a value until it is evicted. Methods may block; `blocking = False` promises that
    they never do, which saves a thread in async programs. A method that fails raises a `StoreError`, or any other
    exception.
    """

    blocking: ClassVar[bool] = True

    @abstractmethod
    def get(self, key: str) -> Json | None:
        """The value; None if it is missing, expired or damaged."""

    @abstractmethod
    def set(self, key: str, value: Json, ttl: float | None = None) -> None:
        """Stores a value."""

    def delete(self, key: str) -> None:
        """Deletes one value."""
        raise NotImplementedError(f"{type(self).__name__} cannot delete single values")

    def clear(self) -> None:
        """Deletes all entries."""
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
        raise NotImplementedError(f"{type(self).__name__} cannot list its keys")

    def claim(self, key: str, holder: str, seconds: float) -> bool:
        """Claims a key, so that only one process computes its value.

        Args:
            key: The key.
            holder: The id of the claim.
            seconds: Seconds after which it expires.

        Returns:
            False if another holder has claimed the key. A cache of one process always returns True.
        """
        return True

    def release(self, key: str, holder: str) -> None:  # noqa: B027  # a cache of one process has no claims
        """Releases a claim of this holder."""

    def get_text(self, key: str) -> str | None:
        """The value as JSON text, without counting the lookup; layers use it."""
        value = self.get(key)
        return None if value is None else dumps(value)

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        """Stores a value that is JSON text."""
        self.set(key, from_json(text), ttl)

    def get_texts(self, keys: Sequence[str]) -> dict[str, str]:
        """The values of those keys that exist, as JSON text. Override it if each lookup is a round trip."""
        texts = ((key, self.get_text(key)) for key in keys)
        return {key: text for key, text in texts if text is not None}

    def set_texts(self, texts: Mapping[str, str], ttl: float | None = None) -> None:
        """Stores several values that are JSON text."""
        for key, text in texts.items():
            self.set_text(key, text, ttl)

    def stats(self) -> CacheStats:
        """The statistics of the cache."""
        return self.counters.stats(*self.size())

    @cached_property
    def counters(self) -> CacheCounters:
        """The counters of this process."""
        return CacheCounters()

    def close(self) -> None:  # noqa: B027  # most custom caches have nothing to close
        """Closes files and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TextBackend(CacheBackend):
    """Base class of caches that store JSON text.

    Args:
        default_ttl: Seconds after which an entry expires, 3600 by default; None keeps it until it is evicted.
    """

    def __init__(self, default_ttl: float | None = DEFAULT_TTL) -> None:
        self.default_ttl = default_ttl

    @abstractmethod
    def get_text(self, key: str) -> str | None: ...

    @abstractmethod
    def set_text(self, key: str, text: str, ttl: float | None = None) -> None: ...

    def get(self, key: str) -> Json | None:
        text = self.get_text(key)
        value = None if text is None else parse_json(text)
        self.counters.record_lookup(hit=value is not None)
        return value

    def set(self, key: str, value: Json, ttl: float | None = None) -> None:
        self.set_text(key, dumps(value), ttl)

    def effective_ttl(self, ttl: float | None) -> float | None:
        """The time to live of a value: its own, else the default of the cache."""
        return self.default_ttl if ttl is None else ttl


def parse_json(text: str) -> Json | None:
    """The value; None if the text is damaged, so that it is computed and stored again."""
    try:
        return from_json(text)
    except ValueError:
        return None


def dumps(value: Json) -> str:
    """A value as JSON text."""
    return to_json(value).decode()


def namespace_of(key: str) -> str:
    """The part before the first colon; empty without a colon."""
    before, colon, _ = key.partition(":")
    return before if colon else ""


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
