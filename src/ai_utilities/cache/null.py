"""A cache that stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from .backend import CacheBackend


class NullCache(CacheBackend):
    """For code that requires a cache object."""

    blocking: ClassVar[bool] = False

    def get(self, key: str) -> Any | None:
        return None

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
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
