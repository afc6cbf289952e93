"""Lists the models of a provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SyncAsyncMismatchError
from ..io.sync_io import run
from ..pipeline.pipeline import Pipeline
from ..pipeline.provider_get import list_models
from ..providers.operation_routes import default_operation
from ..types.config.api import AIModelEndpoint
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.model import ModelListing


class ModelsMixin:
    """Model listing methods of `AIModelClient`."""

    if TYPE_CHECKING:
        model_endpoint: AIModelEndpoint
        config: AIModelCallConfig
        is_async: bool | None

        def _pipeline(self, operation: str, *, is_async: bool) -> Pipeline: ...

        def _effective_config(
            self, config: AIModelCallConfig | None, overrides: Mapping[str, Any]
        ) -> AIModelCallConfig: ...

    def list_models(self, *, config: AIModelCallConfig | None = None, **overrides: Any) -> list[ModelListing]:
        """List the models that the provider offers for this API key.

        The requests are free and do not pass through `layers`, so ledgers have no rows of them.

        Args:
            config: Replaces the client's config for this call.
            **overrides: Fields of `AIModelCallConfig`, such as `timeout`, `retries` and `headers`.

        Returns:
            The models.
        """
        if self.is_async is True:
            raise SyncAsyncMismatchError("This client is async-only (is_async=True). Use list_models_async.")
        pipeline = self._pipeline(default_operation(self.model_endpoint), is_async=False)
        call = Call(self.model_endpoint, (), self._effective_config(config, overrides))
        return run(list_models(pipeline.io, pipeline.target, call))

    async def list_models_async(
        self, *, config: AIModelCallConfig | None = None, **overrides: Any
    ) -> list[ModelListing]:
        """Async version of `list_models`."""
        if self.is_async is False:
            raise SyncAsyncMismatchError("This client is sync-only (is_async=False). Use list_models.")
        pipeline = self._pipeline(default_operation(self.model_endpoint), is_async=True)
        call = Call(self.model_endpoint, (), self._effective_config(config, overrides))
        return await list_models(pipeline.io, pipeline.target, call)
