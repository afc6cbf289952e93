"""An answer that is here already, told like any other: what caches and replays give back."""

from __future__ import annotations

from collections.abc import Sequence

from ..fold import Draft
from ..types.content import Origin
from ..types.delta import Delta
from ..types.response import ChatResponse
from ..unfold import unfold
from .stream import Batch, Stream


class Told:
    """The facts of an answer, one batch each."""

    __slots__ = ("_response",)

    def __init__(self, response: ChatResponse) -> None:
        self._response: ChatResponse | None = response

    async def more(self) -> Sequence[Batch] | None:
        if self._response is None:
            return None
        batches: list[Sequence[Delta]] = [[delta] for delta in unfold(self._response)]
        self._response = None
        return batches

    async def close(self) -> None:
        self._response = None

    def abandon(self) -> None:
        self._response = None

    def held(self) -> Batch:
        return ()


class Arrived(Stream):
    """A stream over a whole answer. Who wants it whole gets that very answer; who streams it, its deltas."""

    def __init__(self, response: ChatResponse, origin: Origin | None = None) -> None:
        super().__init__(Told(response), Draft(origin, lambda _: response.cost))
        self._response = response
        self._pulled = False

    @property
    def complete(self) -> bool:
        return not self._response.interrupted if not self._pulled else super().complete

    async def pull(self) -> Batch | None:
        self._pulled = True
        return await super().pull()

    async def response(self) -> ChatResponse:
        if self._pulled or self._response.interrupted:
            return await super().response()
        await self.close()
        return self._response

    def partial(self) -> ChatResponse:
        return self._response if self.complete else super().partial()
