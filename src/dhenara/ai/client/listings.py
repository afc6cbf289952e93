"""Which models there are: asked of the provider itself, in both colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import WrongColourError
from ..flow.journey import Journey
from ..providers.choosing import usual_operation
from ..runtime.blocking import run
from ..types.call import Call
from ..types.call_config import AIModelCallConfig
from ..types.endpoint import AIModelEndpoint

if TYPE_CHECKING:
    from ..types.listing import ModelListing


class Listings:
    """What a client can say about the models of its provider."""

    if TYPE_CHECKING:
        model_endpoint: AIModelEndpoint
        config: AIModelCallConfig
        is_async: bool | None

        def _journey(self, operation: str, *, is_async: bool) -> Journey: ...

        def _chosen(self, config: AIModelCallConfig | None, overrides: Mapping[str, Any]) -> AIModelCallConfig: ...

    def list_models(self, *, config: AIModelCallConfig | None = None, **overrides: Any) -> list[ModelListing]:
        """The models that the provider lists for this key; timeouts, retries and headers are those of a call."""
        if self.is_async is True:
            raise WrongColourError("this is an async client: Use list_models_async for async client")
        from ..flow.listing import list_models

        journey = self._journey(usual_operation(self.model_endpoint), is_async=False)
        call = Call(self.model_endpoint, (), self._chosen(config, overrides))
        return run(list_models(journey.io, journey.target, call))

    async def list_models_async(
        self, *, config: AIModelCallConfig | None = None, **overrides: Any
    ) -> list[ModelListing]:
        """The same, awaited."""
        if self.is_async is False:
            raise WrongColourError("this is a sync client: Use list_models for sync client")
        from ..flow.listing import list_models

        journey = self._journey(usual_operation(self.model_endpoint), is_async=True)
        call = Call(self.model_endpoint, (), self._chosen(config, overrides))
        return await list_models(journey.io, journey.target, call)
