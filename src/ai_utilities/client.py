"""The client for programs that wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from dhenara.ai.types.secret_options import conceal_options, with_secret_options

from .ask_options import AskOptions
from .audio.methods import AudioMixin
from .batch.methods import BatchesMixin
from .chat import Chat
from .concurrency import Progress, ask_all
from .config_models import AiSettings
from .execution import SyncMode, run_sync
from .files.methods import FilesMixin
from .images import ImagesMixin
from .middleware_setup import RequestMiddleware
from .operations import ClientCore
from .progress import ProgressBar, combine_callbacks
from .results import AskResult
from .secret import Secret
from .text_operations import TextOperationsMixin

if TYPE_CHECKING:
    from .ask_stream import AskStream
    from .config_explained import Explanation
    from .middleware_setup import Tracker
    from .provider_stream import ProviderStream
    from .providers.base_provider import BaseProvider

T = TypeVar("T")


@with_secret_options
class AiClient(ImagesMixin, TextOperationsMixin, AudioMixin, FilesMixin, BatchesMixin):
    """Asks one provider, or another one for a single call. May be shared by threads.

    Settings come from the arguments, the environment and `.env`. What cannot work is an error here, before anything
    is asked. Every method takes `AskOptions`: model, provider, temperature, max_tokens, system, files, tools, cache,
    timeout and the other fields of the engine's call config, for that call alone.
    """

    def __init__(
        self,
        settings: AiSettings | None = None,
        provider: BaseProvider | str | None = None,
        usage_tracker: Tracker | None = None,
        *,
        cache: Any = None,
        show_progress: bool | None = None,
        layers: Sequence[Any] = (),
        attempt_layers: Sequence[Any] = (),
    ) -> None:
        middleware = RequestMiddleware(usage_tracker, cache, layers, attempt_layers)
        self._operations = ClientCore(SyncMode(), settings, provider, middleware)
        self.show_progress = show_progress

    @property
    def settings(self) -> AiSettings:
        return self._operations.settings

    @property
    def provider(self) -> BaseProvider:
        return self._operations.provider

    @property
    def usage_tracker(self) -> Any:
        return self._operations.middleware.usage_tracker

    @property
    def cache(self) -> Any:
        return self._operations.middleware.cache

    def ask(self, prompt: str, **options: Unpack[AskOptions]) -> AskResult:
        """The answer: a `str` that also knows its usage, cost, model and everything else."""
        return run_sync(self._operations.ask(prompt, dict(options)))

    def ask_stream(self, prompt: str, **options: Unpack[AskOptions]) -> AskStream | ProviderStream:
        """The answer in pieces as they come; `result` of the stream is the whole one afterwards."""
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
        """Asks all, so many at once, and returns the answers in the order of the prompts.

        What fails is in the `error` of its own result. With `fail_fast`, nothing new is asked after a failure.
        """
        request = list(prompts)
        with ProgressBar(self.show_progress if len(request) > 1 else False) as bar:
            return ask_all(
                self.ask,
                request,
                concurrency if concurrency is not None else self.settings.concurrency,
                options,
                fail_fast=fail_fast,
                on_progress=combine_callbacks(bar, on_progress),
            )

    def ask_batch(self, prompts: Iterable[str], **options: Unpack[AskOptions]) -> list[AskResult]:
        """Hands all prompts to the provider at once; it answers them in its own best way, in their order."""
        return run_sync(self._operations.ask_batch(list(prompts), dict(options)))

    def ask_json(self, prompt: str, *, schema: Any = None, max_repairs: int = 1, **options: Unpack[AskOptions]) -> Any:
        """The answer as JSON, of this schema if one is given. What is no JSON is sent back so many times."""
        return run_sync(self._operations.ask_json(prompt, schema, max_repairs, dict(options)))

    def ask_typed(
        self, prompt: str, response_model: type[T], *, max_repairs: int = 1, **options: Unpack[AskOptions]
    ) -> T:
        """The answer as an instance of a pydantic model, dataclass or any other type that pydantic knows."""
        return run_sync(self._operations.ask_typed(prompt, response_model, max_repairs, dict(options)))

    def chat(self, **options: Unpack[AskOptions]) -> Chat:
        """A conversation: each question is asked with everything that was said before."""
        self._operations.require_context_support(dict(options))
        return Chat(self, options)

    conversation = chat

    def embed(self, texts: Sequence[str], **options: Any) -> list[list[float]]:
        """One vector for each text, in their order."""
        return run_sync(self._operations.embed(texts, options))

    def list_models(self, provider: BaseProvider | str | None = None) -> list[str]:
        """The names of the models that may be asked."""
        return run_sync(self._operations.list_models(provider))

    def explain(self) -> Explanation:
        """Every setting and who said it, secrets masked."""
        return self._operations.explain()

    def close(self) -> None:
        """Lets go of connections. The client may be used again afterwards."""
        for provider in self._operations.providers:
            provider.close()
        self._operations.middleware.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def create_client(
    api_key: str | None = None,
    model: str | None = None,
    show_progress: bool | None = None,
    env_file: str | Path | None = None,
    **settings: Any,
) -> AiClient:
    """A client from a few words: `create_client(provider="groq", model="...")`. What is None is not said."""
    api_key = None if api_key is None else Secret(api_key)
    conceal_options(settings)
    return AiClient(build_settings(api_key, model, env_file, settings), show_progress=show_progress)


def build_settings(
    api_key: str | None, model: str | None, env_file: str | Path | None, settings: dict[str, Any]
) -> AiSettings:
    """Settings that say what was given, and leave the rest to the environment."""
    text = {"api_key": api_key, "model": model, "_env_file": env_file, **settings}
    return AiSettings(**{name: value for name, value in text.items() if value is not None})
