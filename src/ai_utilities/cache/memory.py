"""A cache in memory with least recently used eviction, and a cache that stores nothing."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

from .backend import DEFAULT_TTL, CacheBackend, TextBackend, namespace_of

if TYPE_CHECKING:
    from ..value_types import Json

Entry = tuple[str, float | None, int]
"""The text, when it expires, and its size in bytes."""

PURGE_EVERY = 256
"""Writes between two removals of expired entries."""


class MemoryCache(TextBackend):
    """A cache in memory, shared by the threads and event loops of one process.

    Args:
        max_entries: Maximum number of entries; beyond it, the least recently used are removed.
        default_ttl: Seconds after which an entry expires, 3600 by default; None keeps it until it is evicted.
        max_bytes: Maximum size of all values; None is no limit.
        clock: The time in seconds, from any start.
    """

    blocking: ClassVar[bool] = False

    def __init__(
        self,
        max_entries: int = 1000,
        default_ttl: float | None = DEFAULT_TTL,
        *,
        max_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(default_ttl)
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._bytes = 0
        self._writes = 0
        self._lock = threading.Lock()

    def get_text(self, key: str) -> str | None:
        with self._lock:
            text, until, _ = self._entries.get(key, (None, 0.0, 0))
            if text is not None and (until is None or until > self._clock()):
                self._entries.move_to_end(key)
                return text
            self._drop(key)
        return None

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        lifetime, size = self.effective_ttl(ttl), len(text.encode("utf-8", "surrogatepass"))
        with self._lock:
            self._drop(key)
            self._entries[key] = (text, None if lifetime is None else self._clock() + lifetime, size)
            self._bytes += size
            self._writes += 1
            if self._writes % PURGE_EVERY == 0:
                self._purge()
            while self._entries and self._is_full():
                self._drop(next(iter(self._entries)))

    def delete(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def clear_namespace(self, namespace: str) -> None:
        with self._lock:
            for key in [key for key in self._entries if namespace_of(key) == namespace]:
                self._drop(key)

    def purge(self) -> int:
        with self._lock:
            return self._purge()

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        with self._lock:
            now = self._clock()
            good = [key for key, (_, until, _) in self._entries.items() if until is None or until > now]
        return (key for key in reversed(good) if namespace in (None, namespace_of(key)))

    def size(self) -> tuple[int | None, int | None]:
        with self._lock:
            return len(self._entries), self._bytes

    def _is_full(self) -> bool:
        return len(self._entries) > self.max_entries or (self.max_bytes is not None and self._bytes > self.max_bytes)

    def _purge(self) -> int:
        now = self._clock()
        expired = [key for key, (_, until, _) in self._entries.items() if until is not None and until <= now]
        for key in expired:
            self._drop(key)
        return len(expired)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry[2]


class NullCache(CacheBackend):
    """A cache that stores nothing, for code that requires a cache."""

    blocking: ClassVar[bool] = False

    def get(self, key: str) -> Json | None:
        return None

    def set(self, key: str, value: Json, ttl: float | None = None) -> None:
        pass

    def delete(self, key: str) -> None:
        pass

    def clear(self) -> None:
        pass

    def clear_namespace(self, namespace: str) -> None:
        pass

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        return iter(())

    def size(self) -> tuple[int | None, int | None]:
        return 0, 0
