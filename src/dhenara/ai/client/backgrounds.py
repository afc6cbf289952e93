"""Answers made in the background: taken up again by their id, or stopped, in both colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import WrongColourError
from ..flow.journey import Journey
from ..runtime.blocking import run
from ..types.call import Call
from ..types.call_config import AIModelCallConfig
from ..types.call_response import AIModelCallResponse
from ..types.endpoint import AIModelEndpoint


class Backgrounds:
    """What a client can do with an answer that it knows the id of."""

    if TYPE_CHECKING:
        model_endpoint: AIModelEndpoint
        is_async: bool | None

        def _sync_journey(self) -> Journey: ...

        def _async_journey(self) -> Journey: ...

        def _chosen(self, config: AIModelCallConfig | None, overrides: Mapping[str, Any]) -> AIModelCallConfig: ...

    def retrieve(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """The answer with this id, waited for until it is complete."""
        from ..flow.retrieval import retrieve

        return run(retrieve(self._here(), response_id, self._about(overrides)))

    async def retrieve_async(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """The same, awaited."""
        from ..flow.retrieval import retrieve

        return await retrieve(self._there(), response_id, self._about(overrides))

    def cancel(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """Stops the making of an answer; what there is of it comes back."""
        from ..flow.retrieval import cancel

        return run(cancel(self._here(), response_id, self._about(overrides)))

    async def cancel_async(self, response_id: str, **overrides: Any) -> AIModelCallResponse:
        """The same, awaited."""
        from ..flow.retrieval import cancel

        return await cancel(self._there(), response_id, self._about(overrides))

    def _about(self, overrides: Mapping[str, Any]) -> Call:
        return Call(self.model_endpoint, (), self._chosen(None, overrides))

    def _here(self) -> Journey:
        if self.is_async is True:
            raise WrongColourError("this is an async client: Use retrieve_async and cancel_async for async client")
        return self._sync_journey()

    def _there(self) -> Journey:
        if self.is_async is False:
            raise WrongColourError("this is a sync client: Use retrieve and cancel for sync client")
        return self._async_journey()
