"""What a conversation needs of a client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self

from ..types.call_response import AIModelCallResponse
from ..types.endpoint import AIModelEndpoint
from ..types.message import Message
from ..types.plan import Plan


class Speaker(Protocol):
    """One endpoint that can be asked, in both colours."""

    model_endpoint: AIModelEndpoint

    def generate(
        self, *, messages: Sequence[Message], instructions: Sequence[str], **config: Any
    ) -> AIModelCallResponse: ...

    async def generate_async(
        self, *, messages: Sequence[Message], instructions: Sequence[str], **config: Any
    ) -> AIModelCallResponse: ...

    def plan(self, *, messages: Sequence[Message], instructions: Sequence[str], **config: Any) -> Plan: ...

    def with_endpoint(self, model_endpoint: AIModelEndpoint) -> Self: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...
