"""Response caches: repeated requests get the stored answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai._lazy import lazy_package

if TYPE_CHECKING:
    from .backend import CacheBackend as CacheBackend
    from .layer import CacheLayer as CacheLayer
    from .memory import MemoryCache as MemoryCache
    from .null import NullCache as NullCache
    from .policy import caching as caching
    from .redis import RedisCache as RedisCache
    from .sqlite import SQLiteCache as SQLiteCache, SqliteCache as SqliteCache
    from .stats import CacheStats as CacheStats

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "CacheBackend": ".backend",
        "CacheLayer": ".layer",
        "CacheStats": ".stats",
        "MemoryCache": ".memory",
        "NullCache": ".null",
        "RedisCache": ".redis",
        "SQLiteCache": ".sqlite",
        "SqliteCache": ".sqlite",
        "caching": ".policy",
    },
)
