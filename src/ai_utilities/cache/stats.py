"""What a cache was good for."""

from __future__ import annotations

import threading
from decimal import Decimal

from dhenara.ai.dataclass import dataclass


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
