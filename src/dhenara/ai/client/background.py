"""Retrieve or cancel responses that the provider generates in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SyncAsyncMismatchError
from ..io.sync_io import run
from ..pipeline.pipeline import Pipeline
from ..pipeline.streaming.retrieve import cancel, retrieve
from ..types.chat.response import AIModelCallResponse
from ..types.config.api import AIModelEndpoint
from ..types.config.call import AIModelCallConfig, Call


class BackgroundMixin:
    """Background methods of `AIModelClient`."""

    if TYPE_CHECKING:
        model_endpoint: AIModelEndpoint
        is_async: bool | None

        def _sync_pipeline(self) -> Pipeline: ...

        def _async_pipeline(self) -> Pipeline: ...

        def _effective_config(
            self, config: AIModelCallConfig | None, overrides: Mapping[str, Any]
        ) -> AIModelCallConfig: ...

    def retrieve(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """Wait until a background response is complete and return it.

        Args:
            response_id: Id of the response, from the call that started it.
            **overrides: Fields of `AIModelCallConfig`, such as `timeout`.

        Returns:
            The complete response.
        """
        return run(retrieve(self._sync_background(), response_id, self._lookup_call(overrides)))

    async def retrieve_async(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """Async version of `retrieve`."""
        return await retrieve(self._async_background(), response_id, self._lookup_call(overrides))

    def cancel(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """Cancel a background response.

        Returns:
            The response as far as it was generated.
        """
        return run(cancel(self._sync_background(), response_id, self._lookup_call(overrides)))

    async def cancel_async(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """Async version of `cancel`."""
        return await cancel(self._async_background(), response_id, self._lookup_call(overrides))

    def _lookup_call(self, overrides: Mapping[str, Any]) -> Call:
        return Call(self.model_endpoint, (), self._effective_config(None, overrides))

    def _sync_background(self) -> Pipeline:
        if self.is_async is True:
            raise SyncAsyncMismatchError(
                "This client is async-only (is_async=True). Use retrieve_async and cancel_async."
            )
        return self._sync_pipeline()

    def _async_background(self) -> Pipeline:
        if self.is_async is False:
            raise SyncAsyncMismatchError("This client is sync-only (is_async=False). Use retrieve and cancel.")
        return self._async_pipeline()
