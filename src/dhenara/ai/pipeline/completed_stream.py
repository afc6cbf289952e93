"""An answer that is here already, told like any other: what caches and replays give back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from ..response.builder import ResponseBuilder
from ..response.replay import to_deltas
from ..types.content import ContentItem, Origin, StructuredContent
from ..types.delta import Delta, ResponseStart, ResultDelta, StreamEnd, UsageDelta, WarningDelta
from ..types.response import ChatResponse
from ..types.result import Result
from ..types.structured import StructuredOutput
from .stream import Batch, Stream


class ReplaySource:
    """The facts of an answer, one batch each."""

    __slots__ = ("_facts",)

    def __init__(self, facts: Callable[[], Iterable[Delta]]) -> None:
        self._facts: Callable[[], Iterable[Delta]] | None = facts

    async def next_batches(self) -> Sequence[Batch] | None:
        if self._facts is None:
            return None
        batches: list[Sequence[Delta]] = [[delta] for delta in self._facts()]
        self._facts = None
        return batches

    async def close(self) -> None:
        self._facts = None

    def abandon(self) -> None:
        self._facts = None

    def drain(self) -> Batch:
        return ()


class CompletedStream(Stream):
    """A stream over a whole answer. Who wants it whole gets that very answer; who streams it, its deltas."""

    def __init__(
        self, response: ChatResponse, origin: Origin | None = None, shape: StructuredOutput | None = None
    ) -> None:
        """A stream over this answer.

        Args:
            response: The whole answer.
            origin: Whom it comes from.
            shape: What the call wants structured answers to be read into: stored ones have lost their types.
        """
        response = response if shape is None else reread(response, shape)
        super().__init__(ReplaySource(partial(to_deltas, response)), ResponseBuilder(origin, lambda _: response.cost))
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


def reread(response: ChatResponse, shape: StructuredOutput) -> ChatResponse:
    """The answer with its structured contents as objects of the type that this call asks for."""
    from ..response.structured import read_structured

    def read(part: ContentItem) -> ContentItem:
        if not isinstance(part, StructuredContent):
            return part
        return read_structured(part.text, shape, part.origin, part.extras, part.citations)

    choices = [one.model_copy(update={"contents": [read(part) for part in one.contents]}) for one in response.choices]
    return response.model_copy(update={"choices": choices})


class CompletedResult(Stream):
    """The same for an operation beside chat. `cached` says that nobody was asked for it."""

    def __init__(self, result: Result, origin: Origin | None = None, *, cached: bool = True) -> None:
        super().__init__(ReplaySource(partial(result_deltas, result)), ResponseBuilder(origin, lambda _: result.cost))
        self._cached = cached

    def partial(self) -> ChatResponse:
        return super().partial().model_copy(update={"cached": self._cached})


def result_deltas(result: Result) -> Iterator[Delta]:
    yield ResponseStart(result.id, result.model)
    yield from map(WarningDelta, result.warnings)
    if result.usage is not None:
        yield UsageDelta(result.usage)
    yield ResultDelta(result)
    yield StreamEnd()
