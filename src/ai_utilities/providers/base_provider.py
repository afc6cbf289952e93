"""`BaseProvider`, the interface of providers, and checks that a custom provider keeps to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, ClassVar, ParamSpec, TypeVar

from ..concurrency import ask_all
from ..config_models import AiSettings
from ..exceptions import ProviderCapabilityError
from ..results import AskResult

if TYPE_CHECKING:
    from dhenara.ai.types import Plan

    from ..exceptions import OperationResult


P = ParamSpec("P")
T = TypeVar("T")


class BaseProvider(ABC):
    """Base class of providers. Methods ending in `_async` run the sync ones in a thread unless overridden.

    Args:
        settings: The settings. Default None: read from environment and `.env`.
    """

    provider_name: str = ""
    """Name of the provider. Default: the name of the class in lower case, without "Provider" at its end."""

    takes_context: ClassVar[bool] = False
    """Whether `ask` accepts `context=[...]`, the earlier turns of a conversation."""

    has_layers: ClassVar[bool] = False
    """Whether engine layers run around each request: cache, limits, budgets and usage tracking."""

    def __init__(self, settings: AiSettings | None = None) -> None:
        self.settings = settings if settings is not None else AiSettings()
        self.provider_name = self.provider_name or default_name(type(self))
        self._configure_client()

    def _configure_client(self) -> None:  # noqa: B027  # a hook: most providers of one's own have nothing to set up
        """Called once when the settings are available."""

    @abstractmethod
    def ask(self, prompt: str, **kwargs: object) -> AskResult:
        """Answers one prompt.

        Args:
            prompt: The user message.
            **kwargs: The options of the call, such as `temperature`; see `AskOptions`.

        Returns:
            The answer, as `AskResult(text, usage=...)`.

        Raises:
            ProviderError: If the request fails.
        """

    def ask_batch(self, prompts: Sequence[str], **kwargs: object) -> list[AskResult]:
        """Answers several prompts. Unless overridden, one after the other.

        Args:
            prompts: The user messages.
            **kwargs: The options of all calls.

        Returns:
            The answers, in the order of the prompts.
        """
        return [self.ask(prompt, **kwargs) for prompt in prompts]

    def ask_stream(self, prompt: str, **kwargs: object) -> Iterator[str]:
        """Streams the answer as text pieces.

        Args:
            prompt: The user message.
            **kwargs: The options of the call.

        Returns:
            An iterator of text pieces.

        Raises:
            ProviderCapabilityError: If the provider does not support it, which is so unless it is overridden.
        """
        raise self._unsupported("Streaming not supported")

    def list_models(self) -> list[str]:
        """Returns the names of the available models.

        Raises:
            ProviderCapabilityError: If the provider does not support it, which is so unless it is overridden.
        """
        raise self._unsupported("Model listing not supported")

    def embed(self, texts: Sequence[str], **kwargs: object) -> list[list[float]]:
        """Returns one vector for each text, in order.

        Args:
            texts: The texts.
            **kwargs: The options of the call; see `EmbedOptions`.

        Raises:
            ProviderCapabilityError: If the provider does not support it, which is so unless it is overridden.
        """
        raise self._unsupported("Embeddings not supported")

    def plan(self, prompt: str, **kwargs: object) -> Plan:
        """Returns what each part of the conversation would become at the provider, without sending anything.

        Args:
            prompt: The user message.
            **kwargs: The options of the call.

        Raises:
            ProviderCapabilityError: If the provider does not support it, which is so unless it is overridden.
        """
        raise self._unsupported("Planning not supported")

    def operate(self, operation: str, *arguments: object, **kwargs: object) -> OperationResult:
        """Runs another operation of clients by name.

        Args:
            operation: The name of the method, such as `transcribe` or `speak`.
            *arguments: Its positional arguments.
            **kwargs: Its options.

        Returns:
            The response of the operation.

        Raises:
            ProviderCapabilityError: If the provider does not support it, which is so unless it is overridden.
        """
        raise self._unsupported(f"{operation} not supported")

    async def ask_async(self, prompt: str, **kwargs: object) -> AskResult:
        """Async version of `ask`; unless overridden, `ask` in a thread."""
        if iscoroutinefunction(self.ask):
            return read_answer(await self.ask(prompt, **kwargs), prompt)
        return await run_in_thread(self.ask, prompt, **kwargs)

    async def ask_batch_async(self, prompts: Sequence[str], **kwargs: object) -> list[AskResult]:
        """Async version of `ask_batch`; unless overridden, `ask_batch` in a thread."""
        return await run_in_thread(self.ask_batch, prompts, **kwargs)

    def ask_stream_async(self, prompt: str, **kwargs: object) -> AsyncIterator[str]:
        """Async version of `ask_stream`, not awaited; unless overridden, `ask_stream` in a thread."""
        return ThreadedIterator(partial(self.ask_stream, prompt, **kwargs))

    async def list_models_async(self) -> list[str]:
        """Async version of `list_models`; unless overridden, `list_models` in a thread."""
        return await run_in_thread(self.list_models)

    async def embed_async(self, texts: Sequence[str], **kwargs: object) -> list[list[float]]:
        """Async version of `embed`; unless overridden, `embed` in a thread."""
        return await run_in_thread(self.embed, texts, **kwargs)

    async def operate_async(self, operation: str, *arguments: object, **kwargs: object) -> OperationResult:
        """Async version of `operate`; unless overridden, `operate` in a thread."""
        return await run_in_thread(self.operate, operation, *arguments, **kwargs)

    def close(self) -> None:  # noqa: B027  # most providers of one's own hold nothing open
        """Closes connections."""

    async def aclose(self) -> None:
        """Closes connections, async."""
        self.close()

    def _unsupported(self, problem: str) -> ProviderCapabilityError:
        return ProviderCapabilityError(f"{self.provider_name}: {problem} by this provider. Use another provider.")


def read_answer(answer: object, prompt: str) -> AskResult:
    """Returns what a provider answered as a result; providers may return a text."""
    if isinstance(answer, AskResult):
        return answer
    result: AskResult = import_module("ai_utilities.compat.configuration").as_result(answer, prompt)
    return result


def complete_provider(provider: BaseProvider, settings: AiSettings) -> None:
    """Gives a provider whose constructor does not call that of `BaseProvider` its settings and its name."""
    if not hasattr(provider, "settings"):
        provider.settings = settings
    if not provider.provider_name:
        provider.provider_name = default_name(type(provider))


def default_name(kind: type[BaseProvider]) -> str:
    return kind.__name__.removesuffix("Provider").lower()


async def run_in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs blocking work in a thread."""
    from anyio import to_thread

    return await to_thread.run_sync(partial(work, *args, **kwargs))


