"""The same script for both colours of the kit's client, in every world."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio

from ai_utilities import AiClient, AiSettings, AsyncAiClient
from ai_utilities.execution import run_sync

T = TypeVar("T")


class Uniform:
    """A client whose methods are awaited, whatever its colour."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if not callable(method):
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            actual = method(*args, **kwargs)
            return await actual if inspect.isawaitable(actual) else actual

        return call

    async def pieces(self, stream: Any) -> list[str]:
        """Everything that a stream yields."""
        return [piece async for piece in stream] if hasattr(stream, "__aiter__") else list(stream)

    async def close(self) -> None:
        if isinstance(self.client, AiClient):
            self.client.close()
        else:
            await self.client.aclose()


def run(world: Any, script: Callable[[Uniform], Awaitable[T]], *args: Any, **kwargs: Any) -> T:
    """Runs the script with a client of this world, and closes it."""

    async def whole() -> T:
        mode = AiClient if world.name == "blocking" else AsyncAiClient
        client = Uniform(mode(*args, **kwargs))
        try:
            return await script(client)
        finally:
            await client.close()

    if world.name == "blocking":
        return run_sync(whole())
    return asyncio.run(whole()) if world.name == "asyncio" else trio.run(whole)


def settings(url: str, **provided: Any) -> AiSettings:
    """Settings for a fake server that speaks as OpenAI does."""
    return AiSettings(
        _env_file=None, **{"api_key": "sk-test-secret", "base_url": f"{url}/v1", "model": "fake-1", **provided}
    )
