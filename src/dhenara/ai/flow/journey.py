"""The journey: everything that lies between a client and one endpoint, in one of the two worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..codecs.base import Outgoing
from ..dataclass import replace
from ..errors import BadAnswerError, DhenaraError
from ..providers.target import Target
from ..types.call import Call
from ..types.call_response import AIModelCallResponse
from ..types.response import ChatResponse
from ..wire.io import IO
from .deadline import Deadline
from .dispatch import dispatch
from .exchange import Encoder, LayerTarget
from .layer import AnyLayer, Layer, bound, stack, wrapped
from .learning import Learning
from .lessons import EVERYBODYS, Lessons
from .retry import Retry
from .stream import Stream
from .writing import Writer

if TYPE_CHECKING:
    from ..types.plan import Plan
    from ..types.result import OperationResponse, Result
    from .trace import Observer


R = TypeVar("R", bound="OperationResponse")


class Journey:
    """Layers from the outside in: trace, deadline, the user's, retry, learning, those around each attempt, dispatch.

    With `others`, the ways of other endpoints, these answer where this one cannot.
    """

    def __init__(
        self,
        io: IO,
        target: Target,
        layers: Iterable[AnyLayer] = (),
        observer: Observer | None = None,
        attempt_layers: Iterable[AnyLayer] = (),
        lessons: Lessons = EVERYBODYS,
        others: Sequence[Journey] = (),
        filing: Callable[[], Journey] | None = None,
    ) -> None:
        if target.source is not None:
            from .identity import identified

            io = identified(io, target)
        self.io = io
        self.target = target
        self._writer = writer = Writer(target, io.wall, lessons)
        encoder = Encoder(io, target, writer)
        seen = LayerTarget(target, encoder)
        self._policies = bound(layers, io, seen)
        outer: list[Layer] = [*traced(io, observer), Deadline(io), *self._policies, Retry(io)]
        inner: list[Layer] = [Learning(io, target, writer, lessons), *bound(attempt_layers, io, seen)]
        self._send = stack([*outer, *inner], dispatch(encoder, filing))
        self._first = wrapped(relief(io, others), self.send) if others else self.send

    async def start(self, call: Call) -> Stream:
        """The stream, primed: its first words have arrived."""
        call.journal.started_at = self.io.now()
        return await self._first(call)

    async def send(self, call: Call) -> Stream:
        """The same from this endpoint and nobody else."""
        return await self._send(self.named(call))

    def named(self, call: Call) -> Call:
        """The call to the model as the provider names it, which may be a name of its own."""
        return call if call.endpoint is self.target.endpoint else replace(call, endpoint=self.target.endpoint)

    def plan(self, call: Call) -> Plan:
        """What would become of each part of this call. Nothing is sent."""
        from ..codecs.plan import plan_of

        named = self.named(call)
        return plan_of(named, self._writer.write(named), self.target.origin)

    def written(self, call: Call) -> Outgoing:
        """The request of this call, for those who send it by another way."""
        return self._writer.write(self.named(call))

    async def arrived(self, call: Call, found: Callable[[], Stream]) -> None:
        """Tells the user's layers of an answer that came by another way, such as in a batch, or why there is none."""
        if not self._policies:
            return

        async def send(call: Call) -> Stream:
            return found()

        stream = await stack(self._policies, send)(call)
        await stream.close()

    async def answer(self, call: Call) -> AIModelCallResponse:
        """The whole answer."""
        stream = await self.start(call)
        try:
            answer = await stream.response()
        except DhenaraError as error:
            error.attempts = tuple(call.journal.attempts)
            raise
        return self.report(call, answer, stream.result())

    def report(self, call: Call, answer: ChatResponse, made: Result | None = None) -> AIModelCallResponse:
        """The answer, and what happened on its way."""
        if call.operation == "image":
            from .drawn import drawn

            shown: dict[str, Any] = {"image_response": drawn(answer, made)}
        else:
            shown = {"chat_response": answer}
        journal = call.journal
        began = journal.began_at
        return AIModelCallResponse.made(
            **shown,
            attempts=list(journal.attempts),
            request_id=journal.attempts[-1].request_id if journal.attempts else None,
            response_headers=dict(journal.head.headers) if journal.head else {},
            duration_seconds=self.io.now() - journal.started_at,
            first_token_seconds=None if began is None else began - journal.started_at,
            plan=journal.plan,
            fingerprint=journal.fingerprint,
        )

    async def perform(self, call: Call, kind: type[R]) -> R:
        """The whole answer to an operation beside chat."""
        stream = await self.start(call)
        try:
            await stream.response()
        except DhenaraError as error:
            error.attempts = tuple(call.journal.attempts)
            raise
        made = self.told(call, stream)
        if not isinstance(made, kind):
            raise BadAnswerError(f"the answer to {call.operation!r} has no result in it")
        return made

    def told(self, call: Call, stream: Stream) -> Result | None:
        """What an operation came to so far, and what happened on its way."""
        journal = call.journal
        return stream.result(
            attempts=journal.attempts,
            request_id=journal.attempts[-1].request_id if journal.attempts else None,
            response_headers=dict(journal.head.headers) if journal.head else {},
            duration_seconds=self.io.now() - journal.started_at,
        )

    async def close(self) -> None:
        await self.io.close()


def relief(io: IO, others: Sequence[Journey]) -> Layer:
    """Loaded for those who have others to ask."""
    from .relief import Relief

    return Relief(io, others)


def traced(io: IO, observer: Observer | None) -> list[Layer]:
    """The trace is loaded for those who listen."""
    if observer is None:
        return []
    from .trace import Trace

    return [Trace(io, observer)]
