"""Answers made in the background: taken up again by their id, or stopped, in both colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SyncAsyncMismatchError
from ..pipeline.pipeline import Pipeline
from ..runtime.sync_io import run
from ..types.call import Call
from ..types.call_config import AIModelCallConfig
from ..types.call_response import AIModelCallResponse
from ..types.endpoint import AIModelEndpoint


class BackgroundMixin:
    """What a client can do with an answer that it knows the id of."""

    if TYPE_CHECKING:
        model_endpoint: AIModelEndpoint
        is_async: bool | None

        def _sync_pipeline(self) -> Pipeline: ...

        def _async_pipeline(self) -> Pipeline: ...

        def _effective_config(
            self, config: AIModelCallConfig | None, overrides: Mapping[str, Any]
        ) -> AIModelCallConfig: ...

    def retrieve(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """The answer with this id, waited for until it is complete."""
        from ..pipeline.retrieve import retrieve

        return run(retrieve(self._sync_background(), response_id, self._lookup_call(overrides)))

    async def retrieve_async(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """The same, awaited."""
        from ..pipeline.retrieve import retrieve

        return await retrieve(self._async_background(), response_id, self._lookup_call(overrides))

    def cancel(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """Stops the making of an answer; what there is of it comes back."""
        from ..pipeline.retrieve import cancel

        return run(cancel(self._sync_background(), response_id, self._lookup_call(overrides)))

    async def cancel_async(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """The same, awaited."""
        from ..pipeline.retrieve import cancel

        return await cancel(self._async_background(), response_id, self._lookup_call(overrides))

    def _lookup_call(self, overrides: Mapping[str, Any]) -> Call:
        return Call(self.model_endpoint, (), self._effective_config(None, overrides))

    def _sync_background(self) -> Pipeline:
        if self.is_async is True:
            raise SyncAsyncMismatchError(
                "this is an async client: Use retrieve_async and cancel_async for async client"
            )
        return self._sync_pipeline()

    def _async_background(self) -> Pipeline:
        if self.is_async is False:
            raise SyncAsyncMismatchError("this is a sync client: Use retrieve and cancel for sync client")
        return self._async_pipeline()
