"""Creates caches, ledgers and limits from the settings."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .config_models import AiSettings
from .default_paths import cache_path, state_path


def part(name: str) -> Any:
    """A package of the kit, imported on first use."""
    return import_module(f".{name}", __package__)


def make_tracker(settings: AiSettings) -> Any:
    """A usage tracker with the ledger named in the settings, or with totals only."""
    usage = part("usage")
    match settings.usage_store:
        case "memory":
            return usage.UsageTracker(usage.MemoryLedger())
        case "sqlite":
            return usage.UsageTracker(usage.SQLiteLedger(settings.usage_path or state_path("usage.sqlite")))
        case "redis":
            return usage.UsageTracker(usage.RedisLedger(str(settings.redis_url)))
    return usage.UsageTracker()


def make_cache(settings: AiSettings) -> Any:
    """The cache backend named in the settings."""
    caches, ttl = part("cache"), settings.cache_ttl_s
    match settings.cache_backend:
        case "memory":
            return caches.MemoryCache(settings.cache_max_entries, ttl)
        case "sqlite":
            return caches.SQLiteCache(
                settings.cache_path or cache_path("cache.sqlite"), settings.cache_max_entries, ttl
            )
        case "redis":
            return caches.RedisCache(str(settings.redis_url), ttl)
    return caches.NullCache()


LIMITS = ("requests_per_minute", "tokens_per_minute", "requests_per_day", "tokens_per_day")


def make_limits(settings: AiSettings) -> Any | None:
    """The rate-limit layer of the settings; None if they set no limit."""
    text = {name: getattr(settings, name) for name in LIMITS} | {"concurrency": settings.max_concurrency}
    if not any(text.values()):
        return None
    limits = part("limits")
    wait = True if settings.limit_wait_s is None else settings.limit_wait_s
    return limits.LimitLayer(limits.Limit(**text), store=make_shared_store(settings, limits, "Limits"), wait=wait)


def make_budget(settings: AiSettings) -> Any | None:
    """The budget layer of the settings; None if they set no budget."""
    if settings.budget_usd is None:
        return None
    usage = part("usage")
    budget = usage.Budget(str(settings.budget_usd), settings.budget_window, unknown=settings.budget_unknown)
    return usage.BudgetLayer(budget, store=make_shared_store(settings, usage, "Budgets"))


def make_shared_store(settings: AiSettings, package: Any, kind: str) -> Any:
    """The store of limits or budgets: in memory, in a file, or on a Redis server."""
    match settings.limit_store:
        case "sqlite":
            return getattr(package, f"SQLite{kind}")(settings.limit_path or state_path("limits.sqlite"))
        case "redis":
            known = {"generations": state_path("redis-generations.json")} if kind == "Budgets" else {}
            return getattr(package, f"Redis{kind}")(str(settings.redis_url), **known)
    return getattr(package, f"Memory{kind}")()
