"""The client: one endpoint, sync and async, streamed or whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..dataclass import replace
from ..errors import SyncAsyncMismatchError
from ..history.parsing import MessageLike, read_history
from ..history.repair import repair_history
from ..history.stored import continues_stored_history
from ..pipeline.learned_store import LearnedConstraints
from ..pipeline.middleware import AnyLayer
from ..pipeline.pipeline import Pipeline
from ..providers.default_operation import default_generation
from ..runtime.sync_io import run
from ..runtime.tls_settings import tls_settings
from ..types.call import Call, CallJournal
from ..types.call_config import AIModelCallConfig
from ..types.call_response import AIModelCallResponse
from ..types.endpoint import AIModelEndpoint
from ..types.secret_options import with_secret_options
from .audio import EngineAudioMixin
from .background import BackgroundMixin
from .batches import EngineBatchesMixin
from .call_factory import as_config, check_options, override_config, read_instructions
from .files import EngineFilesMixin
from .images import EngineImagesMixin
from .models import ModelsMixin
from .operations import OperationsMixin
from .pipelines import PipelineFactory
from .runs import RunsMixin
from .validation import (
    check_endpoint,
    check_endpoints,
    check_is_async,
    check_layers,
    check_lessons,
    check_observer,
    checked_transport,
)

if TYPE_CHECKING:
    import httpx2

    from ..conversation.conversation import Conversation
    from ..conversation.turn import Turn
    from ..pipeline.tracing import Observer
    from ..runtime.tls_settings import Cert, Verify
    from ..runtime.transports import TransportName
    from ..types.plan import Plan
    from ..wire.io_protocol import Transport

    AnyTransport = Transport | httpx2.BaseTransport | httpx2.AsyncBaseTransport


@with_secret_options
class AIModelClient(
    OperationsMixin,
    EngineImagesMixin,
    EngineAudioMixin,
    EngineFilesMixin,
    EngineBatchesMixin,
    RunsMixin,
    ModelsMixin,
    BackgroundMixin,
):
    """Generates from one endpoint.

    Without `is_async` both colours work on the same client; with it, the other one is refused. One client may be
    shared by threads and used from several event loops; connections are kept until `close`, `aclose` or the end
    of a `with`. `layers` are wrapped around every call, `attempt_layers` around every attempt of it; `observer` is
    told what happens to each. `lessons` is where it is remembered what the provider refuses: a file for later
    processes, a `Lessons` of one's own, or nothing for the memory of this process. `fallbacks` are asked in turn for
    words and pictures that this endpoint cannot give, as long as none of them has been heard.

    `transport` carries the requests: `"builtin"` (the default), `"httpx2"` or `"aiohttp"` (each an extra of that
    name; aiohttp is async on asyncio only), a transport of httpx2, or an object with `open` and `close`. `verify` and
    `cert` are what they are in httpx: the certificates to trust (True, False, a path, or an `ssl.SSLContext`), and the
    client's own certificate (a path, or a tuple of certificate, key and password). They hold for every transport that
    is named; `config={"verify": ..., "cert": ...}` of an `AIModelAPI` sets them for one endpoint.
    """

    def __init__(
        self,
        model_endpoint: AIModelEndpoint,
        config: AIModelCallConfig | None = None,
        is_async: bool | None = None,
        *,
        layers: Sequence[AnyLayer] = (),
        attempt_layers: Sequence[AnyLayer] = (),
        observer: Observer | None = None,
        transport: TransportName | AnyTransport | None = None,
        verify: Verify = True,
        cert: Cert | None = None,
        lessons: LearnedConstraints | str | PathLike[str] | None = None,
        fallbacks: Sequence[AIModelEndpoint] = (),
    ) -> None:
        self.model_endpoint = check_endpoint(model_endpoint)
        self.config = as_config(config, AIModelCallConfig.construct_unchecked())
        self.is_async = check_is_async(is_async)
        pipelines = PipelineFactory(
            model_endpoint,
            check_layers(layers, "layers"),
            check_layers(attempt_layers, "attempt_layers"),
            check_observer(observer),
            checked_transport(transport, self.is_async),
            tls_settings(verify, cert),
            check_lessons(lessons),
        )
        self._pipelines = replace(
            pipelines, others=[pipelines.for_endpoint(other) for other in check_endpoints(fallbacks)]
        )
        self._made: str | None = None

    def generate(
        self,
        prompt: MessageLike | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: str | Sequence[str] | None = None,
        messages: Sequence[MessageLike] | None = None,
        *,
        config: AIModelCallConfig | None = None,
        **overrides: Any,
    ) -> AIModelCallResponse:
        """The answer; with `streaming`, a response whose `stream_generator` yields `(chunk, final)`.

        `config` replaces the client's own; `overrides` are single fields of it, such as `temperature=0`.
        """
        if self.is_async is True:
            raise SyncAsyncMismatchError("this is an async client: Use generate_async for async client")
        call = self._call(prompt, context, instructions, messages, config, overrides)
        pipeline = self._pipeline(call.operation, is_async=False)
        if not call.config.streaming:
            return run(pipeline.answer(call))
        from ..streams.chat import SyncStream

        return AIModelCallResponse.streaming(stream=SyncStream(pipeline, call, run(pipeline.start(call))))

    async def generate_async(
        self,
        prompt: MessageLike | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: str | Sequence[str] | None = None,
        messages: Sequence[MessageLike] | None = None,
        *,
        config: AIModelCallConfig | None = None,
        **overrides: Any,
    ) -> AIModelCallResponse:
        """The same, awaited; a stream is then iterated with `async for`."""
        if self.is_async is False:
            raise SyncAsyncMismatchError("this is a sync client: Use generate for sync client")
        call = self._call(prompt, context, instructions, messages, config, overrides)
        pipeline = self._pipeline(call.operation, is_async=True)
        if not call.config.streaming:
            return await pipeline.answer(call)
        from ..streams.chat import AsyncStream

        return AIModelCallResponse.streaming(async_stream=AsyncStream(pipeline, call, await pipeline.start(call)))

    def plan(
        self,
        prompt: MessageLike | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: str | Sequence[str] | None = None,
        messages: Sequence[MessageLike] | None = None,
        *,
        config: AIModelCallConfig | None = None,
        **overrides: Any,
    ) -> Plan:
        """What each part of the conversation would become here: verbatim, translated, or at home. Nothing is sent.

        Raises:
            UnsupportedError: If `generate` would raise it for the same call.
        """
        return self._sync_pipeline().plan(self._call(prompt, context, instructions, messages, config, overrides))

    def conversation(self, instructions: str | Sequence[str] | None = None, turns: Sequence[Turn] = ()) -> Conversation:
        """A conversation that begins here and may go on anywhere. `instructions` hold for all of it."""
        from ..conversation.conversation import Conversation

        return Conversation(self, read_instructions(instructions), turns)

    def with_endpoint(self, model_endpoint: AIModelEndpoint) -> Self:
        """A client like this one for another endpoint, with connections of its own."""
        pipelines = self._pipelines
        return type(self)(
            model_endpoint,
            self.config,
            self.is_async,
            layers=pipelines.layers,
            attempt_layers=pipelines.attempt_layers,
            observer=pipelines.observer,
            transport=pipelines.transport,
            verify=pipelines.tls.verify,
            cert=pipelines.tls.cert,  # type: ignore[arg-type]  # one to three strings
            lessons=pipelines.lessons,
            fallbacks=[other.endpoint for other in pipelines.others],
        )

    def close(self) -> None:
        """Closes the connections of the blocking world. The client may be used again afterwards."""
        self._pipelines.close()

    async def aclose(self) -> None:
        """Closes the connections of the running event loop, and those of the blocking world."""
        await self._pipelines.aclose()

    def __enter__(self) -> Self:
        if self.is_async is True:
            raise SyncAsyncMismatchError("this is an async client: Use 'async with' for async client")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        if self.is_async is False:
            raise SyncAsyncMismatchError("this is a sync client: Use 'with' for sync client")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _call(
        self,
        prompt: MessageLike | None,
        context: Sequence[MessageLike] | None,
        instructions: str | Sequence[str] | None,
        messages: Sequence[MessageLike] | None,
        config: AIModelCallConfig | None,
        overrides: Mapping[str, Any],
        *,
        open_end: bool = False,
    ) -> Call:
        """The call as a value. Whatever cannot work is found here, before anything is sent."""
        settings = self._effective_config(config, overrides)
        data = read_instructions(instructions)
        history, warnings = repair_history(
            read_history(prompt, context, messages),
            open_end=open_end,
            stored=continues_stored_history(settings, self.model_endpoint.ai_model),
        )
        if settings.context_policy is not None and not open_end:
            # What runs is trimmed at each of its requests, for it grows.
            from ..history.truncation import truncate_history

            history, left_out = truncate_history(history, data, settings)
            warnings = (*warnings, *left_out)
        call = Call(
            endpoint=self.model_endpoint,
            messages=history,
            config=settings,
            instructions=data,
            operation=self._default_operation(),
            journal=CallJournal(warnings=warnings),
        )
        check_options(call)
        return call

    def _effective_config(self, config: AIModelCallConfig | None, overrides: Mapping[str, Any]) -> AIModelCallConfig:
        chosen = as_config(config, self.config)
        return override_config(chosen, overrides) if overrides else chosen

    def _default_operation(self) -> str:
        if self._made is None:
            self._made = default_generation(self.model_endpoint)
        return self._made

    def _sync_pipeline(self) -> Pipeline:
        return self._pipeline("chat", is_async=False)

    def _async_pipeline(self) -> Pipeline:
        return self._pipeline("chat", is_async=True)

    def _pipeline(self, operation: str, *, is_async: bool) -> Pipeline:
        return self._pipelines.pipeline(operation, is_async=is_async)
