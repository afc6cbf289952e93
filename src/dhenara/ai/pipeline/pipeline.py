"""The pipeline: all layers between a client and one endpoint, sync or async; and the responses it returns."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..catalog.learned_constraints import SupportedDefaults
from ..codecs.base import EncodedRequest
from ..codecs.common.plan import build_plan
from ..errors import BadAnswerError, DhenaraError
from ..io.protocol import IO
from ..providers.target import ResolvedTarget
from ..types.chat.report import OperationResponse, Plan, Result
from ..types.chat.response import RESPONSE, AIModelCallResponse, ChatResponse
from ..types.chat.usage import Usage
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.content.media import Origin
from ..types.content.parts import ImageContent
from ..types.operations.images import GeneratedImage, ImageResponse
from .authentication import with_authentication
from .call_log import record_call
from .learned_store import SHARED_CONSTRAINTS, LearnedConstraints
from .middleware import AnyLayer, Encoder, Layer, LayerTarget, Send, bind_layers, missing_stream, stack_layers
from .request_builder import RequestBuilder
from .retry import RefusalLearner, Retry
from .streaming.completed_stream import answer_in_test_mode
from .streaming.stream import Stream
from .timeouts import with_deadline
from .transport_call import RequestSender

if TYPE_CHECKING:
    from .routing.router import Router
    from .tracing import Observer, RunTracing

R = TypeVar("R", bound=OperationResponse)


class Pipeline:
    """Sends calls through its layers, from the outside in:

    tracing, the user's layers, retry (also without refused parameters), the user's attempt layers, HTTP. With a
    `router`, calls go to the deployment that it chooses; this endpoint is the first of them.
    """

    def __init__(
        self,
        io: IO,
        target: ResolvedTarget,
        layers: Iterable[AnyLayer] = (),
        observer: Observer | None = None,
        attempt_layers: Iterable[AnyLayer] = (),
        lessons: LearnedConstraints = SHARED_CONSTRAINTS,
        filing: Callable[[], Pipeline] | None = None,
    ) -> None:
        self.io = io = with_authentication(io, target)
        self.target = target
        self._defaults = SupportedDefaults()
        self._builder = builder = RequestBuilder(target, io.time, lessons)
        self._encoder = encoder = Encoder(io, target, builder)
        layer_target = LayerTarget(target, encoder)
        layers = tuple(layers)
        self.start_tracing = run_tracing(layers, observer, io, target.origin)
        self._policies = bind_layers(layers, io, layer_target)
        tracing = [] if observer is None else [trace_layer(io, observer)]
        retry = Retry(io, RefusalLearner(io, target, builder, lessons))
        self._send = stack_layers(
            [
                *tracing,
                *self._policies,
                retry.retry_failures,
                *bind_layers(attempt_layers, io, layer_target),
            ],
            RequestSender(encoder, filing).send_request,
        )
        self.router: Router | None = None

    @property
    def endpoint(self) -> AIModelEndpoint:
        """The endpoint, with the provider's name for the model."""
        return self.target.endpoint

    def start(self, call: Call) -> Coroutine[Any, Any, Stream]:
        """Start the call and return its stream after the first content has arrived; to be awaited."""
        send, call = self.route(call)
        return send(call)

    async def send(self, call: Call) -> Stream:
        """Send the call to this endpoint only, without its route."""
        stream = await self._send(self._prepare(call))
        return self.check_stream(stream)

    def check_stream(self, stream: object) -> Stream:
        """Return the stream of a call, or raise an error if a layer has returned something else."""
        if not isinstance(stream, Stream):
            raise missing_stream(self._send, stream)
        return stream

    def route(self, call: Call) -> tuple[Send, Call]:
        """Return the outermost layer, and the call that it takes."""
        call.journal.started_at = self.io.monotonic()
        if call.config.test_mode:
            return answer_in_test_mode, call
        route = (self._send, self._prepare(call)) if self.router is None else (self.router.route_call, call)
        artifacts = call.config.artifact_config
        if artifacts is None or not artifacts.enabled:
            return route
        return partial(record_call, send=route[0], encoder=self._encoder, config=artifacts), route[1]

    def _prepare(self, call: Call) -> Call:
        """Return the call with its deadline, as this endpoint gets it."""
        if call.config.timeout is None and call.endpoint is self.target.endpoint and not call.config.if_supported:
            return call  # nothing is different
        return self._adapt(with_deadline(call, self.io))

    def _adapt(self, call: Call) -> Call:
        """Return the call with the provider's own name for the model, and without defaults that it may refuse."""
        named = call if call.endpoint is self.target.endpoint else replace(call, endpoint=self.target.endpoint)
        return self._defaults.apply(named) if call.config.if_supported else named

    def plan(self, call: Call) -> Plan:
        """Return how each part of the call would be sent, without sending it."""
        named = self._adapt(call)
        return build_plan(named, self._builder.write(named), self.target.origin)

    def write_request(self, call: Call) -> EncodedRequest:
        """Return the encoded request, for callers that send it in another way."""
        return self._builder.write(self._adapt(call))

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
        send, prepared = self.route(call)
        return await self.read_answer(call, await send(prepared))

    async def read_answer(self, call: Call, stream: Stream) -> AIModelCallResponse:
        """Read the stream of a chat call to its end, and return the response."""
        if not isinstance(stream, Stream):
            raise missing_stream(self._send, stream)
        try:
            answer = await stream.response()
        except DhenaraError as error:
            error.attempts = tuple(call.journal.attempts)
            raise
        return self.report(call, answer, stream.result() if call.operation == "image" else None)

    def report(self, call: Call, answer: ChatResponse, made: Result | None = None) -> AIModelCallResponse:
        """Return the client response: answer, attempts, timings and headers."""
        facts = call_facts(call)
        facts["duration_seconds"] = self.io.monotonic() - call.journal.started_at
        if call.operation == "image":
            return RESPONSE.make({**facts, "image_response": to_image_response(answer, made)})
        return RESPONSE.make({**facts, "chat_response": answer})

    async def perform(self, call: Call, kind: type[R]) -> R:
        """Send an operation other than chat and return its complete result."""
        send, prepared = self.route(call)
        return await self.read_result(call, await send(prepared), kind)

    async def read_result(self, call: Call, stream: Stream, kind: type[R]) -> R:
        """Read the stream of an operation other than chat to its end, and return the result."""
        if not isinstance(stream, Stream):
            raise missing_stream(self._send, stream)
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


