"""The interface of cache backends, and their statistics."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from pydantic_core import from_json, to_json

from dhenara.ai.errors import UnsupportedError

if TYPE_CHECKING:
    from ..exceptions import Json

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
            self.hits += hit
            self.misses += not hit

    def record_failure(self) -> None:
        """Counts an operation that failed."""
        with self._lock:
            self.failures += 1

    def record_saving(self, tokens: int, cost: Decimal | None, *, is_hit: bool = False) -> None:
        """Counts what an answer from the cache would have used and cost.

        Args:
            tokens: Its tokens.
            cost: Its cost; None if it is unknown.
            is_hit: Whether to count the hit, too.
        """
        with self._lock:
            self.hits += is_hit
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


class CacheCapabilityError(UnsupportedError, NotImplementedError):
    """The cache backend does not have an optional operation."""


class CacheBackend(ABC):
    """Base class of cache backends. A custom backend needs `get` and `set`; the other methods are optional.

    Keys may begin with a namespace and a colon. Values are JSON; returned values are not shared with other callers.
    `ttl` is in seconds; None keeps a value until it is evicted. Methods may block; `blocking = False` promises that
    they never do, which saves a thread in async programs. A method that fails raises a `StoreError`, or any other
    exception.
    """

    blocking: ClassVar[bool] = True
    """Whether methods may wait for a file or a server. If not, async programs need no thread for them."""

    @abstractmethod
    def get(self, key: str) -> Json | None:
        """Returns a value.

        Args:
            key: The key.

        Returns:
            The value; None if it is missing, expired or damaged.
        """

    @abstractmethod
    def set(self, key: str, value: Json, ttl: float | None = None) -> None:
        """Stores a value.

        Args:
            key: The key.
            value: The value, as JSON.
            ttl: Seconds after which it expires; None uses the default of the cache.
        """

    def delete(self, key: str) -> None:
        """Deletes one value, if it exists.

        Args:
            key: The key.

        Raises:
            CacheCapabilityError: If the cache cannot do so.
        """
        raise CacheCapabilityError(f"{type(self).__name__} cannot delete single values. Override its method delete.")

    def clear(self) -> None:
        """Deletes all entries.

        Raises:
            CacheCapabilityError: If the cache cannot do so.
        """
        raise CacheCapabilityError(f"{type(self).__name__} cannot be cleared. Override its method clear.")

    def clear_namespace(self, namespace: str) -> None:
        """Deletes every key of a namespace.

        Args:
            namespace: The part of the keys before the first colon.

        Raises:
            CacheCapabilityError: If the cache cannot do so.
        """
        raise CacheCapabilityError(f"{type(self).__name__} has no namespaces. Override its method clear_namespace.")

    def purge(self) -> int:
        """Deletes expired entries and returns their number. Backends also do so from time to time."""
        return 0

    def size(self) -> tuple[int | None, int | None]:
        """The number of entries, and the size of their values in bytes if known."""
        return None, None

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        """Returns the keys of valid entries.

        Args:
            namespace: Only keys of this namespace; None returns all.

        Raises:
            CacheCapabilityError: If the cache cannot list its keys.
        """
        raise CacheCapabilityError(f"{type(self).__name__} cannot list its keys. Override its method stored_keys.")

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
        """Releases a claim.

        Args:
            key: The key that was claimed.
            holder: The id of the claim; one of another holder stays.
        """

    def get_text(self, key: str) -> str | None:
        """Returns a value as JSON text, without counting the lookup; layers use it.

        Args:
            key: The key.

        Returns:
            The text; None if the value is missing, expired or damaged.
        """
        value = self.get(key)
        return None if value is None else dumps(value)

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        """Stores a value that is JSON text.

        Args:
            key: The key.
            text: The value as JSON text.
            ttl: Seconds after which it expires; None uses the default of the cache.
        """
        self.set(key, from_json(text), ttl)

    def get_texts(self, keys: Sequence[str]) -> dict[str, str]:
        """Returns several values as JSON text. Override it if each lookup is a round trip.

        Args:
            keys: The keys.

        Returns:
            The texts of those that exist, by key.
        """
        texts = ((key, self.get_text(key)) for key in keys)
        return {key: text for key, text in texts if text is not None}

    def set_texts(self, texts: Mapping[str, str], ttl: float | None = None) -> None:
        """Stores several values that are JSON text.

        Args:
            texts: The texts by key.
            ttl: Seconds after which they expire; None uses the default of the cache.
        """
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
        """The time to live of a value: its own, else the default of the cache.

        Args:
            ttl: Seconds after which the value expires; None uses the default of the cache.
        """
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
