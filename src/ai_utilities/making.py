"""Caches, ledgers and limits as the settings name them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .config_models import AiSettings
from .folders import kept_in


def part(name: str) -> Any:
    """A package of the kit, imported when it is wanted."""
    return import_module(f".{name}", __package__)


def make_tracker(settings: AiSettings) -> Any:
    """Sums alone, or with the ledger that the settings name."""
    usage = part("usage")
    match settings.usage_store:
        case "memory":
            return usage.UsageTracker(usage.MemoryLedger())
        case "sqlite":
            return usage.UsageTracker(usage.SQLiteLedger(settings.usage_path or kept_in("usage.sqlite")))
        case "redis":
            return usage.UsageTracker(usage.RedisLedger(str(settings.redis_url)))
    return usage.UsageTracker()


def make_cache(settings: AiSettings) -> Any:
    """The backend that the settings name."""
    caches, ttl = part("cache"), settings.cache_ttl_s
    match settings.cache_backend:
        case "memory":
            return caches.MemoryCache(settings.cache_max_entries, ttl)
        case "sqlite":
            return caches.SQLiteCache(settings.cache_path or kept_in("cache.sqlite"), settings.cache_max_entries, ttl)
        case "redis":
            return caches.RedisCache(str(settings.redis_url), ttl)
    return caches.NullCache()
