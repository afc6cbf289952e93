"""The two colours of a client: how a provider is asked, and how many are asked at once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ParamSpec, Protocol, TypeVar

from .providers.base_provider import BaseProvider, threaded
from .results import AskResult

P = ParamSpec("P")
T = TypeVar("T")


class Colour(Protocol):
    """Operations are written once, against these questions."""

    async def ask(self, provider: BaseProvider, prompt: Any, said: dict[str, Any]) -> AskResult: ...

    async def ask_batch(self, provider: BaseProvider, prompts: Sequence[str], said: dict[str, Any]) -> Any: ...

    async def models(self, provider: BaseProvider) -> list[str]: ...

    async def embed(self, provider: BaseProvider, texts: Sequence[str], said: dict[str, Any]) -> list[list[float]]: ...

    async def operate(
        self, provider: BaseProvider, operation: str, given: tuple[Any, ...], said: dict[str, Any]
    ) -> Any: ...

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...


class Blocking:
    """Every question is answered at once, so `finished` needs no event loop."""

    async def ask(self, provider: BaseProvider, prompt: Any, said: dict[str, Any]) -> AskResult:
        return provider.ask(prompt, **said)

    async def ask_batch(self, provider: BaseProvider, prompts: Sequence[str], said: dict[str, Any]) -> Any:
        return provider.ask_batch(prompts, **said)

    async def models(self, provider: BaseProvider) -> list[str]:
        return provider.list_models()

    async def embed(self, provider: BaseProvider, texts: Sequence[str], said: dict[str, Any]) -> list[list[float]]:
        return provider.embed(texts, **said)

    async def operate(
        self, provider: BaseProvider, operation: str, given: tuple[Any, ...], said: dict[str, Any]
    ) -> Any:
        return provider.operate(operation, *given, **said)

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)


class Waiting:
    """Questions are awaited, on asyncio or trio."""

    async def ask(self, provider: BaseProvider, prompt: Any, said: dict[str, Any]) -> AskResult:
        return await provider.ask_async(prompt, **said)

    async def ask_batch(self, provider: BaseProvider, prompts: Sequence[str], said: dict[str, Any]) -> Any:
        return await provider.ask_batch_async(prompts, **said)

    async def models(self, provider: BaseProvider) -> list[str]:
        return await provider.list_models_async()

    async def embed(self, provider: BaseProvider, texts: Sequence[str], said: dict[str, Any]) -> list[list[float]]:
        return await provider.embed_async(texts, **said)

    async def operate(
        self, provider: BaseProvider, operation: str, given: tuple[Any, ...], said: dict[str, Any]
    ) -> Any:
        return await provider.operate_async(operation, *given, **said)

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await threaded(work, *args, **kwargs)


def finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of work that never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    work.close()
    raise RuntimeError("work of the blocking client waited for something; this is a bug")
