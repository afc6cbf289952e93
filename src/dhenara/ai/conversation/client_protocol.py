"""The interface that a conversation needs from a client."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, Self

from ..streams.runs import AsyncRunStream, RunStream
from ..types.call_response import AIModelCallResponse
from ..types.endpoint import AIModelEndpoint
from ..types.message import Message
from ..types.plan import Plan
from ..types.run import Run


class ClientProtocol(Protocol):
    """A client of one endpoint, sync and async."""

    model_endpoint: AIModelEndpoint

    def generate(
        self, *, messages: Sequence[Message], instructions: Sequence[str], **config: Any
    ) -> AIModelCallResponse: ...

    async def generate_async(
        self, *, messages: Sequence[Message], instructions: Sequence[str], **config: Any
    ) -> AIModelCallResponse: ...

    @property
    def run(self) -> Callable[..., Run[Any]]: ...

    @property
    def run_async(self) -> Callable[..., Coroutine[Any, Any, Run[Any]]]: ...

    @property
    def run_streaming(self) -> Callable[..., RunStream[Any]]: ...

    @property
    def run_streaming_async(self) -> Callable[..., AsyncRunStream[Any]]: ...

    def plan(self, *, messages: Sequence[Message], instructions: Sequence[str], **config: Any) -> Plan: ...

    def with_endpoint(self, model_endpoint: AIModelEndpoint) -> Self: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...
