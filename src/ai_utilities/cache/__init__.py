"""Response caches: repeated requests get the stored answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from .backend import (
        CacheBackend as CacheBackend,
        CacheCapabilityError as CacheCapabilityError,
        CacheStats as CacheStats,
    )
    from .layer import CacheLayer as CacheLayer
    from .memory import MemoryCache as MemoryCache, NullCache as NullCache
    from .policy import caching as caching
    from .shared_stores import RedisCache as RedisCache, SQLiteCache as SQLiteCache, SqliteCache as SqliteCache

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "CacheBackend": ".backend",
        "CacheCapabilityError": ".backend",
        "CacheLayer": ".layer",
        "CacheStats": ".backend",
        "MemoryCache": ".memory",
        "NullCache": ".memory",
        "RedisCache": ".shared_stores",
        "SQLiteCache": ".shared_stores",
        "SqliteCache": ".shared_stores",
        "caching": ".policy",
    },
    old_names="ai_utilities.compat",
)
