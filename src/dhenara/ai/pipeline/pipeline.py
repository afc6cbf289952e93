"""The pipeline: all layers between a client and one endpoint, for sync or async IO."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..codecs.base import EncodedRequest
from ..dataclass import replace
from ..errors import BadAnswerError, DhenaraError
from ..providers.target import ResolvedTarget
from ..types.call import Call
from ..types.call_response import AIModelCallResponse
from ..types.response import ChatResponse
from ..wire.io_protocol import IO
from .adaptive_retry import AdaptiveRetry
from .deadline import Deadline
from .exchange import Encoder, LayerTarget
from .learned_store import EVERYBODYS, LearnedConstraints
from .middleware import AnyLayer, Layer, bind_layers, stack_layers, wrap_layer
from .request_builder import RequestBuilder
from .retry import Retry
from .stream import Stream
from .transport_call import dispatch

if TYPE_CHECKING:
    from ..types.plan import Plan
    from ..types.result import OperationResponse, Result
    from .tracing import Observer


R = TypeVar("R", bound="OperationResponse")


class Pipeline:
    """Sends calls through its layers, from the outside in:

    tracing, deadline, the user's layers, retry, adaptive retry, the user's attempt layers, HTTP. With `others`, the
    pipelines of fallback endpoints, these are tried when this endpoint fails.
    """

    def __init__(
        self,
        io: IO,
        target: ResolvedTarget,
        layers: Iterable[AnyLayer] = (),
        observer: Observer | None = None,
        attempt_layers: Iterable[AnyLayer] = (),
        lessons: LearnedConstraints = EVERYBODYS,
        others: Sequence[Pipeline] = (),
        filing: Callable[[], Pipeline] | None = None,
    ) -> None:
        if target.source is not None:
            from .authentication import with_authentication

            io = with_authentication(io, target)
        self.io = io
        self.target = target
        self._builder = builder = RequestBuilder(target, io.time, lessons)
        encoder = Encoder(io, target, builder)
        seen = LayerTarget(target, encoder)
        self._policies = bind_layers(layers, io, seen)
        outer: list[Layer] = [*trace_layers(io, observer), Deadline(io), *self._policies, Retry(io)]
        inner: list[Layer] = [AdaptiveRetry(io, target, builder, lessons), *bind_layers(attempt_layers, io, seen)]
        self._send = stack_layers([*outer, *inner], dispatch(encoder, filing))
        self._first = wrap_layer(make_fallback(io, others), self.send) if others else self.send

    async def start(self, call: Call) -> Stream:
        """Start the call and return its stream after the first content has arrived."""
        call.journal.started_at = self.io.monotonic()
        return await self._first(call)

    async def send(self, call: Call) -> Stream:
        """Send the call to this endpoint only, without fallbacks."""
        return await self._send(self.with_provider_model_name(call))

    def with_provider_model_name(self, call: Call) -> Call:
        """Return the call with the provider's own name for the model."""
        return call if call.endpoint is self.target.endpoint else replace(call, endpoint=self.target.endpoint)

    def plan(self, call: Call) -> Plan:
        """Return how each part of the call would be sent, without sending it."""
        from ..codecs.plan import build_plan

        named = self.with_provider_model_name(call)
        return build_plan(named, self._builder.write(named), self.target.origin)

    def write_request(self, call: Call) -> EncodedRequest:
        """Return the encoded request, for callers that send it in another way."""
        return self._builder.write(self.with_provider_model_name(call))

    async def notify_layers(self, call: Call, respond: Callable[[], Stream]) -> None:
        """Pass a response that arrived in another way, such as in a batch, through the user's layers."""
        if not self._policies:
            return

        async def send(call: Call) -> Stream:
            return respond()

        stream = await stack_layers(self._policies, send)(call)
        await stream.close()

    async def answer(self, call: Call) -> AIModelCallResponse:
        """Send the call and return the complete response."""
        stream = await self.start(call)
        try:
            answer = await stream.response()
        except DhenaraError as error:
            error.attempts = tuple(call.journal.attempts)
            raise
        return self.report(call, answer, stream.result())

    def report(self, call: Call, answer: ChatResponse, made: Result | None = None) -> AIModelCallResponse:
        """Return the client response: answer, attempts, timings and headers."""
        if call.operation == "image":
            from .image_result import to_image_response

            shown: dict[str, Any] = {"image_response": to_image_response(answer, made)}
        else:
            shown = {"chat_response": answer}
        journal = call.journal
        began = journal.began_at
        return AIModelCallResponse.construct_unchecked(
            **shown,
            attempts=list(journal.attempts),
            request_id=journal.attempts[-1].request_id if journal.attempts else None,
            response_headers=dict(journal.head.headers) if journal.head else {},
            duration_seconds=self.io.monotonic() - journal.started_at,
            first_token_seconds=None if began is None else began - journal.started_at,
            plan=journal.plan,
            fingerprint=journal.fingerprint,
        )

    async def perform(self, call: Call, kind: type[R]) -> R:
        """Send an operation other than chat and return its complete result."""
        stream = await self.start(call)
        try:
            await stream.response()
        except DhenaraError as error:
            error.attempts = tuple(call.journal.attempts)
            raise
        made = self.operation_result(call, stream)
        if not isinstance(made, kind):
            raise BadAnswerError(f"the response to {call.operation!r} contains no result")
        return made

    def operation_result(self, call: Call, stream: Stream) -> Result | None:
        """Return the result of an operation so far, with attempts, timings and headers."""
        journal = call.journal
        return stream.result(
            attempts=journal.attempts,
            request_id=journal.attempts[-1].request_id if journal.attempts else None,
            response_headers=dict(journal.head.headers) if journal.head else {},
            duration_seconds=self.io.monotonic() - journal.started_at,
        )

    async def close(self) -> None:
        await self.io.close()


def make_fallback(io: IO, others: Sequence[Pipeline]) -> Layer:
    """Imported only when there are fallbacks."""
    from .fallback import Fallback

    return Fallback(io, others)


def trace_layers(io: IO, observer: Observer | None) -> list[Layer]:
    """Imported only when there is an observer."""
    if observer is None:
        return []
    from .tracing import Trace

    return [Trace(io, observer)]
