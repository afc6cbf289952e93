"""The async client of `ai_utilities`, for asyncio and trio; same methods and results as `AiClient`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, Unpack, cast

from dhenara.ai.integration import ShortRepr, Shown, conceal_options, conceals_its_options, with_secret_options

from .audio.methods import AsyncAudioMixin
from .batch.methods import AsyncBatchesMixin
from .concurrency import Progress, ProgressBar, ask_all_async, combine_callbacks
from .config.client_arguments import client_settings, read_tracker
from .config.client_settings import ClientArguments
from .config_models import AiSettings
from .exceptions import SyncAsyncMismatchError
from .execution import AsyncMode
from .files.methods import AsyncFilesMixin
from .middleware import RequestMiddleware
from .operations.ask_options import AskOptions
from .operations.client_core import ClientCore
from .operations.images import AsyncImagesMixin
from .operations.option_checks import asks_as_before, check_prompts, old_method
from .operations.texts import AsyncTextOperationsMixin
from .operations.typed_answers import AsyncTypedAnswersMixin
from .results import AskResult

if TYPE_CHECKING:
    from dhenara.ai import AIModelClient, AnyLayer
    from dhenara.ai.types import OutputType

    from .ask_stream import AsyncAskStream, AsyncProviderStream
    from .cache.backend import CacheBackend
    from .chat import AsyncChat
    from .config_resolver import Explanation
    from .exceptions import Json, Options
    from .middleware import Tracker
    from .operations.operation_options import EmbedOptions
    from .providers.base_provider import BaseProvider
    from .usage.ledger import UsageTracker

T = TypeVar("T")


@with_secret_options
class AsyncAiClient(
    AsyncTypedAnswersMixin,
    AsyncImagesMixin,
    AsyncTextOperationsMixin,
    AsyncAudioMixin,
    AsyncFilesMixin,
    AsyncBatchesMixin,
    ShortRepr,
):
    """Async client for one provider; the methods are those of `AiClient`, to be awaited.

    See `AiClient` for the arguments, results and errors of each method. `ask_stream` and `chat` are not awaited.
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
        self._operations = ClientCore(AsyncMode(), chosen, target, middleware)
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
        """The engine's client of the same model, settings, cache, limits, budget and usage tracking; see
        `AiClient.engine`.
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
    async def ask(self, prompt: str = "", **options: Unpack[AskOptions]) -> AskResult:
        """Sends one prompt and returns the answer; see `AiClient.ask`.

        Args:
            prompt: The user message.
            **options: See `AskOptions`.
        """
        conceal_options(options)
        if asks_as_before(prompt, options):
            answer: AskResult = await old_method(self, "_ask_as_before")(prompt, options)
            return answer
        call = await self._operations.prepare_ask_async(prompt, dict(options))
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    def ask_stream(self, prompt: str = "", **options: Unpack[AskOptions]) -> AsyncAskStream | AsyncProviderStream:
        """Streams the answer; not awaited: `async for piece in client.ask_stream("...")`.

        Args:
            prompt: The user message.
            **options: See `AskOptions`.

        Returns:
            An async iterator of text pieces; its `result` is the whole `AskResult` once the stream is over.
        """
        conceal_options(options)
        return self._operations.stream_async(prompt, dict(options))

    async def ask_many(
        self,
        prompts: Iterable[str],
        *,
        concurrency: int | None = None,
        fail_fast: bool = False,
        on_progress: Progress | None = None,
        **options: Unpack[AskOptions],
    ) -> list[AskResult]:
        """Sends several prompts concurrently; see `AiClient.ask_many`.

        Args:
            prompts: The user messages.
            concurrency: Number of requests at a time, at least 1; None uses `settings.concurrency`.
            fail_fast: Whether to start no further request after the first failure.
            on_progress: Called with the number of finished prompts and the total.
            **options: See `AskOptions`; they apply to every prompt.
        """
        prompt_list = check_prompts(prompts, "ask_many")
        self._operations.check_options(options)
        with ProgressBar(self.show_progress if len(prompt_list) > 1 else False) as bar:
            return await ask_all_async(
                self.ask,
                prompt_list,
                concurrency if concurrency is not None else self.settings.concurrency,
                options,
                fail_fast=fail_fast,
                on_progress=combine_callbacks(bar, on_progress),
            )

    async def ask_batch(self, prompts: Iterable[str], **options: Unpack[AskOptions]) -> list[AskResult]:
        """Sends all prompts to the provider's `ask_many` method; see `AiClient.ask_batch`.

        Args:
            prompts: The user messages.
            **options: See `AskOptions`; they apply to every prompt.
        """
        return await self._operations.ask_batch(check_prompts(prompts, "ask_batch"), dict(options))

    @conceals_its_options
    async def ask_json(
        self, prompt: str, *, schema: OutputType | None = None, max_repairs: int = 1, **options: Unpack[AskOptions]
    ) -> Json:
        """Asks for JSON and parses the answer; see `AiClient.ask_json`.

        Args:
            prompt: The user message.
            schema: A JSON Schema or a pydantic model that the answer must match; None accepts any JSON.
            max_repairs: How often an invalid answer is sent back to the model, 0 or more.
            **options: See `AskOptions`.
        """
        conceal_options(options)
        asking = self._operations.ask_json(prompt, schema, max_repairs, dict(options))
        while not asking.done:
            call = await self._operations.prepare_ask_async(asking.request, asking.options())
            with call.context():
                asking.check(call.read(await call.send()))
        return asking.value

    def chat(self, **options: Unpack[AskOptions]) -> AsyncChat:
        """Starts a conversation; see `AiClient.chat`. Not awaited."""
        from .chat import AsyncChat

        self._operations.require_context_support(dict(options))
        self._operations.check_options(options)
        return AsyncChat(self, options)

    conversation = chat

    @conceals_its_options
    async def embed(self, texts: Sequence[str], **options: Unpack[EmbedOptions]) -> list[list[float]]:
        """Returns one embedding vector for each text, in order; see `AiClient.embed`.

        Args:
            texts: The texts to embed.
            **options: See `EmbedOptions`.
        """
        conceal_options(options)
        call = self._operations.prepare_embed_async(texts, dict(options))
        with call.context():
            return call.read(await call.send())

    async def list_models(self, provider: BaseProvider | str | None = None) -> list[str]:
        """Returns the model names that the provider lists; see `AiClient.list_models`."""
        call = self._operations.prepare_models_async(provider)
        return call.read(await call.send())

    def explain(self) -> Explanation:
        """Returns every setting with its source; secrets are masked."""
        return self._operations.explain()

    async def aclose(self) -> None:
        """Closes all connections. They are opened again if the client is used afterwards."""
        for provider in self._operations.providers:
            await provider.aclose()
        self._operations.middleware.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    if not TYPE_CHECKING:

        def __enter__(self) -> Self:
            raise SyncAsyncMismatchError("AsyncAiClient is an async client. Write `async with`, or use AiClient.")

        def __exit__(self, *error: object) -> None: ...

        def __getattr__(self, name: str) -> object:
            """Return a method of version 1; called only for names that do not exist here."""
            return old_method(self, name)
