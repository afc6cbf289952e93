"""What stands around every request: who counts, as the settings say or as it was handed over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .config_models import AiSettings
from .results import AskResult
from .usage.data import UsageData

if TYPE_CHECKING:
    from .colour import Colour
    from .providers.base_provider import BaseProvider


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
        self._layers = tuple(layers)
        self._attempt_layers = tuple(attempt_layers)

    def begin(self, settings: AiSettings) -> None:
        """Makes what the settings ask for."""

    def layers(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """Those around each call, and those around each attempt of it."""
        return self._layers, self._attempt_layers

    async def ask(self, colour: Colour, provider: BaseProvider, prompt: Any, said: dict[str, Any]) -> AskResult:
        return await colour.ask(provider, prompt, said)

    def track(self, result: AskResult, provider: BaseProvider) -> None:
        """One answer of a provider that has no layers."""
        if self.usage_tracker is not None:
            told = result.usage.provider or provider.provider_name
            self.usage_tracker.track_request(result.usage.model_copy(update={"provider": told}))
