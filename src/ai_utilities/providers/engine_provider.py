"""The provider class for all providers of the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, ClassVar

from dhenara.ai import AIModelClient
from dhenara.ai.integration import (
    check_chats,
    conceal_options,
    conceals_its_options,
    environment,
    operation_of,
    require_type,
    resolve,
    why_not_offered,
    with_secret_options,
)
from dhenara.ai.types import AIModelCallConfig, Plan

from ..ask_stream import AskStream, AsyncAskStream
from ..concurrency import ask_all, ask_all_async
from ..config.routes import route_name
from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver, ResolvedConfiguration
from ..exceptions import OperationResult, Options, ProviderCapabilityError, ProviderConfigurationError
from ..execution import AnyAsyncCall, AnyCall, PreparedAsyncCall, PreparedCall, in_coroutine, unchanged
from ..middleware import RequestMiddleware
from ..operations.ask_options import ResolvedAsk, call_defaults, resolve_ask
from ..operations.images import FetchedImages, prepare_operation, prepare_operation_async
from ..results import AskResult, AsyncEvents, Embeddings, SyncEvents, model_names, read_final
from .base_provider import BaseProvider
from .defaults import EMBEDDING_MODELS, IMAGE_MODELS, concerns_model, default_model, first_available
from .endpoint import connection_options, endpoints_of, make_fallbacks, make_target, makes_embeddings
from .facts import missing_model, missing_operation_model, no_embedding_model, no_image_model

if TYPE_CHECKING:
    from dhenara.ai.integration import FunctionalType

    from ..results import EngineResult

ANY = "any"  # the name of the model where none is needed


@with_secret_options
class EngineProvider(BaseProvider):
    """A provider of the engine. The configuration is validated when it is created.

    A chat model is needed only for `ask`: without a model in the settings and a default one, `ask` raises before
    sending.

    Args:
        name: Name of the provider. Default None: that of the class, or else of the settings.
        middleware: Cache, usage tracker and layers beside those of the settings. Default None: none.
    """

    takes_context: ClassVar[bool] = True
    has_layers: ClassVar[bool] = True

    def __init__(
        self,
        settings: AiSettings | None = None,
        name: str | None = None,
        *,
        middleware: RequestMiddleware | None = None,
    ) -> None:
        require_type("provider", "name", name, (str, NoneType), "the name of a provider or None")
        self.provider_name = name or self.provider_name
        self._middleware = middleware if middleware is not None else RequestMiddleware()
        self._clients: dict[tuple[str, FunctionalType | None], AIModelClient] = {}
        self._chat_clients: dict[str, AIModelClient] = {}
        super().__init__(settings)

    def _configure_client(self) -> None:
        self.configuration: ResolvedConfiguration = ConfigurationResolver(self.settings).validate(
            self.provider_name or None, needs_model=False
        )
        self.provider_name = self.configuration.provider
        self._config = AIModelCallConfig.model_construct(**call_defaults(self.settings))
        self._fallbacks = make_fallbacks(self.settings, self.provider_name)
        if self.model is not None and self.configuration.facts.chats:
            for endpoint in endpoints_of(make_target(self.configuration, self.settings, self.model)):
                resolve(endpoint, environment())

    @property
    def model(self) -> str | None:
        """The model of calls that name none; None if the server is asked for its models."""
        return self.configuration.model.value

    @property
    def engine(self) -> AIModelClient:
        """The engine's client of the configured model, with the layers of the kit.

        Raises:
            ProviderConfigurationError: If no model is configured.
        """
        if self.model is None:
            raise ProviderConfigurationError(missing_model(self.configuration.facts))
        return self._client(self.model)

    @conceals_its_options
    def ask(self, prompt: str, **kwargs: object) -> AskResult:
        conceal_options(kwargs)
        call = self.prepare_ask(prompt, kwargs)
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    async def ask_async(self, prompt: str, **kwargs: object) -> AskResult:
        conceal_options(kwargs)
        call = await self.prepare_ask_async(prompt, kwargs)
        with call.context():
            return call.read(await call.send())

    def prepare_ask(self, prompt: str, options: Options) -> AnyCall[AskResult]:
        """The call of `ask`, ready to be sent.

        Args:
            prompt: The user message.
            options: Options of the call, with the names of `AskOptions`.
        """
        resolved = self._resolve_ask(prompt, options)
        model = self._chat_model(resolved) or first_available(self.list_models(), self.configuration.facts)
        client = self._chat_client(model)
        call: Callable[..., EngineResult] = client.run if resolved.runs_tools else client.generate
        read = partial(read_final, prompt=resolved.prompt)
        return PreparedCall(
            partial(call, **resolved.arguments), read, self._middleware.scope_of(resolved.cache, resolved.tags)
        )

    async def prepare_ask_async(self, prompt: str, options: Options) -> AnyAsyncCall[AskResult]:
        """The call of `ask_async`, ready to be sent."""
        resolved = self._resolve_ask(prompt, options)
        model = self._chat_model(resolved) or first_available(await self.list_models_async(), self.configuration.facts)
        client = self._chat_client(model)
        call: Callable[..., Awaitable[EngineResult]]
        call = client.run_async if resolved.runs_tools else client.generate_async
        read = partial(read_final, prompt=resolved.prompt)
        return PreparedAsyncCall(
            partial(call, **resolved.arguments), read, self._middleware.scope_of(resolved.cache, resolved.tags)
        )

    def asks_engine(self, *, is_async: bool = False) -> bool:
        """Whether a subclass leaves `ask` as it is, so that clients may send what `prepare_ask` returns.

        Args:
            is_async: Whether `ask_async` is meant. Default False.
        """
        kind = type(self)
        return kind.ask_async is EngineProvider.ask_async if is_async else kind.ask is EngineProvider.ask

    def embeds_with_engine(self, *, is_async: bool = False) -> bool:
        """Whether a subclass leaves `embed` as it is, so that clients may use `embedding_client`.

        Args:
            is_async: Whether `embed_async` is meant. Default False.
        """
        kind = type(self)
        return kind.embed_async is EngineProvider.embed_async if is_async else kind.embed is EngineProvider.embed

    def operates_with_engine(self, *, is_async: bool = False) -> bool:
        """Whether a subclass leaves `operate` as it is, so that clients may use `operation_client`.

        Args:
            is_async: Whether `operate_async` is meant. Default False.
        """
        kind, own = type(self), EngineProvider
        return kind.operate_async is own.operate_async if is_async else kind.operate is own.operate

    def ask_batch(self, prompts: Sequence[str], **kwargs: object) -> list[AskResult]:
        return ask_all(self.ask, prompts, self.settings.concurrency, kwargs)

    async def ask_batch_async(self, prompts: Sequence[str], **kwargs: object) -> list[AskResult]:
        return await ask_all_async(self.ask_async, prompts, self.settings.concurrency, kwargs)

    def ask_stream(self, prompt: str, **kwargs: object) -> AskStream:
        resolved = self._resolve_ask(prompt, kwargs, stream=None)

        def prepare() -> AnyCall[SyncEvents]:
            model = self._chat_model(resolved) or first_available(self.list_models(), self.configuration.facts)
            client = self._chat_client(model)
            if resolved.runs_tools:
                return PreparedCall(partial(client.run_streaming, **resolved.arguments), unchanged)
            send = partial(client.generate, **resolved.arguments, streaming=True)
            return PreparedCall(send, attrgetter("sync_stream_generator"))

        return AskStream(prepare, resolved.prompt, self._middleware.scope_of(resolved.cache, resolved.tags))

    def ask_stream_async(self, prompt: str, **kwargs: object) -> AsyncAskStream:
        resolved = self._resolve_ask(prompt, kwargs, stream=None)

        async def prepare() -> AnyAsyncCall[AsyncEvents]:
            model = self._chat_model(resolved) or first_available(
                await self.list_models_async(), self.configuration.facts
            )
            client = self._chat_client(model)
            if resolved.runs_tools:
                return PreparedAsyncCall(
                    partial(in_coroutine, client.run_streaming_async, **resolved.arguments), unchanged
                )
            send = partial(client.generate_async, **resolved.arguments, streaming=True)
            return PreparedAsyncCall(send, attrgetter("async_stream_generator"))

        return AsyncAskStream(prepare, resolved.prompt, self._middleware.scope_of(resolved.cache, resolved.tags))

    def plan(self, prompt: str, **kwargs: object) -> Plan:
        """Plans without any request, also without listing models."""
        resolved = self._resolve_ask(prompt, kwargs)
        return self._client(self._chat_model(resolved) or ANY).plan(**resolved.arguments)

    def list_models(self) -> list[str]:
        return model_names(self.listing_client().list_models())

    async def list_models_async(self) -> list[str]:
        return model_names(await self.listing_client().list_models_async())

    def listing_client(self) -> AIModelClient:
        """The client that lists the models."""
        return self._client(self.model or ANY)

    def embed(self, texts: Sequence[str], **kwargs: object) -> list[list[float]]:
        options: Options = kwargs
        return Embeddings(self.embedding_client(options).embed(texts, **options))

    async def embed_async(self, texts: Sequence[str], **kwargs: object) -> list[list[float]]:
        options: Options = kwargs
        return Embeddings(await self.embedding_client(options).embed_async(texts, **options))

    def operate(self, operation: str, *arguments: object, **kwargs: object) -> OperationResult:
        call = prepare_operation(self.operation_client(operation, kwargs), operation, arguments, kwargs)
        made = call.read(call.send())
        return made.download() if isinstance(made, FetchedImages) else made

    async def operate_async(self, operation: str, *arguments: object, **kwargs: object) -> OperationResult:
        call = prepare_operation_async(self.operation_client(operation, kwargs), operation, arguments, kwargs)
        made = call.read(await call.send())
        return await made.download_async() if isinstance(made, FetchedImages) else made

    def operation_client(self, operation: str, options: Options) -> AIModelClient:
        """The client of the model that is named, or else of the usual one for this.

        Args:
            operation: The name of the method.
            options: Options of the call; `model` is removed from them.

        Raises:
            ProviderCapabilityError: If the provider does not offer the operation.
            ProviderConfigurationError: If it does, and neither a model is named nor a default one is known.
        """
        if operation != "count_tokens":
            # Tokens are estimated where the provider does not count them.
            self._require(operation_of(operation))
        model = options.pop("model", None) or default_model(self.provider_name, operation, options)
        # The temperature in the settings is for chat.
        if not operation.startswith("submit_batch"):
            options.setdefault("temperature", None)
        if operation != "image":
            model = model or self.model
            needs_name = concerns_model(operation) and self.configuration.facts.needs_key
            if model is None and needs_name:
                raise ProviderConfigurationError(missing_operation_model(self.configuration.facts, operation))
            return self._client(model or ANY)
        if model is None:
            raise ProviderConfigurationError(no_image_model(self.configuration.facts, tuple(IMAGE_MODELS)))
        return self._client(model, "image_generation")

    def _require(self, operation: str) -> None:
        if why := why_not_offered(self.provider_name, operation):
            raise ProviderCapabilityError(why)

    def embedding_client(self, options: Options) -> AIModelClient:
        """The client of the model that is named, or else of the usual one.

        Args:
            options: Options of the call; `model` is removed from them.

        Raises:
            ProviderCapabilityError: If the provider has no embeddings.
            ProviderConfigurationError: If no embedding model is known.
        """
        self._require("embed")
        model = options.pop("model", None) or self.settings.embedding_model
        own = self.model
        if model is None and own is not None and route_name(own):
            target = make_target(self.configuration, self.settings, own)
            model = own if makes_embeddings(target) else None
        model = model or EMBEDDING_MODELS.get(self.provider_name)
        if model is None:
            raise ProviderConfigurationError(no_embedding_model(self.configuration.facts))
        return self._client(model or ANY)

    def close(self) -> None:
        for client in tuple(self._clients.values()):
            client.close()

    async def aclose(self) -> None:
        for client in tuple(self._clients.values()):
            await client.aclose()

    def _chat_model(self, resolved: ResolvedAsk) -> str | None:
        """The model of this call; None if a local server is asked for its models.

        Raises:
            ProviderConfigurationError: If a hosted provider has no default model.
        """
        model = resolved.model or self.configuration.model.value
        if model is None and self.configuration.facts.needs_key:
            raise ProviderConfigurationError(missing_model(self.configuration.facts))
        return model

    def _resolve_ask(
        self, prompt: str, options: Mapping[str, object], stream: str | None = "ask_stream"
    ) -> ResolvedAsk:
        if not self.configuration.facts.chats:
            self._require("chat")
        return resolve_ask(prompt, options, self.settings, stream)

    def _chat_client(self, model: str) -> AIModelClient:
        """The client of a model that answers with text.

        Raises:
            UnsupportedError: If the model generates images.
        """
        client = self._chat_clients.get(model)
        if client is None:
            client = self._client(model)
            check_chats(client.model_endpoint)
            self._chat_clients[model] = client
        return client

    def _client(self, model: str, kind: FunctionalType | None = None) -> AIModelClient:
        """One client per model, shared by threads."""
        client = self._clients.get((model, kind))
        if client is None:
            outer, inner = self._middleware.layers()
            created = AIModelClient(
                make_target(self.configuration, self.settings, model, kind),
                self._config,
                layers=outer,
                attempt_layers=inner,
                fallbacks=self._fallbacks if kind is None else (),
                health=self._middleware.health_store(self.settings),
                **connection_options(self.settings),
            )
            client = self._clients.setdefault((model, kind), created)
        return client