class ThreadedIterator(AsyncIterator[str]):
    """Iterates over a blocking iterator in a thread."""

    def __init__(self, opened: Callable[[], Iterator[str]]) -> None:
        self._opened = opened
        self._pieces: Iterator[str] | None = None

    async def __anext__(self) -> str:
        pieces = self._pieces
        if pieces is None:
            pieces = self._pieces = await run_in_thread(self._opened)
        piece = await run_in_thread(next_or_none, pieces)
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close is not None:
            await run_in_thread(close)


def next_or_none(pieces: Iterator[str]) -> str | None:
    return next(pieces, None)


class ProviderConformance:
    """For pytest: subclass it as `TestMyProvider` and let `make_provider` return a new provider that can answer.

    Unsupported operations must raise `NotImplementedError`, as those of `BaseProvider` do.
    """

    prompt = "Say hello."

    def make_provider(self) -> BaseProvider:
        """Returns a new provider that can answer; override it.

        Raises:
            NotImplementedError: If it is not overridden.
        """
        raise NotImplementedError("return the provider that is to be tested")

    def test_it_has_a_name(self) -> None:
        provider = self.make_provider()
        assert provider.provider_name, "provider_name is empty"
        assert provider.settings is not None, "settings are missing: call super().__init__(settings)"

    def test_ask_returns_a_result_with_its_text(self) -> None:
        check_result(self.make_provider().ask(self.prompt))

    def test_usage_adds_up(self) -> None:
        usage = self.make_provider().ask(self.prompt).usage
        assert usage.total_tokens >= usage.prompt_tokens + usage.completion_tokens, "total_tokens is too small"

    def test_a_batch_has_one_result_for_each_prompt(self) -> None:
        results = self.make_provider().ask_batch([self.prompt, self.prompt, self.prompt])
        assert isinstance(results, list), "ask_batch must return a list"
        assert len(results) == 3, f"three prompts were sent, {len(results)} results came back"
        for result in results:
            check_result(result)

    def test_an_empty_batch_is_empty(self) -> None:
        assert self.make_provider().ask_batch([]) == []

    def test_a_stream_yields_text(self) -> None:
        with suppress(NotImplementedError):
            pieces = list(self.make_provider().ask_stream(self.prompt))
            assert all(isinstance(piece, str) for piece in pieces), "a stream yields strings"
            assert "".join(pieces), "the stream had no text"

    def test_models_are_listed_by_name(self) -> None:
        with suppress(NotImplementedError):
            models = self.make_provider().list_models()
            assert isinstance(models, list), "list_models must return a list"
            assert all(isinstance(model, str) for model in models), "models are named by strings"

    def test_it_works_on_an_event_loop(self) -> None:
        import asyncio

        check_result(asyncio.run(self.make_provider().ask_async(self.prompt)))

    def test_it_is_shared_by_threads(self) -> None:
        results = ask_all(self.make_provider().ask, [self.prompt] * 8, 4, {})
        for result in results:
            assert result.error is None, f"in a thread: {result.error!r}"
            check_result(result)

    def test_the_key_is_not_shown(self) -> None:
        provider = self.make_provider()
        key = provider.settings.api_key
        assert not key or key not in repr(provider), "repr shows the API key"

    def test_closing_twice_is_fine(self) -> None:
        provider = self.make_provider()
        provider.close()
        provider.close()


def check_result(result: object) -> None:
    assert isinstance(result, AskResult), f"ask must return an AskResult, not a {type(result).__name__}"
    assert result.text, "the answer is empty"


def check_provider(make_provider: Callable[[], BaseProvider]) -> None:
    """Runs all tests of `ProviderConformance` without pytest.

    Args:
        make_provider: Returns a new provider that can answer.

    Raises:
        AssertionError: If the provider does not keep to the interface.
    """
    tests = ProviderConformance()
    tests.make_provider = make_provider  # type: ignore[method-assign]  # what a subclass does, for one object
    for name in dir(tests):
        if name.startswith("test_"):
            getattr(tests, name)()
