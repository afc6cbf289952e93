"""Base class of the operation mixins: builds a validated call and selects its pipeline."""

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
    False: "This client is async-only (is_async=True). Use the method that ends in _async.",
    True: "This client is sync-only (is_async=False). Use the method without _async.",
}


class OperationsBase:
    """Fields and helpers shared by the operation mixins."""

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
        """Return pipeline and validated call; every invalid argument raises here, before anything is sent."""
        if self.is_async is not None and self.is_async != is_async:
            raise SyncAsyncMismatchError(WRONG[is_async])
        if settings.get("streaming"):
            raise ConfigurationError(f"{operation!r} does not support streaming. Remove streaming=True.")
        call = build_call(self.model_endpoint, self.config, operation, kind, given, settings, messages)
        return self._pipeline(operation, is_async=is_async), call

    def _default_operation(self) -> str:
        raise NotImplementedError

    def _pipeline(self, operation: str, *, is_async: bool) -> Pipeline:
        raise NotImplementedError
