"""Creates caches, ledgers, limits and budgets from the settings, and orders them as middleware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from dhenara.ai.integration import require_type

from . import cache as caches, limits, usage
from .config import OriginLevel, cache_path, state_path
from .config.routes import has_routes, health_path
from .config_models import AiSettings
from .exceptions import ProviderConfigurationError
from .results import AskResult
from .usage.data import TEAM, PartialWriteError, UsageData, tags_now

if TYPE_CHECKING:
    from dhenara.ai import AnyLayer, HealthStore

    from .cache.policy import Policy, PolicyOverride
    from .exceptions import Options
    from .execution import Around, ExecutionMode
    from .providers.base_provider import BaseProvider


class Closable(Protocol):
    """A store or tracker with files or connections."""

    def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


def make_ledger(settings: AiSettings) -> usage.Ledger | None:
    """The ledger named in the settings; None if they name none."""
    match settings.usage_store:
        case "memory":
            return usage.MemoryLedger()
        case "sqlite":
            return usage.SQLiteLedger(settings.usage_path or state_path("usage.sqlite"))
        case "redis":
            return usage.RedisLedger(str(settings.redis_url), generations=state_path("redis-generations.sqlite"))
    return None


def make_tracker(settings: AiSettings) -> usage.UsageTracker:
    """A usage tracker with the ledger named in the settings, or with totals only."""
    return usage.UsageTracker(make_ledger(settings))


def make_cache(settings: AiSettings) -> caches.CacheBackend:
    """The cache backend named in the settings."""
    ttl = settings.cache_ttl_s
    match settings.cache_backend:
        case "memory":
            return caches.MemoryCache(settings.cache_max_entries, ttl)
        case "sqlite":
            path = settings.cache_path or cache_path("cache.sqlite")
            return caches.SQLiteCache(path, settings.cache_max_entries, ttl)
        case "redis":
            return caches.RedisCache(str(settings.redis_url), ttl)
    return caches.NullCache()


LIMITS = ("requests_per_minute", "tokens_per_minute", "requests_per_day", "tokens_per_day")


def make_limits(settings: AiSettings) -> limits.LimitLayer | None:
    """The rate-limit layer of the settings; None if they set no limit."""
    if not any(getattr(settings, name) for name in (*LIMITS, "max_concurrency")):
        return None
    limit = limits.Limit(**{name: getattr(settings, name) for name in LIMITS}, concurrency=settings.max_concurrency)
    wait = True if settings.limit_wait_s is None else settings.limit_wait_s
    return limits.LimitLayer(limit, store=make_limit_store(settings), wait=wait)


def make_limit_store(settings: AiSettings) -> limits.LimitStore:
    """The store of limits: in memory, in a file, or on a Redis server."""
    match settings.limit_store:
        case "sqlite":
            return limits.SQLiteLimits(settings.limit_path or state_path("limits.sqlite"))
        case "redis":
            return limits.RedisLimits(str(settings.redis_url))
    return limits.MemoryLimits()


def make_health_store(settings: AiSettings) -> limits.SQLiteHealth | limits.RedisHealth:
    """The store in which processes share which deployments of routes rest: beside that of the limits."""
    if settings.limit_store == "redis":
        return limits.RedisHealth(str(settings.redis_url))
    return limits.SQLiteHealth(health_path(settings, state_path("health.sqlite")))


def make_budget(settings: AiSettings) -> usage.BudgetLayer | None:
    """The budget layer of the settings; None if they set no budget."""
    if settings.budget_usd is None:
        return None
    return usage.BudgetLayer(budget_of(settings), store=make_budget_store(settings), tags=tags_of(settings))


def budget_of(settings: AiSettings) -> usage.Budget:
    """The budget of the settings."""
    alerts = [part.strip() for part in (settings.budget_alerts or "").split(",") if part.strip()]
    window, unknown = settings.budget_window, settings.budget_unknown
    return usage.Budget(str(settings.budget_usd), window, unknown=unknown, alerts=alerts)


def tags_of(settings: AiSettings) -> dict[str, str]:
    """The tags of all calls: those of the settings, and the team."""
    return {**settings.tags, **({TEAM: settings.team} if settings.team else {})}


def make_budget_store(settings: AiSettings) -> usage.BudgetStore:
    """The store of budgets: in memory, in a file, or on a Redis server."""
    match settings.limit_store:
        case "sqlite":
            return usage.SQLiteBudgets(settings.limit_path or state_path("limits.sqlite"))
        case "redis":
            return usage.RedisBudgets(str(settings.redis_url), generations=state_path("redis-generations.sqlite"))
    return usage.MemoryBudgets()


def policy_of(cache: bool | str | None) -> Policy | None:
    """The cache policy that the option `cache` of one call stands for; unknown names are refused where it is used."""
    if isinstance(cache, bool):
        return "always" if cache else "never"
    return cast("Policy | None", cache)


class Tracker(Protocol):
    """Protocol for usage trackers: receives a row per request."""

    def track_request(self, usage: UsageData) -> None: ...


class RequestMiddleware:
    """The layers of one client, shared by all providers it creates."""

    def __init__(
        self,
        usage_tracker: Tracker | None = None,
        cache: caches.CacheBackend | None = None,
        layers: Sequence[AnyLayer] = (),
        attempt_layers: Sequence[AnyLayer] = (),
    ) -> None:
        self.usage_tracker = usage_tracker
        if isinstance(cache, bool | str):
            form = f"cache_backend={cache!r}" if isinstance(cache, str) else f"cache_enabled={cache}"
            raise ProviderConfigurationError(f"cache must be a cache backend, not {type(cache).__name__}: {form}.")
        self.cache = cache
        self.tracks_requests = False
        """Whether a layer already reports every request of engine providers to the tracker."""

        self.submitted = usage_tracker is not None or cache is not None or bool(layers) or bool(attempt_layers)
        """Whether a layer was passed that is not in the settings."""

        self._usage_layer: usage.UsageLayer | None = None
        self._silent_tracker: usage.UsageTracker | None = None
        self._has_bounds = False
        self._health: limits.SQLiteHealth | limits.RedisHealth | None = None
        self._owned: list[Closable] = []
        for name, given in (("layers", layers), ("attempt_layers", attempt_layers)):
            require_type("client", name, given, (list, tuple), "a list of layers")
        self._layers: tuple[AnyLayer, ...] = tuple(layers)
        self._attempt_layers: tuple[AnyLayer, ...] = tuple(attempt_layers)

    def configure(self, settings: AiSettings) -> None:
        """Creates what the settings enable."""
        self.settings = settings
        if self.usage_tracker is None and settings.usage_tracking:
            self.usage_tracker = self._own(make_tracker(settings))
        if self.cache is None and settings.cache_enabled:
            self.cache = self._own(make_cache(settings))
        if self.usage_tracker is not None:
            self._usage_layer = usage.UsageLayer(
                TrackerLedger(self.usage_tracker), tags=tags_of(settings), key_label=settings.key_label
            )
            self._layers = (*self._layers, self._usage_layer)
            self.tracks_requests = True
        if self.cache is not None:
            cache_layer = caches.CacheLayer(
                self.cache,
                policy=settings.cache_policy,
                namespace=settings.cache_namespace,
                ttl=self._ttl(),
                share_accounts=settings.cache_share_accounts,
            )
            self._layers = (*self._layers, cache_layer)
        budget, limit = make_budget(settings), make_limits(settings)
        if budget is not None:
            self._own(budget.store)
            self._layers = (*self._layers, budget)
        if limit is not None:
            self._own(limit.store)
            self._attempt_layers = (*self._attempt_layers, limit)
        if budget is not None and limit is not None and settings.limit_store == "sqlite":
            budget.shared_file = cast("limits.SQLiteLimits", limit.store).path
        self._has_bounds = budget is not None or limit is not None

    @property
    def shown_tracker(self) -> usage.UsageTracker:
        """The tracker for users: one of theirs may have fewer methods, and without tracking it counts nothing."""
        if self.usage_tracker is None:
            self._silent_tracker = self._silent_tracker or usage.UsageTracker()
            return self._silent_tracker
        return cast("usage.UsageTracker", self.usage_tracker)

    def layers(self) -> tuple[Sequence[AnyLayer], Sequence[AnyLayer]]:
        """The layers around each call, and those around each attempt."""
        return self._layers, self._attempt_layers

    def health_store(self, settings: AiSettings) -> HealthStore | None:
        """The store of health that the settings name, created once; None for this process alone."""
        if self._health is None and settings.limit_store != "memory" and (settings.fallbacks or has_routes(settings)):
            self._health = self._own(make_health_store(settings))
        return self._health

    def scope_of(self, cache: bool | str | None, tags: Mapping[str, str] | None) -> Around:
        """The context for each step of a call: its own cache policy and tags, and those of where it was made."""
        tags = {**tags_now(), **(tags or {})}
        change = None if self.cache is None else caches.policy.current_override()
        is_plain = cache is None and not tags and (change is None or change is caches.policy.NO_CHANGE)
        return nullcontext if is_plain else partial(self.request_scope, cache, tags, change)

    def request_scope(
        self, cache: bool | str | None, tags: Mapping[str, str] | None, change: PolicyOverride | None = None
    ) -> ExitStack:
        """Context with the cache policy and tags of one call; `change`: the cache options of where it was made."""
        stack = ExitStack()
        if change is not None:
            stack.enter_context(caches.caching(**{name: getattr(change, name) for name in caches.policy.FIELDS}))
        if not self._is_off(cache) and cache is not None:
            stack.enter_context(caches.caching(policy_of(cache)))
        if tags:
            stack.enter_context(usage.tagged(**tags))
        return stack

    async def ask(
        self,
        mode: ExecutionMode,
        provider: BaseProvider,
        prompt: str,
        options: Options,
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
        if self._is_off(requested_policy) or self.cache is None:
            return await mode.ask(provider, prompt, options)
        from .cache.entry import (
            provider_cache_key,
            read_provider_result,
            try_cache,
            write_provider_result,
        )

        policy = policy_of(requested_policy) or self.settings.cache_policy
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
        if self.cache is None and policy_of(cache) not in (None, "never"):
            raise ProviderConfigurationError(
                "this client has no cache: AiSettings(cache_enabled=True), AI_CACHE_ENABLED=1, or AiClient(cache=...)."
            )
        return self.cache is None

    def track(self, result: AskResult, provider: BaseProvider, tags: Mapping[str, str] | None = None) -> None:
        """Reports one answer of a custom provider to the tracker."""
        if self.usage_tracker is not None:
            named = {"provider": result.usage.provider or provider.provider_name, "key": self.settings.key_label}
            update = {**named, "tags": {**tags_of(self.settings), **(tags or {})}}
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

    def _own(self, resource: T) -> T:
        """Closes the resource together with this object."""
        self._owned.append(resource)
        return resource


class TrackerLedger:
    """A ledger that reports each row to a tracker once."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.ledger = getattr(tracker, "ledger", None)
        self.blocking: bool = getattr(self.ledger, "blocking", False)
        self.opens_rows: bool = getattr(tracker, "opens_rows", hasattr(tracker, "open"))

    def add(self, rows: Sequence[UsageData]) -> None:
        for index, row in enumerate(rows):
            try:
                self.tracker.track_request(row)
            except Exception as error:
                raise PartialWriteError(rows[index:]) from error

    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        """For trackers with a ledger: records requests before they are sent."""
        keep = getattr(self.tracker, "open", None)
        if keep is not None:
            keep(rows, expires)


def is_deterministic(provider: BaseProvider, options: Options) -> bool:
    """Whether equal requests are meant to get equal answers (temperature 0 or a seed)."""
    return options.get("temperature", provider.settings.temperature) == 0 or options.get("seed") is not None