def call_facts(call: Call) -> dict[str, Any]:
    """Return what a response says about its requests; of a stream, what is known when it begins."""
    journal = call.journal
    began = journal.began_at
    return {
        "attempts": list(journal.attempts),
        "request_id": journal.attempts[-1].request_id if journal.attempts else None,
        "response_headers": dict(journal.head.headers) if journal.head else {},
        "first_token_seconds": None if began is None else began - journal.started_at,
        "plan": journal.plan,
        "fingerprint": journal.fingerprint,
    }


def to_image_response(answer: ChatResponse, made: Result | None) -> ImageResponse:
    """Return the images; for a chat response, its image parts and its text."""
    if isinstance(made, ImageResponse):
        return made
    parts = [part for choice in answer.choices for part in choice.contents]
    images = [to_generated_image(part) for part in parts if isinstance(part, ImageContent)]
    made = ImageResponse(
        id=answer.id,
        model=answer.model,
        provider=answer.provider,
        images=images,
        text=answer.text,
        usage=with_images(answer.usage, len(images)),
        warnings=answer.warnings,
        extras={**answer.extras, **finish_facts(answer)},
    )
    return made.with_pricing(lambda _: answer.cost)


def with_images(usage: Usage, made: int) -> Usage:
    """Return the usage of a chat answer with the number of its images."""
    if not usage.known or not made:
        return usage
    return usage.model_copy(
        update={"units": {**usage.units, "images": float(made)}, "counted": (*usage.counted, "images")}
    )


def to_generated_image(part: ImageContent) -> GeneratedImage:
    return GeneratedImage.model_construct(**dict(part)) if not isinstance(part, GeneratedImage) else part


def finish_facts(answer: ChatResponse) -> dict[str, str]:
    """Return finish reason and error, which explain why there may be no image."""
    reason = answer.choices[0].raw_finish_reason if answer.choices else None
    details = {"finish_reason": reason, "error": answer.error}
    return {name: value for name, value in details.items() if value}


def run_tracing(
    layers: Iterable[AnyLayer], observer: Observer | None, io: IO, origin: Origin
) -> Callable[[Call], tuple[RunTracing | None, Call]]:
    """Return what starts the traces of a run, if a layer or an observer follows runs."""
    tracers = [layer for layer in layers if hasattr(layer, "start_run")]
    if not tracers and observer is None:
        return lambda call: (None, call)
    from .tracing import start_tracing

    return partial(start_tracing, tracers, observer, io, origin)


def trace_layer(io: IO, observer: Observer) -> Layer:
    """Return the layer that reports the events of calls to the observer."""
    from .tracing import Trace

    return Trace(io, observer).trace_call
