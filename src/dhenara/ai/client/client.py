"""`AIModelClient`: calls one model endpoint, sync and async, streaming or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from pydantic import SecretStr

import dhenara.ai.streams as streams

from ..errors import SyncAsyncMismatchError
from ..history.parsing import Instructions, MessageLike, take_instructions
from ..history.preparation import truncate_history
from ..http.protocol.message import Transport
from ..http.tls_settings import tls_settings
from ..io.sync_io import run
from ..pipeline.learned_store import LearnedConstraints
from ..pipeline.middleware import AnyLayer
from ..pipeline.pipeline import Pipeline, call_facts
from ..providers.operation_routes import default_generation
from ..types.chat.report import Plan
from ..types.chat.response import AIModelCallResponse
from ..types.config.api import AIModelEndpoint, next_endpoint
from ..types.config.call import AIModelCallConfig, Call, CallJournal
from ..types.config.call_policies import NamedApiOptions
from ..types.config.model import AIModel
from ..types.display import ShortRepr, Shown
from ..wire.secrets import conceal_options, conceals_its_options, with_secret_options
from .background import BackgroundMixin
from .batches import EngineBatchesMixin
from .call_factory import as_config, check_is_async, check_layers, check_observer, check_options, read_repaired_history
from .files import EngineFilesMixin
from .media import EngineAudioMixin, EngineImagesMixin
from .operations import OperationsMixin
from .pipelines import PipelineFactory, check_lessons, checked_transport, make_route
from .routing import RoutingMixin, named_route, shown_route
from .runs import RunsMixin

if TYPE_CHECKING:
    import httpx2

    from ..conversation.conversation import Conversation
    from ..conversation.turn import Turn
    from ..http.tls_settings import Cert, Verify
    from ..http.transport_selection import TransportName
    from ..pipeline.routing.board import HealthStore
    from ..pipeline.tracing import Observer
    from ..types.config.call_options import CallOptions
    from ..types.config.routes import ModelRoute

    AnyTransport = Transport | httpx2.BaseTransport | httpx2.AsyncBaseTransport


@with_secret_options
class AIModelClient(
    OperationsMixin,
    EngineImagesMixin,
    EngineAudioMixin,
    EngineFilesMixin,
    EngineBatchesMixin,
    RunsMixin,
    BackgroundMixin,
    RoutingMixin,
    ShortRepr,
):
    """Client for one model endpoint: `AIModelClient("openai/gpt-5.4-mini").generate("Hello")`.

    It may be shared between threads and used from several event loops. Connections stay open until `close()`,
    `aclose()` or the end of a `with` block.

    Args:
        model_endpoint: API and model to call: an endpoint, the name of a model as for `AIModelEndpoint.of`, such as
            `"openai/gpt-5.4-mini"`, a `ModelRoute` with several deployments (see `routed`), or `"route:NAME"`.
        config: Default settings of all calls.
        is_async: True allows only async methods, False only sync methods, None (default) both.
        api_key: API key for a named model. Default None: read from the provider's environment variable (such as
            OPENAI_API_KEY) when the first request is sent.
        layers: Middleware around each call.
        attempt_layers: Middleware around each attempt (the first request and each retry).
        observer: Function that is called with each event of a call.
        transport: What sends the requests: `"builtin"` (default), `"httpx2"`, `"aiohttp"` (both are extras; aiohttp
            is for asyncio only), an httpx2 transport, or an object with `open` and `close`.
        verify: Certificates to trust, as in httpx: True, False, a path, or an `ssl.SSLContext`.
        cert: Client certificate, as in httpx: a path, or a tuple of certificate, key and password.
            `config={"verify": ..., "cert": ...}` of an `AIModelAPI` sets both for one endpoint.
        lessons: Where parameters that a provider rejected are remembered: a file path shared between processes, a
            `LearnedConstraints` object, or None for the memory of this process.
        fallbacks: Endpoints, or names of models, to try in order if this one fails or rests after failures: a route.
        routes: Routes by name, or a TOML file of them, for `"route:NAME"`. Default None: the file of AI_ROUTES_FILE.
        health: Where processes share which deployments rest; None (default) for this client alone.
        **options: What the provider of a named model needs beside a key; see `ApiOptions`.

    Raises:
        ConfigurationError: If an argument is invalid, or does not name an endpoint.
        SyncAsyncMismatchError: By methods that `is_async` excludes.
    """

    def __init__(
        self,
        model_endpoint: AIModelEndpoint | AIModel | ModelRoute | str,
        config: AIModelCallConfig | None = None,
        is_async: bool | None = None,
        *,
        api_key: str | SecretStr | None = None,
        layers: Sequence[AnyLayer] = (),
        attempt_layers: Sequence[AnyLayer] = (),
        observer: Observer | None = None,
        transport: TransportName | AnyTransport | None = None,
        verify: Verify = True,
        cert: Cert | None = None,
        lessons: LearnedConstraints | str | PathLike[str] | None = None,
        fallbacks: Sequence[AIModelEndpoint | AIModel | str] = (),
        routes: Mapping[str, Any] | str | PathLike[str] | None = None,
        health: HealthStore | None = None,
        **options: Unpack[NamedApiOptions],
    ) -> None:
        conceal_options(options)
        self.model_endpoint, route = make_route(named_route(model_endpoint, routes), fallbacks, api_key, **options)
        self.config = as_config(config, AIModelCallConfig.model_construct())
        self.is_async = check_is_async(is_async)
        pipelines = PipelineFactory(
            self.model_endpoint,
            check_layers(layers, "layers"),
            check_layers(attempt_layers, "attempt_layers"),
            check_observer(observer),
            checked_transport(transport, self.is_async),
            tls_settings(verify, cert),
            check_lessons(lessons),
        )
        self._pipelines = pipelines if route is None else pipelines.along(route, health)
        self._made: str | None = None

    def _shown(self) -> Shown:
        yield None, f"{self.model_endpoint.api.provider}/{self.model_endpoint.ai_model.model_name}"
        yield "is_async", self.is_async
        yield from shown_route(self._pipelines)

    @conceals_its_options
    def generate(
        self,
        prompt: MessageLike | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: str | Sequence[str] | None = None,
        messages: Sequence[MessageLike] | None = None,
        *,
        config: AIModelCallConfig | None = None,
        **options: Unpack[CallOptions],
    ) -> AIModelCallResponse:
        """Generate a response.

        Args:
            prompt: The new user message.
            context: Earlier messages, sent before the prompt.
            instructions: System instructions.
            messages: The whole conversation, instead of `prompt` and `context`.
            config: Replaces the client's config for this call.
            **options: Single fields of `AIModelCallConfig`, such as `temperature=0`; see `CallOptions`.

        Returns:
            The response. With `streaming=True` its `text_stream` yields pieces of text, and its `stream_generator`
            yields `(chunk, final)`.

        Raises:
            ConfigurationError: If an argument is invalid; nothing was sent.
            CallError: If the call failed.
        """
        if options:
            conceal_options(options)
        if self.is_async is True:
            raise SyncAsyncMismatchError("This client is async-only (is_async=True). Use generate_async.")
        call = self._call(prompt, context, instructions, messages, config, **options)
        pipeline = self._pipelines.pipeline(call.operation, is_async=False)
        if not call.config.streaming:
            return run(pipeline.answer(call))
        stream = streams.SyncStream(pipeline, call, pipeline.check_stream(run(pipeline.start(call))))
        return AIModelCallResponse.streaming(stream=stream, **call_facts(call))

    @conceals_its_options
    async def generate_async(
        self,
        prompt: MessageLike | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: str | Sequence[str] | None = None,
        messages: Sequence[MessageLike] | None = None,
        *,
        config: AIModelCallConfig | None = None,
        **options: Unpack[CallOptions],
    ) -> AIModelCallResponse:
        """Async version of `generate`; iterate over a stream with `async for`."""
        if options:
            conceal_options(options)
        if self.is_async is False:
            raise SyncAsyncMismatchError("This client is sync-only (is_async=False). Use generate.")
        call = self._call(prompt, context, instructions, messages, config, **options)
        pipeline = self._pipelines.pipeline(call.operation, is_async=True)
        if not call.config.streaming:
            return await pipeline.answer(call)
        stream = streams.AsyncStream(pipeline, call, pipeline.check_stream(await pipeline.start(call)))
        return AIModelCallResponse.streaming(async_stream=stream, **call_facts(call))

    def plan(
        self,
        prompt: MessageLike | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: str | Sequence[str] | None = None,
        messages: Sequence[MessageLike] | None = None,
        *,
        config: AIModelCallConfig | None = None,
        **options: Unpack[CallOptions],
    ) -> Plan:
        """Show how each part of the conversation would be sent, without sending anything.

        Arguments as for `generate`.

        Returns:
            For each part whether it is sent unchanged, translated, or not sent.

        Raises:
            UnsupportedError: If `generate` would raise it for the same call.
        """
        return self._sync_pipeline().plan(self._call(prompt, context, instructions, messages, config, **options))

    def conversation(
        self, instructions: Instructions = None, turns: Sequence[Turn] = (), *, system: Instructions = None
    ) -> Conversation:
        """Start a conversation, which keeps its own history and can continue on other clients.

        Args:
            instructions: System instructions for all turns.
            turns: Earlier turns to continue from.
            system: The same as `instructions`.
        """
        from ..conversation.conversation import Conversation

        return Conversation(self, take_instructions(instructions, {"system": system}), turns)

    def with_endpoint(self, model_endpoint: AIModelEndpoint | AIModel | str) -> Self:
        """Return a client with the same settings for another endpoint; it opens its own connections.

        Args:
            model_endpoint: The endpoint, or the name of a model. A model without a provider is called at the provider
                of this client, with its key.
        """
        pipelines, endpoint = self._pipelines, next_endpoint(model_endpoint, self.model_endpoint)
        return type(self)(
            pipelines.starting_at(endpoint),
            self.config,
            self.is_async,
            layers=pipelines.layers,
            attempt_layers=pipelines.attempt_layers,
            observer=pipelines.observer,
            transport=pipelines.transport,
            verify=pipelines.tls.verify,
            cert=pipelines.tls.cert,  # type: ignore[arg-type]  # one to three strings
            lessons=pipelines.lessons,
            health=pipelines.health,
        )

    def close(self) -> None:
        """Close the connections of sync calls. They are opened again if the client is used afterwards."""
        self._pipelines.close()

    async def aclose(self) -> None:
        """Close the connections of sync calls and of the running event loop. They are opened again when needed."""
        await self._pipelines.aclose()

    def __enter__(self) -> Self:
        if self.is_async is True:
            raise SyncAsyncMismatchError("This client is async-only (is_async=True). Use 'async with'.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        if self.is_async is False:
            raise SyncAsyncMismatchError("This client is sync-only (is_async=False). Use 'with'.")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return a method that clients had in version 1, such as `cleanup_sync`."""
            if name.startswith(("cleanup_", "generate_with_existing_connection")):
                return import_module("dhenara.ai.compat.models").old_method(self, name)
            return super().__getattr__(name)

    def _call(
        self,
        prompt: MessageLike | None,
        context: Sequence[MessageLike] | None,
        instructions: str | Sequence[str] | None,
        messages: Sequence[MessageLike] | None,
        config: AIModelCallConfig | None,
        *,
        open_end: bool = False,
        **options: Unpack[CallOptions],
    ) -> Call:
        """Build and validate the call; every invalid argument raises here, before anything is sent."""
        system = take_instructions(instructions, options) if options or instructions is not None else ()
        settings = self._effective_config(config, **options) if options or config is not None else self.config
        history, warnings = read_repaired_history(
            self.model_endpoint, settings, prompt, context, messages, open_end=open_end
        )
        if settings.context_policy is not None and not open_end:
            # A run truncates its history before each request instead, because the history grows.
            history, left_out = truncate_history(history, system, settings)
            warnings = (*warnings, *left_out)
        call = Call(
            endpoint=self.model_endpoint,
            messages=history,
            config=settings,
            instructions=system,
            operation=self._made or self._default_operation(),
            journal=CallJournal(warnings=warnings),
        )
        check_options(call)
        return call

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
