"""What all operations beside chat have in common: a call is made, checked, and given the way it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, SyncAsyncMismatchError
from .call_factory import build_call

if TYPE_CHECKING:
    from ..pipeline.pipeline import Pipeline
    from ..types.call import Call
    from ..types.call_config import AIModelCallConfig
    from ..types.endpoint import AIModelEndpoint
    from ..types.message import Message
    from ..types.model_base import FrozenModel


WRONG = {
    False: "this is an async client: Use the method that ends in _async for async client",
    True: "this is a sync client: Use the method without _async for sync client",
}


class OperationsBase:
    """One endpoint, and the colours in which it may be asked."""

    model_endpoint: AIModelEndpoint
    config: AIModelCallConfig
    is_async: bool | None

    def _prepare(
        self,
        operation: str,
        kind: type[FrozenModel] | None,
        given: Mapping[str, Any],
        settings: Mapping[str, Any],
        is_async: bool,
        messages: tuple[Message, ...] = (),
    ) -> tuple[Pipeline, Call]:
        """The call, and the way it goes. Whatever cannot work is found here, before anything is sent."""
        if self.is_async is not None and self.is_async != is_async:
            raise SyncAsyncMismatchError(WRONG[is_async])
        if settings.get("streaming"):
            raise ConfigurationError(f"the answer to {operation!r} comes whole; leave streaming out")
        call = build_call(self.model_endpoint, self.config, operation, kind, given, settings, messages)
        return self._pipeline(operation, is_async=is_async), call

    def _default_operation(self) -> str:
        raise NotImplementedError

    def _pipeline(self, operation: str, *, is_async: bool) -> Pipeline:
        raise NotImplementedError
