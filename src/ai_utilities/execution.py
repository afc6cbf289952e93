"""Sync and async execution modes: how operations call a provider and run work concurrently."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, Protocol, TypeVar

from .providers.base_provider import BaseProvider, read_answer, run_in_thread
from .results import AskResult
from .value_types import Arguments, OperationResult, Options

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[[], Coroutine[object, object, None]]
"""A function without arguments, to be awaited."""


class ExecutionMode(Protocol):
    """What `ClientCore` needs from a mode; operations are written once, against this protocol."""

    async def ask(self, provider: BaseProvider, prompt: str, options: Options) -> AskResult: ...

    async def ask_batch(self, provider: BaseProvider, prompts: Sequence[str], options: Options) -> list[AskResult]: ...

    async def models(self, provider: BaseProvider) -> list[str]: ...

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

    async def models(self, provider: BaseProvider) -> list[str]:
        return provider.list_models()

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

    async def models(self, provider: BaseProvider) -> list[str]:
        return await provider.list_models_async()

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
