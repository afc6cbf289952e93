"""What stands around every request, as the settings say or as it was handed over: caches, limits, accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from .config_models import AiSettings
from .exceptions import ProviderConfigurationError
from .factories import make_budget, make_cache, make_limits, make_tracker, part
from .provider_cache import provider_cache_key, read_provider_result, try_cache, write_provider_result
from .results import AskResult
from .usage.data import UsageData
from .usage.partial_write_error import PartialWriteError

if TYPE_CHECKING:
    from .execution import ExecutionMode
    from .providers.base_provider import BaseProvider

WISHES: dict[bool | str | None, str] = {True: "always", False: "never"}
"""What `cache=True` and `cache=False` mean for one call; a policy may be named instead."""


class Tracker(Protocol):
    """Whoever wants to know what was used."""

    def track_request(self, usage: UsageData) -> None: ...


class RequestMiddleware:
    """Made for one client; every provider that the client makes shares it."""

    def __init__(
        self,
        usage_tracker: Tracker | None = None,
        cache: Any = None,
        layers: Sequence[Any] = (),
        attempt_layers: Sequence[Any] = (),
    ) -> None:
        self.usage_tracker = usage_tracker
        self.cache = cache
        self.books_requests = False
        """Whether a layer tells the tracker of every request of the providers that have layers."""

        self.submitted = usage_tracker is not None or cache is not None or bool(layers) or bool(attempt_layers)
        """Whether there is anything here that the settings do not say."""

        self._books: Any = None
        self._bounded = False
        self._made: list[Any] = []
        self._layers = tuple(layers)
        self._attempt_layers = tuple(attempt_layers)

    def configure(self, settings: AiSettings) -> None:
        """Makes what the settings ask for."""
        self.settings = settings
        books = getattr(part("usage"), "UsageLayer", None)
        if self.usage_tracker is None and settings.usage_tracking and books is not None:
            self.usage_tracker = self._own(make_tracker(settings))
        if self.cache is None and settings.cache_enabled:
            self.cache = self._own(make_cache(settings))
        if self.usage_tracker is not None and books is not None:
            self._books = books(TrackerLedger(self.usage_tracker))
            self._layers = (*self._layers, self._books)
            self.books_requests = True
        if self.cache is not None:
            policy = {
                "policy": settings.cache_policy,
                "namespace": settings.cache_namespace,
                "ttl": settings.cache_ttl_s,
                "share_accounts": settings.cache_share_accounts,
            }
            self._layers = (*self._layers, part("cache").CacheLayer(self.cache, **policy))
        budget, limits = make_budget(settings), make_limits(settings)
        for bound in (budget, limits):
            self._own(getattr(bound, "store", None))
        self._layers += () if budget is None else (budget,)
        self._attempt_layers += () if limits is None else (limits,)
        self._bounded = budget is not None or limits is not None

    def layers(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """Those around each call, and those around each attempt of it."""
        return self._layers, self._attempt_layers

    def request_scope(self, cache: bool | str | None, tags: Mapping[str, str] | None) -> ExitStack:
        """Within it, calls are cached and booked as one call wants it."""
        stack = ExitStack()
        if not self._is_off(cache) and cache is not None:
            stack.enter_context(part("cache").caching(WISHES.get(cache, cache)))
        if tags:
            stack.enter_context(part("usage").tagged(**tags))
        return stack

    async def ask(self, mode: ExecutionMode, provider: BaseProvider, prompt: Any, options: dict[str, Any]) -> AskResult:
        """Asks the provider; one that has no layers, through the cache here."""
        if provider.has_layers:
            return await mode.ask(provider, prompt, options)
        if self._bounded:
            raise ProviderConfigurationError(
                f"limits and budgets stand around the requests of the engine's providers, and {provider.provider_name} "
                "makes its own: leave them out of the settings, or keep to them in its ask."
            )
        cache_policy_ = options.pop("cache", None)
        if self._is_off(cache_policy_):
            return await mode.ask(provider, prompt, options)
        policy = WISHES.get(cache_policy_, cache_policy_) or self.settings.cache_policy
        shared = self.settings.cache_share_accounts
        space = self.settings.cache_namespace
        key = await mode.call(provider_cache_key, space, provider, prompt, options, share_accounts=shared)
        if key is None or policy == "never" or (policy == "deterministic" and not is_deterministic(provider, options)):
            return await mode.ask(provider, prompt, options)
        stored = None if policy == "refresh" else await mode.call(try_cache, None, self.cache.get, key)
        match = read_provider_result(stored, prompt)
        if match is None:
            match = await mode.ask(provider, prompt, options)
            await mode.call(
                try_cache, None, self.cache.set, key, write_provider_result(match), self.settings.cache_ttl_s
            )
        return match

    def _is_off(self, cache: bool | str | None) -> bool:
        """Whether there is no cache, and none is wanted."""
        if self.cache is None and WISHES.get(cache, cache) not in (None, "never"):
            raise ProviderConfigurationError(
                "this client has no cache: AiSettings(cache_enabled=True), AI_CACHE_ENABLED=1, or AiClient(cache=...)."
            )
        return self.cache is None

    def track(self, result: AskResult, provider: BaseProvider, tags: Mapping[str, str] | None = None) -> None:
        """One answer of a provider that has no layers."""
        if self.usage_tracker is not None:
            text = {"provider": result.usage.provider or provider.provider_name, "tags": dict(tags or {})}
            row = result.usage.model_copy(update=text)
            if self._books is None:
                self.usage_tracker.track_request(row)
            else:
                self._books.write([row])

    def close(self) -> None:
        """Lets go of what was made here; what was handed over stays open."""
        if self._books is not None:
            self._books.flush()
        for made in self._made:
            made.close()

    def _own(self, made: Any) -> Any:
        if hasattr(made, "close"):
            self._made.append(made)
        return made


class TrackerLedger:
    """A ledger that tells a tracker, row by row: what it has heard it is not told again."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.ledger = getattr(tracker, "ledger", None)
        self.blocking: bool = getattr(self.ledger, "blocking", False)

    def add(self, rows: Sequence[UsageData]) -> None:
        for data, row in enumerate(rows):
            try:
                self._tracker.track_request(row)
            except Exception as error:
                raise PartialWriteError(rows[data:]) from error

    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        """For trackers that keep a ledger: requests are about to leave."""
        keep = getattr(self._tracker, "open", None)
        if keep is not None:
            keep(rows, expires)


def is_deterministic(provider: BaseProvider, options: dict[str, Any]) -> bool:
    """Whether the same question is meant to have the same answer."""
    return options.get("temperature", provider.settings.temperature) == 0 or options.get("seed") is not None
