"""Rate limits: bound requests and tokens per time, shared by threads, processes and machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from .health import RedisHealth as RedisHealth, SQLiteHealth as SQLiteHealth
    from .layer import LimitLayer as LimitLayer
    from .limit import Limit as Limit, LimitReachedError as LimitReachedError
    from .stores import (
        LimitStore as LimitStore,
        MemoryLimits as MemoryLimits,
        RedisLimits as RedisLimits,
        SQLiteLimits as SQLiteLimits,
    )

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "LimitLayer": ".layer",
        "RedisHealth": ".health",
        "SQLiteHealth": ".health",
        "Limit": ".limit",
        "LimitReachedError": ".limit",
        "RedisLimits": ".stores",
        "SQLiteLimits": ".stores",
        "LimitStore": ".stores",
        "MemoryLimits": ".stores",
    },
)
