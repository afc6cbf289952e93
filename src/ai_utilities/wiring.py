"""What stands around every request, as the settings say or as it was handed over: caches, limits, accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from .config_models import AiSettings
from .exceptions import ProviderConfigurationError
from .making import make_budget, make_cache, make_limits, make_tracker, part
from .plain_cache import plain_key, read_plain, tried, write_plain
from .results import AskResult
from .usage.data import UsageData
from .usage.rows_left import RowsLeftError

if TYPE_CHECKING:
    from .colour import Colour
    from .providers.base_provider import BaseProvider

WISHES: dict[bool | str | None, str] = {True: "always", False: "never"}
"""What `cache=True` and `cache=False` mean for one call; a policy may be named instead."""


class Tracker(Protocol):
    """Whoever wants to know what was used."""

    def track_request(self, usage: UsageData) -> None: ...


class Wiring:
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

        self.handed = usage_tracker is not None or cache is not None or bool(layers) or bool(attempt_layers)
        """Whether there is anything here that the settings do not say."""

        self._books: Any = None
        self._bounded = False
        self._made: list[Any] = []
        self._layers = tuple(layers)
        self._attempt_layers = tuple(attempt_layers)

    def begin(self, settings: AiSettings) -> None:
        """Makes what the settings ask for."""
        self.settings = settings
        books = getattr(part("usage"), "UsageLayer", None)
        if self.usage_tracker is None and settings.usage_tracking and books is not None:
            self.usage_tracker = self._owned(make_tracker(settings))
        if self.cache is None and settings.cache_enabled:
            self.cache = self._owned(make_cache(settings))
        if self.usage_tracker is not None and books is not None:
            self._books = books(Told(self.usage_tracker))
            self._layers = (*self._layers, self._books)
            self.books_requests = True
        if self.cache is not None:
            wish = {
                "policy": settings.cache_policy,
                "namespace": settings.cache_namespace,
                "ttl": settings.cache_ttl_s,
                "share_accounts": settings.cache_share_accounts,
            }
            self._layers = (*self._layers, part("cache").CacheLayer(self.cache, **wish))
        budget, limits = make_budget(settings), make_limits(settings)
        for bound in (budget, limits):
            self._owned(getattr(bound, "store", None))
        self._layers += () if budget is None else (budget,)
        self._attempt_layers += () if limits is None else (limits,)
        self._bounded = budget is not None or limits is not None

    def layers(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """Those around each call, and those around each attempt of it."""
        return self._layers, self._attempt_layers

    def wished(self, cache: bool | str | None, tags: Mapping[str, str] | None) -> ExitStack:
        """Within it, calls are cached and booked as one call wants it."""
        stack = ExitStack()
        if not self._is_off(cache) and cache is not None:
            stack.enter_context(part("cache").caching(WISHES.get(cache, cache)))
        if tags:
            stack.enter_context(part("usage").tagged(**tags))
        return stack

    async def ask(self, colour: Colour, provider: BaseProvider, prompt: Any, said: dict[str, Any]) -> AskResult:
        """Asks the provider; one that has no layers, through the cache here."""
        if provider.has_layers:
            return await colour.ask(provider, prompt, said)
        if self._bounded:
            raise ProviderConfigurationError(
                f"limits and budgets stand around the requests of the engine's providers, and {provider.provider_name} "
                "makes its own: leave them out of the settings, or keep to them in its ask."
            )
        wish = said.pop("cache", None)
        if self._is_off(wish):
            return await colour.ask(provider, prompt, said)
        policy = WISHES.get(wish, wish) or self.settings.cache_policy
        shared = self.settings.cache_share_accounts
        key = plain_key(self.settings.cache_namespace, provider, prompt, said, share_accounts=shared)
        if key is None or policy == "never" or (policy == "deterministic" and not is_fixed(provider, said)):
            return await colour.ask(provider, prompt, said)
        kept = None if policy == "refresh" else await colour.call(tried, None, self.cache.get, key)
        found = read_plain(kept, prompt)
        if found is None:
            found = await colour.ask(provider, prompt, said)
            await colour.call(tried, None, self.cache.set, key, write_plain(found), self.settings.cache_ttl_s)
        return found

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
            said = {"provider": result.usage.provider or provider.provider_name, "tags": dict(tags or {})}
            row = result.usage.model_copy(update=said)
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

    def _owned(self, made: Any) -> Any:
        if hasattr(made, "close"):
            self._made.append(made)
        return made


class Told:
    """A ledger that tells a tracker, row by row: what it has heard it is not told again."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.ledger = getattr(tracker, "ledger", None)
        self.waits: bool = getattr(self.ledger, "waits", False)

    def add(self, rows: Sequence[UsageData]) -> None:
        for told, row in enumerate(rows):
            try:
                self._tracker.track_request(row)
            except Exception as error:
                raise RowsLeftError(rows[told:]) from error

    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        """For trackers that keep a ledger: requests are about to leave."""
        keep = getattr(self._tracker, "open", None)
        if keep is not None:
            keep(rows, expires)


def is_fixed(provider: BaseProvider, said: dict[str, Any]) -> bool:
    """Whether the same question is meant to have the same answer."""
    return said.get("temperature", provider.settings.temperature) == 0 or said.get("seed") is not None
