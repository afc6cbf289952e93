"""The synchronous client of `ai_utilities`: `AiClient` and `create_client`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, Unpack, cast

from dhenara.ai.integration import ShortRepr, Shown, conceal_options, conceals_its_options, with_secret_options

from .audio.methods import AudioMixin
from .batch.methods import BatchesMixin
from .concurrency import Progress, ProgressBar, ask_all, combine_callbacks
from .config.client_arguments import client_settings, first_of_create_client, read_tracker
from .config.client_settings import ClientArguments
from .config_models import AiSettings
from .exceptions import SyncAsyncMismatchError
from .execution import AnyCall, PreparedCall, SyncMode, run_sync, unchanged
from .files.methods import FilesMixin
from .middleware import RequestMiddleware
from .operations.ask_options import AskOptions
from .operations.client_core import ClientCore
from .operations.images import ImagesMixin
from .operations.option_checks import asks_as_before, check_prompts, old_method
from .operations.texts import TextOperationsMixin
from .operations.typed_answers import TypedAnswersMixin
from .results import AskResult

if TYPE_CHECKING:
    from dhenara.ai import AIModelClient, AnyLayer
    from dhenara.ai.types import OutputType

    from .ask_stream import AskStream, ProviderStream
    from .cache.backend import CacheBackend
    from .chat import Chat
    from .config_resolver import Explanation
    from .exceptions import Json, Options
    from .middleware import Tracker
    from .operations.operation_options import EmbedOptions
    from .providers.base_provider import BaseProvider
    from .usage.ledger import UsageTracker

T = TypeVar("T")


@with_secret_options
class AiClient(TypedAnswersMixin, ImagesMixin, TextOperationsMixin, AudioMixin, FilesMixin, BatchesMixin, ShortRepr):
    """Synchronous client for one provider; a single call may name another one. Safe to share between threads.

    The model is named as in `AiClient("anthropic/claude-sonnet-5")`, by keyword as in `AiClient(provider="openai",
    model="gpt-5.4-mini", temperature=0)`, or in `AiClient(AiSettings(...))`. Settings come from the arguments, the
    environment and `.env`. Invalid settings raise here, before any request. Every method takes `AskOptions`: model,
    provider, temperature, max_tokens, system, files, tools, cache, timeout and the other fields of the engine's
    `AIModelCallConfig`. They apply to that call only.

    Args:
        settings: Settings, or the name of a model with its provider, such as `"anthropic/claude-sonnet-5"`, of a model
            whose maker offers it, or of a provider, whose default model is then used. None reads the environment and
            `.env`.
        provider: A provider name or a `BaseProvider` instance; None uses the one that the settings or the model name.
        usage_tracker: Receives a `UsageData` row per request; None follows the settings.
        cache: A cache backend; None follows the settings.
        show_progress: Whether `ask_many` draws a progress bar; None draws one if stderr is a terminal.
        layers: Engine layers around each call.
        attempt_layers: Engine layers around each attempt of a call.
        model: The model, with or without a provider before it; None uses that of the settings or the default one.
        env_file: The file to read instead of `./.env`.
        **options: Any other setting; see `ClientArguments`. They override those of a settings object.

    Raises:
        ProviderConfigurationError: If an argument is of another kind, or a setting is missing, unknown or invalid.
    """

    def __init__(
        self,
        settings: AiSettings | str | None = None,
        provider: BaseProvider | str | None = None,
        usage_tracker: Tracker | None = None,
        *,
        cache: CacheBackend | None = None,
        show_progress: bool | None = None,
        layers: Sequence[AnyLayer] = (),
        attempt_layers: Sequence[AnyLayer] = (),
        model: str | None = None,
        env_file: str | Path | None = None,
        **options: Unpack[ClientArguments],
    ) -> None:
        conceal_options(options)
        usage_tracker = read_tracker(usage_tracker, cast("Options", options))
        chosen, target = client_settings(settings, provider, model, env_file, **options)
        middleware = RequestMiddleware(usage_tracker, cache, layers, attempt_layers)
        self._operations = ClientCore(SyncMode(), chosen, target, middleware)
        self.show_progress = show_progress

    def _shown(self) -> Shown:
        return self._operations.shown()

    @property
    def settings(self) -> AiSettings:
        """The settings this client was made with."""
        return self._operations.settings

    @property
    def provider(self) -> BaseProvider:
        """The provider used by calls that do not name one."""
        return self._operations.provider

    @property
    def engine(self) -> AIModelClient:
        """The engine's client of the same model, with everything that this client has: settings, connections, cache,
        limits, budget and usage tracking.

        It has what the kit has no method for: messages, conversations, runs, streams of chunks, batches. The
        system prompt of the settings is of `ask` and the like alone. Its connections are those of this client.

        Raises:
            ProviderConfigurationError: If no model is configured, as for a local server that is asked for its models.
            ProviderCapabilityError: If the provider is a custom one.
        """
        return self._operations.engine

    @property
    def usage_tracker(self) -> UsageTracker:
        """The usage tracker: yours, or that of the settings; without tracking, one whose totals stay at 0."""
        return self._operations.middleware.shown_tracker

    @property
    def cache(self) -> CacheBackend | None:
        """The cache backend: the one that was passed, or that of the settings; None without a cache."""
        return self._operations.middleware.cache

    @conceals_its_options
    def ask(self, prompt: str = "", **options: Unpack[AskOptions]) -> AskResult:
        """Sends one prompt and returns the answer.

        Args:
            prompt: The user message.
            **options: See `AskOptions`.

        Returns:
            The answer as a `str` that also has `usage`, `cost`, `model`, `provider` and `response`.

        Raises:
            ProviderError: If the request fails.
        """
        conceal_options(options)
        if asks_as_before(prompt, options):
            answer: AskResult = old_method(self, "_ask_as_before")(prompt, options)
            return answer
        call = self._operations.prepare_ask(prompt, dict(options))
        with call.context():
            return call.read(call.send())

    def _ask_call(self, prompt: str, options: Options) -> AnyCall[AskResult]:
        """The call of `ask` for a conversation; an `ask` of one's own is called itself."""
        if getattr(self.ask, "__func__", None) is not AiClient.ask or asks_as_before(prompt, options):
            return PreparedCall(partial(self.ask, prompt, **cast("AskOptions", options)), unchanged)
        conceal_options(options)
        return self._operations.prepare_ask(prompt, options)

    @conceals_its_options
    def ask_stream(self, prompt: str = "", **options: Unpack[AskOptions]) -> AskStream | ProviderStream:
        """Streams the answer to one prompt.

        Args:
            prompt: The user message.
            **options: See `AskOptions`.

        Returns:
            An iterator of text pieces; its `result` is the whole `AskResult` once the stream is over.
        """
        conceal_options(options)
        return self._operations.stream(prompt, dict(options))

    def ask_many(
        self,
        prompts: Iterable[str],
        *,
        concurrency: int | None = None,
        fail_fast: bool = False,
        on_progress: Progress | None = None,
        **options: Unpack[AskOptions],
    ) -> list[AskResult]:
        """Sends several prompts concurrently.

        Args:
            prompts: The user messages.
            concurrency: Number of requests at a time, at least 1; None uses `settings.concurrency`.
            fail_fast: Whether to start no further request after the first failure.
            on_progress: Called with the number of finished prompts and the total.
            **options: See `AskOptions`; they apply to every prompt.

        Returns:
            The results in the order of the prompts. A failed prompt has its exception in `error`.
        """
        prompt_list = check_prompts(prompts, "ask_many")
        self._operations.check_options(options)
        with ProgressBar(self.show_progress if len(prompt_list) > 1 else False) as bar:
            return ask_all(
                self.ask,
                prompt_list,
                concurrency if concurrency is not None else self.settings.concurrency,
                options,
                fail_fast=fail_fast,
                on_progress=combine_callbacks(bar, on_progress),
            )

    def ask_batch(self, prompts: Iterable[str], **options: Unpack[AskOptions]) -> list[AskResult]:
        """Sends all prompts to the provider's `ask_many` method.

        Args:
            prompts: The user messages.
            **options: See `AskOptions`; they apply to every prompt.

        Returns:
            The results in the order of the prompts.
        """
        return run_sync(self._operations.ask_batch(check_prompts(prompts, "ask_batch"), dict(options)))

    @conceals_its_options
    def ask_json(
        self, prompt: str, *, schema: OutputType | None = None, max_repairs: int = 1, **options: Unpack[AskOptions]
    ) -> Json:
        """Asks for JSON and parses the answer.

        Args:
            prompt: The user message.
            schema: A JSON Schema or a pydantic model that the answer must match; None accepts any JSON.
            max_repairs: How often an invalid answer is sent back to the model, 0 or more.
            **options: See `AskOptions`.

        Returns:
            The parsed JSON value.

        Raises:
            JsonParseError: If the last answer is not valid either.
        """
        conceal_options(options)
        asking = self._operations.ask_json(prompt, schema, max_repairs, dict(options))
        while not asking.done:
            call = self._operations.prepare_ask(asking.request, asking.options())
            with call.context():
                asking.check(call.read(call.send()))
        return asking.value

    def chat(self, **options: Unpack[AskOptions]) -> Chat:
        """Starts a conversation; each question is sent with all turns before it.

        Args:
            **options: See `AskOptions`; they apply to every turn.

        Raises:
            ProviderCapabilityError: If a custom provider does not support conversations.
        """
        from .chat import Chat

        self._operations.require_context_support(dict(options))
        self._operations.check_options(options)
        return Chat(self, options)

    conversation = chat

    @conceals_its_options
    def embed(self, texts: Sequence[str], **options: Unpack[EmbedOptions]) -> list[list[float]]:
        """Returns one embedding vector for each text, in order.

        Args:
            texts: The texts to embed.
            **options: See `EmbedOptions`.
        """
        conceal_options(options)
        call = self._operations.prepare_embed(texts, dict(options))
        with call.context():
            return call.read(call.send())

    def list_models(self, provider: BaseProvider | str | None = None) -> list[str]:
        """Returns the model names that the provider lists.

        Args:
            provider: The provider to list; None lists the client's own.
        """
        call = self._operations.prepare_models(provider)
        return call.read(call.send())

    def explain(self) -> Explanation:
        """Returns every setting with its source; secrets are masked."""
        return self._operations.explain()

    def close(self) -> None:
        """Closes all connections. They are opened again if the client is used afterwards."""
        for provider in self._operations.providers:
            provider.close()
        self._operations.middleware.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    if not TYPE_CHECKING:

        async def __aenter__(self) -> Self:
            raise SyncAsyncMismatchError("AiClient is a sync client. Write `with`, or use AsyncAiClient.")

        async def __aexit__(self, *error: object) -> None: ...

        def __getattr__(self, name: str) -> object:
            """Return a method of version 1; called only for names that do not exist here."""
            return old_method(self, name)


def create_client(
    settings: AiSettings | str | None = None,
    model: str | None = None,
    show_progress: bool | None = None,
    env_file: str | Path | None = None,
    *,
    provider: BaseProvider | str | None = None,
    **options: Unpack[ClientArguments],
) -> AiClient:
    """Creates an `AiClient`, as in `create_client("openai/gpt-5.4-mini")` or `create_client(provider="groq")`.

    Args:
        settings: As for `AiClient`: the name of a model or a provider, or settings. An API key is accepted as well.
        model: The model, with or without a provider before it; None uses the provider's default.
        show_progress: Whether `ask_many` draws a progress bar; None draws one if stderr is a terminal.
        env_file: The file to read instead of `./.env`; it must exist.
        provider: A provider name or a `BaseProvider` instance.
        **options: Any other setting; see `ClientArguments`. None counts as not given.

    Raises:
        ProviderConfigurationError: If a setting is missing, unknown or invalid.
    """
    conceal_options(options)
    settings = first_of_create_client(settings, options)
    return AiClient(settings, provider, model=model, show_progress=show_progress, env_file=env_file, **options)
