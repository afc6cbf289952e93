"""Creates caches, ledgers, limits and budgets from the settings, and orders them as middleware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from .config_models import AiSettings
from .config_origins import OriginLevel, cache_path, state_path
from .exceptions import ProviderConfigurationError
from .providers.answer_cache import provider_cache_key, read_provider_result, try_cache, write_provider_result
from .results import AskResult
from .usage.data import PartialWriteError, UsageData

if TYPE_CHECKING:
    from .execution import ExecutionMode
    from .providers.base_provider import BaseProvider


def load_package(name: str) -> Any:
    """A package of the kit, imported on first use."""
    return import_module(f".{name}", __package__)


def make_tracker(settings: AiSettings) -> Any:
    """A usage tracker with the ledger named in the settings, or with totals only."""
    usage = load_package("usage")
    match settings.usage_store:
        case "memory":
            return usage.UsageTracker(usage.MemoryLedger())
        case "sqlite":
            return usage.UsageTracker(usage.SQLiteLedger(settings.usage_path or state_path("usage.sqlite")))
        case "redis":
            known = state_path("redis-generations.sqlite")
            return usage.UsageTracker(usage.RedisLedger(str(settings.redis_url), generations=known))
    return usage.UsageTracker()


def make_cache(settings: AiSettings) -> Any:
    """The cache backend named in the settings."""
    caches, ttl = load_package("cache"), settings.cache_ttl_s
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
    given = {name: getattr(settings, name) for name in LIMITS} | {"concurrency": settings.max_concurrency}
    if not any(given.values()):
        return None
    limits = load_package("limits")
    wait = True if settings.limit_wait_s is None else settings.limit_wait_s
    return limits.LimitLayer(limits.Limit(**given), store=make_shared_store(settings, limits, "Limits"), wait=wait)


def make_budget(settings: AiSettings) -> Any | None:
    """The budget layer of the settings; None if they set no budget."""
    if settings.budget_usd is None:
        return None
    usage = load_package("usage")
    budget = usage.Budget(str(settings.budget_usd), settings.budget_window, unknown=settings.budget_unknown)
    return usage.BudgetLayer(budget, store=make_shared_store(settings, usage, "Budgets"))


def make_shared_store(settings: AiSettings, package: Any, kind: str) -> Any:
    """The store of limits or budgets: in memory, in a file, or on a Redis server."""
    match settings.limit_store:
        case "sqlite":
            return getattr(package, f"SQLite{kind}")(settings.limit_path or state_path("limits.sqlite"))
        case "redis":
            known = {"generations": state_path("redis-generations.sqlite")} if kind == "Budgets" else {}
            return getattr(package, f"Redis{kind}")(str(settings.redis_url), **known)
    return getattr(package, f"Memory{kind}")()


NAMED_POLICIES: dict[bool | str | None, str] = {True: "always", False: "never"}
"""Cache policies for `cache=True` and `cache=False` of one call; a policy name may be passed instead."""


class Tracker(Protocol):
    """Protocol for usage trackers: receives a row per request."""

    def track_request(self, usage: UsageData) -> None: ...


class RequestMiddleware:
    """The layers of one client, shared by all providers it creates."""

    def __init__(
        self,
        usage_tracker: Tracker | None = None,
        cache: Any = None,
        layers: Sequence[Any] = (),
        attempt_layers: Sequence[Any] = (),
    ) -> None:
        self.usage_tracker = usage_tracker
        self.cache = cache
        self.tracks_requests = False
        """Whether a layer already reports every request of engine providers to the tracker."""

        self.submitted = usage_tracker is not None or cache is not None or bool(layers) or bool(attempt_layers)
        """Whether a layer was passed that is not in the settings."""

        self._usage_layer: Any = None
        self._has_bounds = False
        self._owned: list[Any] = []
        self._layers = tuple(layers)
        self._attempt_layers = tuple(attempt_layers)

    def configure(self, settings: AiSettings) -> None:
        """Creates what the settings enable."""
        self.settings = settings
        usage_layer = getattr(load_package("usage"), "UsageLayer", None)
        if self.usage_tracker is None and settings.usage_tracking and usage_layer is not None:
            self.usage_tracker = self._own(make_tracker(settings))
        if self.cache is None and settings.cache_enabled:
            self.cache = self._own(make_cache(settings))
        if self.usage_tracker is not None and usage_layer is not None:
            self._usage_layer = usage_layer(TrackerLedger(self.usage_tracker))
            self._layers = (*self._layers, self._usage_layer)
            self.tracks_requests = True
        if self.cache is not None:
            policy = {
                "policy": settings.cache_policy,
                "namespace": settings.cache_namespace,
                "ttl": self._ttl(),
                "share_accounts": settings.cache_share_accounts,
            }
            self._layers = (*self._layers, load_package("cache").CacheLayer(self.cache, **policy))
        budget, limits = make_budget(settings), make_limits(settings)
        for layer in (budget, limits):
            self._own(getattr(layer, "store", None))
        self._layers += () if budget is None else (budget,)
        self._attempt_layers += () if limits is None else (limits,)
        self._has_bounds = budget is not None or limits is not None

    def layers(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """The layers around each call, and those around each attempt."""
        return self._layers, self._attempt_layers

    def request_scope(self, cache: bool | str | None, tags: Mapping[str, str] | None) -> ExitStack:
        """Context with the cache policy and tags of one call."""
        stack = ExitStack()
        if not self._is_off(cache) and cache is not None:
            stack.enter_context(load_package("cache").caching(NAMED_POLICIES.get(cache, cache)))
        if tags:
            stack.enter_context(load_package("usage").tagged(**tags))
        return stack

    async def ask(
        self,
        mode: ExecutionMode,
        provider: BaseProvider,
        prompt: Any,
        options: dict[str, Any],
        tags: Mapping[str, str] | None = None,
    ) -> AskResult:
        """Asks the provider. A custom provider has no layers, so its answers go through the cache here."""
        if provider.has_layers:
            return await mode.ask(provider, prompt, options)
        if self._has_bounds:
            raise ProviderConfigurationError(
                f"{provider.provider_name}: limits and budgets work for engine providers only. A custom provider "
                "must apply them in its ask method. Remove them from the settings."
            )
        requested_policy = options.pop("cache", None)
        if self._is_off(requested_policy):
            return await mode.ask(provider, prompt, options)
        policy = NAMED_POLICIES.get(requested_policy, requested_policy) or self.settings.cache_policy
        share_accounts = self.settings.cache_share_accounts
        namespace = self.settings.cache_namespace
        key = await mode.call(
            provider_cache_key, namespace, provider, prompt, options, tags, share_accounts=share_accounts
        )
        if key is None or policy == "never" or (policy == "deterministic" and not is_deterministic(provider, options)):
            return await mode.ask(provider, prompt, options)
        stored = None if policy == "refresh" else await mode.call(try_cache, None, self.cache.get, key)
        result = read_provider_result(stored, prompt)
        if result is None:
            result = await mode.ask(provider, prompt, options)
            await mode.call(try_cache, None, self.cache.set, key, write_provider_result(result), self._ttl())
        return result

    def _is_off(self, cache: bool | str | None) -> bool:
        """Whether this call uses no cache; raises if a cache is requested but none exists."""
        if self.cache is None and NAMED_POLICIES.get(cache, cache) not in (None, "never"):
            raise ProviderConfigurationError(
                "this client has no cache: AiSettings(cache_enabled=True), AI_CACHE_ENABLED=1, or AiClient(cache=...)."
            )
        return self.cache is None

    def track(self, result: AskResult, provider: BaseProvider, tags: Mapping[str, str] | None = None) -> None:
        """Reports one answer of a custom provider to the tracker."""
        if self.usage_tracker is not None:
            update = {"provider": result.usage.provider or provider.provider_name, "tags": dict(tags or {})}
            row = result.usage.model_copy(update=update)
            if self._usage_layer is None:
                self.usage_tracker.track_request(row)
            else:
                self._usage_layer.write([row])

    def close(self) -> None:
        """Closes the stores created here; those passed in stay open."""
        if self._usage_layer is not None:
            self._usage_layer.flush()
        for resource in self._owned:
            resource.close()

    def _ttl(self) -> float | None:
        """Seconds after which a cached answer expires; None leaves it to a cache that has a default of its own."""
        unset = self.settings.origin("cache_ttl_s").level is OriginLevel.DEFAULT
        return None if unset and hasattr(self.cache, "default_ttl") else self.settings.cache_ttl_s

    def _own(self, resource: Any) -> Any:
        if hasattr(resource, "close"):
            self._owned.append(resource)
        return resource


class TrackerLedger:
    """A ledger that reports each row to a tracker once."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.ledger = getattr(tracker, "ledger", None)
        self.blocking: bool = getattr(self.ledger, "blocking", False)

    def add(self, rows: Sequence[UsageData]) -> None:
        for index, row in enumerate(rows):
            try:
                self._tracker.track_request(row)
            except Exception as error:
                raise PartialWriteError(rows[index:]) from error

    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        """For trackers with a ledger: records requests before they are sent."""
        keep = getattr(self._tracker, "open", None)
        if keep is not None:
            keep(rows, expires)


def is_deterministic(provider: BaseProvider, options: dict[str, Any]) -> bool:
    """Whether equal requests are meant to get equal answers (temperature 0 or a seed)."""
    return options.get("temperature", provider.settings.temperature) == 0 or options.get("seed") is not None
