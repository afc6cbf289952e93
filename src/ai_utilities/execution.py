"""Sync and async execution: how operations call a provider, and calls that are ready to be sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from .exceptions import Arguments, JsonParseError, OperationResult, Options, ProviderConfigurationError
from .providers.base_provider import BaseProvider, read_answer, run_in_thread
from .results import AskResult

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[[], Coroutine[object, object, None]]
"""A function without arguments, to be awaited."""


class ExecutionMode(Protocol):
    """What `ClientCore` needs from a mode; operations are written once, against this protocol."""

    async def ask(self, provider: BaseProvider, prompt: str, options: Options) -> AskResult: ...

    async def ask_batch(self, provider: BaseProvider, prompts: Sequence[str], options: Options) -> list[AskResult]: ...

    async def operate(
        self, provider: BaseProvider, operation: str, arguments: Arguments, options: Options
    ) -> OperationResult: ...

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...

    async def run_concurrently(self, work: Work, count: int) -> None:
        """Runs `count` copies of the work concurrently; an exception in one of them is raised."""


class SyncMode:
    """Blocking execution. Nothing is really awaited, so `run_sync` needs no event loop."""

    async def ask(self, provider: BaseProvider, prompt: str, options: Options) -> AskResult:
        return read_answer(provider.ask(prompt, **options), prompt)

    async def ask_batch(self, provider: BaseProvider, prompts: Sequence[str], options: Options) -> list[AskResult]:
        return provider.ask_batch(prompts, **options)

    async def operate(
        self, provider: BaseProvider, operation: str, arguments: Arguments, options: Options
    ) -> OperationResult:
        return provider.operate(operation, *arguments, **options)

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)

    async def run_concurrently(self, work: Work, count: int) -> None:
        if count == 1:
            return await work()
        threads = ThreadPoolExecutor(count, "ai_utilities")
        futures = [threads.submit(copy_context().run, lambda: run_sync(work())) for _ in range(count)]
        try:
            for future in futures:
                future.result()
        except BaseException as error:
            # Ctrl-C must not wait for requests that are running.
            threads.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
            raise
        threads.shutdown()
        return None


class AsyncMode:
    """Awaited execution, on asyncio or trio."""

    async def ask(self, provider: BaseProvider, prompt: str, options: Options) -> AskResult:
        return read_answer(await provider.ask_async(prompt, **options), prompt)

    async def ask_batch(self, provider: BaseProvider, prompts: Sequence[str], options: Options) -> list[AskResult]:
        return await provider.ask_batch_async(prompts, **options)

    async def operate(
        self, provider: BaseProvider, operation: str, arguments: Arguments, options: Options
    ) -> OperationResult:
        return await provider.operate_async(operation, *arguments, **options)

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await run_in_thread(work, *args, **kwargs)

    async def run_concurrently(self, work: Work, count: int) -> None:
        from anyio import create_task_group

        try:
            async with create_task_group() as group:
                for _ in range(count):
                    group.start_soon(work)
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None


def run_sync(work: Coroutine[object, object, T]) -> T:
    """Runs a coroutine that never suspends and returns its result."""
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    work.close()
    raise RuntimeError("an operation of the sync client was suspended. This is a bug; please report it.")


A = TypeVar("A")
R = TypeVar("R")
Around = Callable[[], AbstractContextManager[object]]
"""Context in which a call is sent: its tags and cache policy."""


@dataclass(slots=True, eq=False)
class PreparedCall(Generic[A, R]):
    """A call with all its arguments.

    Attributes:
        send: Sends the call and returns the answer of the provider.
        read: Returns the result that the answer becomes.
        context: The context in which the call is sent.
    """

    send: Callable[[], A]
    read: Callable[[A], R]
    context: Around = nullcontext


@dataclass(slots=True, eq=False)
class PreparedAsyncCall(Generic[A, R]):
    """A call with all its arguments, for async code; the attributes are those of `PreparedCall`."""

    send: Callable[[], Awaitable[A]]
    read: Callable[[A], R]
    context: Around = nullcontext


AnyCall = PreparedCall[Any, R]
"""A call whose answer is of any type."""

AnyAsyncCall = PreparedAsyncCall[Any, R]
"""A call for async code whose answer is of any type."""


def unchanged(answer: A) -> A:
    """Return the answer: `read` of a call whose answer is its result."""
    return answer


async def in_coroutine(function: Callable[..., T], **options: object) -> T:
    """Calls a function that is not async where a coroutine is needed."""
    return function(**options)


class ValidatedAsk(Generic[T]):
    """A request for JSON: an answer that is not valid is sent back to the model with the error.

    Send `request` with `options()` and pass the answer to `check` until it is `done`; then `value` is what was read.

    Args:
        prompt: The first request.
        options: Options of every request.
        read: Parses an answer; raises `JsonParseError` if it is not valid.
        repair: Returns the next request for the first one, the invalid answer and the error.
        max_repairs: How often an invalid answer is sent back, 0 or more.

    Raises:
        ProviderConfigurationError: If `max_repairs` is negative.
    """

    value: T

    def __init__(
        self,
        prompt: str,
        options: Options,
        read: Callable[[AskResult], T],
        repair: Callable[[str, str, str], str],
        max_repairs: int,
    ) -> None:
        if max_repairs < 0:
            raise ProviderConfigurationError(f"max_repairs must be 0 or more, not {max_repairs}.")
        self._prompt = self.request = prompt
        self._options = options
        self._read = read
        self._repair = repair
        self._left = max_repairs
        self.done = False

    def options(self) -> Options:
        """The options of the next request, which it may change."""
        return dict(self._options)

    def check(self, answer: AskResult) -> None:
        """Parse an answer, or prepare the request that repairs it.

        Args:
            answer: The answer to the last request.

        Raises:
            JsonParseError: If it is not valid, and no repair is left or would help.
        """
        try:
            self.value = self._read(answer)
        except JsonParseError as error:
            if not self._left or answer.refusal is not None or answer.finish_reason == "length":
                raise  # a repeated request would end in the same way
            self._left -= 1
            self.request = self._repair(self._prompt, answer.text, str(error))
        else:
            self.done = True
