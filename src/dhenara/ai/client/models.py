"""Which models there are: asked of the provider itself, in both colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SyncAsyncMismatchError
from ..pipeline.pipeline import Pipeline
from ..providers.default_operation import default_operation
from ..runtime.sync_io import run
from ..types.call import Call
from ..types.call_config import AIModelCallConfig
from ..types.endpoint import AIModelEndpoint

if TYPE_CHECKING:
    from ..types.listing import ModelListing


class ModelsMixin:
    """What a client can say about the models of its provider."""

    if TYPE_CHECKING:
        model_endpoint: AIModelEndpoint
        config: AIModelCallConfig
        is_async: bool | None

        def _pipeline(self, operation: str, *, is_async: bool) -> Pipeline: ...

        def _effective_config(
            self, config: AIModelCallConfig | None, overrides: Mapping[str, Any]
        ) -> AIModelCallConfig: ...

    def list_models(self, *, config: AIModelCallConfig | None = None, **overrides: Any) -> list[ModelListing]:
        """The models that the provider lists for this key; timeouts, retries and headers are those of a call."""
        if self.is_async is True:
            raise SyncAsyncMismatchError("this is an async client: Use list_models_async for async client")
        from ..pipeline.model_listing import list_models

        pipeline = self._pipeline(default_operation(self.model_endpoint), is_async=False)
        call = Call(self.model_endpoint, (), self._effective_config(config, overrides))
        return run(list_models(pipeline.io, pipeline.target, call))

    async def list_models_async(
        self, *, config: AIModelCallConfig | None = None, **overrides: Any
    ) -> list[ModelListing]:
        """The same, awaited."""
        if self.is_async is False:
            raise SyncAsyncMismatchError("this is a sync client: Use list_models for sync client")
        from ..pipeline.model_listing import list_models

        pipeline = self._pipeline(default_operation(self.model_endpoint), is_async=True)
        call = Call(self.model_endpoint, (), self._effective_config(config, overrides))
        return await list_models(pipeline.io, pipeline.target, call)
