"""The operations of both clients, written once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, TypeVar

from dhenara.ai.integration import named_provider, provider_name, read_model_name, read_next_model_name, require_type

from ..ask_stream import AskStream, AsyncAskStream, AsyncProviderStream, ProviderStream
from ..config import has_own_server, main_provider
from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver, Explanation
from ..exceptions import Arguments, Json, OperationResult, Options, ProviderCapabilityError
from ..execution import (
    AnyAsyncCall,
    AnyCall,
    Around,
    ExecutionMode,
    PreparedAsyncCall,
    PreparedCall,
    ValidatedAsk,
    run_sync,
    unchanged,
)
from ..middleware import RequestMiddleware
from ..providers.base_provider import BaseProvider, complete_provider, read_answer
from ..providers.engine_provider import EngineProvider
from ..providers.factory import create_provider
from ..providers.tables_folder import use_tables_of
from ..results import AskResult, Embeddings, model_names
from .images import prepare_operation, prepare_operation_async
from .option_checks import MANY_OPTIONS, own_options, starts_run
from .texts import create_repair_prompt, json_instructions, read_object, with_validators
from .typed_answers import OutputReader, TypedResult

if TYPE_CHECKING:
    from dhenara.ai import AIModelClient
    from dhenara.ai.integration import Shown
    from dhenara.ai.types import Plan, Run


T = TypeVar("T")


class ClientCore:
    """Settings, providers and middleware of a client. The provider is created and validated at once."""

    def __init__(
        self,
        mode: ExecutionMode,
        settings: AiSettings | None,
        provider: BaseProvider | str | None,
        middleware: RequestMiddleware,
    ) -> None:
        require_type("client", "settings", settings, (AiSettings, NoneType), "an AiSettings or None")
        self.mode = mode
        self.settings = settings if settings is not None else AiSettings()
        self.middleware = middleware
        use_tables_of(self.settings)
        middleware.configure(self.settings)
        self.provider = create_provider(self.settings, provider, middleware=middleware)
        complete_provider(self.provider, self.settings)
        self._own_engine = self.provider if isinstance(self.provider, EngineProvider) else None
        self._is_set = provider is not None or main_provider(self.settings).is_named
        # Values given for this provider are never used for another one, also if a call names another. Headers and
        # entries may contain its secrets.
        own_values: Options = {"extra_headers": {}, "provider_config": {}}
        self._others = self.settings.model_copy(update=own_values).bound_to(self.provider.provider_name)
        self._providers: dict[str, BaseProvider] = {self.provider.provider_name: self.provider}

    def choose_provider(self, options: Options) -> BaseProvider:
        """The provider of this call: the one that it names, also before the model, or the client's own.

        Removes the provider from the options, and from the name of the model.
        """
        if not options:
            return self.provider
        wanted = options.pop("provider", None)
        if isinstance(wanted, BaseProvider):
            return wanted
        if isinstance(options.get("model"), str):
            wanted = self._read_model(wanted, options)
        if wanted is None:
            return self.provider
        provider = self._providers.get(wanted)
        if provider is None:
            created = create_provider(self._others, wanted, middleware=self.middleware)
            provider = self._providers.setdefault(wanted, self._providers.setdefault(created.provider_name, created))
        return provider

    def shown(self) -> Shown:
        """What the repr of a client contains."""
        model = getattr(self.provider, "model", None) or self.settings.model
        name = self.provider.provider_name
        yield None, model if str(model).startswith("route:") else f"{name}/{model}" if model else name
        if self.middleware.cache is not None:
            yield "cache", type(self.middleware.cache).__name__
        yield "usage_store", self.settings.usage_store
        limits = ("requests_per_minute", "tokens_per_minute", "requests_per_day", "tokens_per_day", "budget_usd")
        yield from ((name, getattr(self.settings, name)) for name in limits)

    def _read_model(self, wanted: str | None, options: Options) -> str | None:
        """Return the provider of a call that names a model, and put the provider's name of the model into the options.

        A model without a provider is called at the client's provider, or at its maker if the client has only the
        default one.
        """
        text, own = options["model"], wanted or self.provider.provider_name
        if provider_name(own) is None:
            return wanted  # a custom provider, whose models may have any name
        if wanted is not None:
            name = read_model_name(text, wanted)
        elif self._is_set:
            name = read_next_model_name(text, own)
        else:
            name = read_model_name(text, own_server=has_own_server(self.settings))
        if name.model is None:
            del options["model"]
        else:
            options["model"] = name.model
        return wanted if name.provider in (None, own) else name.provider

    @property
    def engine(self) -> AIModelClient:
        """The engine's client of the client's provider."""
        if isinstance(self.provider, EngineProvider):
            return self.provider.engine
        raise ProviderCapabilityError(
            f"{self.provider.provider_name}: a custom provider has no client of the engine. Use the methods of this "
            "client, or a provider of the engine."
        )

    def _engine_provider(self, provider: BaseProvider) -> EngineProvider | None:
        """The provider, if it is one of the engine."""
        if provider is self.provider:
            return self._own_engine  # nearly always
        return provider if isinstance(provider, EngineProvider) else None

    def prepare_ask(self, prompt: str, options: Options) -> AnyCall[AskResult]:
        """The call of one prompt, for sync code."""
        provider = self.choose_provider(options) if options else self.provider
        engine = self._engine_provider(provider)
        if engine is not None and engine.asks_engine():
            return engine.prepare_ask(prompt, options)
        return PreparedCall(partial(self._ask_sync, provider, prompt, options), unchanged)

    async def prepare_ask_async(self, prompt: str, options: Options) -> AnyAsyncCall[AskResult]:
        """The call of one prompt, for async code."""
        provider = self.choose_provider(options) if options else self.provider
        engine = self._engine_provider(provider)
        if engine is not None and engine.asks_engine(is_async=True):
            return await engine.prepare_ask_async(prompt, options)
        return PreparedAsyncCall(partial(self._ask_provider, provider, prompt, options), unchanged)

    def _ask_sync(self, provider: BaseProvider, prompt: str, options: Options) -> AskResult:
        return run_sync(self._ask_provider(provider, prompt, options))

    async def _ask_provider(self, provider: BaseProvider, prompt: str, options: Options) -> AskResult:
        """Asks a custom provider, through the cache and with a report of its usage."""
        tags = None if provider.has_layers else options.pop("tags", None)
        return self.track_usage(provider, await self.middleware.ask(self.mode, provider, prompt, options, tags), tags)

    def track_usage(
        self, provider: BaseProvider, result: AskResult, tags: Mapping[str, str] | None = None
    ) -> AskResult:
        """Reports usage to the tracker, unless the layers already do."""
        if not (provider.has_layers and self.middleware.tracks_requests):
            self.middleware.track(result, provider, tags)
        return result

    async def ask_batch(self, prompts: Sequence[str], options: Options) -> list[AskResult]:
        provider = self.choose_provider(options)
        if not provider.has_layers:
            options = {name: value for name, value in options.items() if name not in ("cache", "tags")}
        answers = await self.mode.ask_batch(provider, list(prompts), options)
        results = [read_answer(answer, prompt) for answer, prompt in zip(answers, prompts, strict=False)]
        return [self.track_usage(provider, result) if result.ok else result for result in results]

    def stream(self, prompt: str, options: Options) -> AskStream | ProviderStream:
        provider = self.choose_provider(options)
        pieces = provider.ask_stream(prompt, **options)
        stream = pieces if isinstance(pieces, AskStream) else ProviderStream(pieces, prompt, provider.provider_name)
        stream.on_end(partial(self.track_usage, provider))
        return stream

    def stream_async(self, prompt: str, options: Options) -> AsyncAskStream | AsyncProviderStream:
        provider = self.choose_provider(options)
        pieces = provider.ask_stream_async(prompt, **options)
        name = provider.provider_name
        stream = pieces if isinstance(pieces, AsyncAskStream) else AsyncProviderStream(pieces, prompt, name)
        stream.on_end(partial(self.track_usage, provider))
        return stream

    def ask_json(self, prompt: str, schema: Json | None, max_repairs: int, options: Options) -> ValidatedAsk[Json]:
        """The requests for a JSON value."""
        return self._validated_ask(prompt, schema, read_object, max_repairs, options)

    def ask_typed(
        self, prompt: str, reader: OutputReader[T], max_repairs: int, options: Options
    ) -> ValidatedAsk[TypedResult[T]]:
        """The requests for an instance of a type."""
        read = with_validators(reader.read, options.pop("validators", None))
        return self._validated_ask(prompt, reader.schema, read, max_repairs, options)

    def _validated_ask(
        self, prompt: str, schema: Json | None, read: Callable[[AskResult], T], max_repairs: int, options: Options
    ) -> ValidatedAsk[T]:
        prompt = self._add_schema(prompt, schema, options)
        return ValidatedAsk(prompt, options, read, create_repair_prompt, max_repairs)

    def _add_schema(self, prompt: str, schema: Json | None, options: Options) -> str:
        """Passes the schema to the engine; for a custom provider, adds it to the prompt."""
        if not isinstance(self.choose_provider(dict(options)), EngineProvider):
            return f"{prompt}\n\n{json_instructions(schema)}"
        if schema is not None:
            options.setdefault("structured_output", schema)
        if schema is None:
            system = options.pop("system", None) or self.settings.system_prompt
            instructions = [system] if isinstance(system, str) else list(system or ())
            options["system"] = [*instructions, json_instructions(schema)]
        return prompt

    def prepare_models(self, provider: BaseProvider | str | None) -> AnyCall[list[str]]:
        """The call that lists the models of a provider, for sync code."""
        chosen = self.choose_provider({"provider": provider})
        if isinstance(chosen, EngineProvider) and type(chosen).list_models is EngineProvider.list_models:
            return PreparedCall(chosen.listing_client().list_models, model_names)
        return PreparedCall(chosen.list_models, unchanged)

    def prepare_models_async(self, provider: BaseProvider | str | None) -> AnyAsyncCall[list[str]]:
        """The call that lists the models of a provider, for async code."""
        chosen = self.choose_provider({"provider": provider})
        if isinstance(chosen, EngineProvider) and type(chosen).list_models_async is EngineProvider.list_models_async:
            return PreparedAsyncCall(chosen.listing_client().list_models_async, model_names)
        return PreparedAsyncCall(chosen.list_models_async, unchanged)

    def prepare_embed(self, texts: Sequence[str], options: Options) -> AnyCall[list[list[float]]]:
        """The call that embeds these texts, for sync code."""
        provider, context = self.choose_embedder(options), self._scope(options)
        if isinstance(provider, EngineProvider) and provider.embeds_with_engine():
            return PreparedCall(
                partial(provider.embedding_client(options).embed, texts, **options), Embeddings, context
            )
        return PreparedCall(partial(provider.embed, texts, **options), unchanged, context)

    def prepare_embed_async(self, texts: Sequence[str], options: Options) -> AnyAsyncCall[list[list[float]]]:
        """The call that embeds these texts, for async code."""
        provider, context = self.choose_embedder(options), self._scope(options)
        if isinstance(provider, EngineProvider) and provider.embeds_with_engine(is_async=True):
            send = partial(provider.embedding_client(options).embed_async, texts, **options)
            return PreparedAsyncCall(send, Embeddings, context)
        return PreparedAsyncCall(partial(provider.embed_async, texts, **options), unchanged, context)

    def prepare_operation(self, operation: str, arguments: Arguments, options: Options) -> AnyCall[OperationResult]:
        """The call of an operation other than chat, by method name, for sync code."""
        provider, context = self.choose_provider(options), self._scope(options)
        if isinstance(provider, EngineProvider) and provider.operates_with_engine():
            client = provider.operation_client(operation, options)
            return replace(prepare_operation(client, operation, arguments, options), context=context)
        return PreparedCall(partial(provider.operate, operation, *arguments, **options), unchanged, context)

    def prepare_operation_async(
        self, operation: str, arguments: Arguments, options: Options
    ) -> AnyAsyncCall[OperationResult]:
        """The call of an operation other than chat, by method name, for async code."""
        provider, context = self.choose_provider(options), self._scope(options)
        if isinstance(provider, EngineProvider) and provider.operates_with_engine(is_async=True):
            client = provider.operation_client(operation, options)
            return replace(prepare_operation_async(client, operation, arguments, options), context=context)
        return PreparedAsyncCall(partial(provider.operate_async, operation, *arguments, **options), unchanged, context)

    def _scope(self, options: Options) -> Around:
        """The context with the cache policy and tags of one call, which are taken out of its options."""
        return partial(self.middleware.request_scope, options.pop("cache", None), options.pop("tags", None))

    def choose_embedder(self, options: Options) -> BaseProvider:
        """The provider of an embedding call; the embedding model of the settings may name it."""
        own = self.settings.embedding_model
        if own is not None and named_provider(own) is not None and options.keys().isdisjoint(("model", "provider")):
            options["model"] = own
        return self.choose_provider(options)

    async def operate(self, operation: str, arguments: Arguments, options: Options) -> OperationResult:
        """Calls an operation other than chat on the provider's engine client, by method name."""
        provider = self.choose_provider(options)
        with self.middleware.request_scope(options.pop("cache", None), options.pop("tags", None)):
            return await self.mode.operate(provider, operation, arguments, options)

    def check_options(self, options: Mapping[str, object]) -> None:
        """Raises an error for options of many prompts that can only be a mistake, before anything is sent. Custom
        providers have their own options.
        """
        self.own_options(options, MANY_OPTIONS)

    def own_options(self, options: Mapping[str, object], arguments: Sequence[str] = ()) -> Options:
        """The options under the names of this package, checked; those of a custom provider as they are."""
        if isinstance(self.choose_provider(dict(options)), EngineProvider):
            return own_options(options, "ask_stream", arguments)
        return dict(options)

    def current_model(self, options: Options) -> tuple[str, str | None]:
        """The provider and the model of a call with these options; no model if the provider is asked for it."""
        options = dict(options)
        provider = self.choose_provider(options)
        return provider.provider_name, options.get("model") or getattr(provider, "model", None)

    def require_context_support(self, options: Options) -> None:
        """Raises an error if the provider does not accept earlier turns."""
        provider = self.choose_provider(dict(options))
        if not provider.takes_context:
            raise ProviderCapabilityError(
                f"{provider.provider_name}: conversations are not supported. A custom provider for conversations sets "
                "takes_context = True and reads context=[...] in ask."
            )

    def with_run_callback(self, options: Options, on_end: Callable[[Run[Json]], object]) -> Options:
        """Adds the callback by which the engine reports a tool run to the conversation, however it ended."""
        if not isinstance(self.choose_provider(dict(options)), EngineProvider):
            return options
        callback = {"on_end": on_end} if starts_run(options) else {}
        config = options.get("config")
        marked = {} if config is not None and "fingerprint" in config.model_fields_set else {"fingerprint": True}
        return {**marked, **callback, **options}

    def plan(self, prompt: str, options: Options) -> Plan:
        """What each part of the request becomes at the provider."""
        return self.choose_provider(options).plan(prompt, **options)

    def explain(self) -> Explanation:
        """Every setting with its source."""
        resolver = ConfigurationResolver(self.settings)
        if isinstance(self.provider, EngineProvider):
            return resolver.explain_resolved(self.provider.configuration)
        return resolver.explain(self.provider.provider_name)

    @property
    def providers(self) -> tuple[BaseProvider, ...]:
        """Every provider created so far, each once."""
        return tuple({id(provider): provider for provider in self._providers.values()}.values())
