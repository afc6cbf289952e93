"""The router of this library with its defaults. An attempt layer answers in place of the network."""

from __future__ import annotations

import asyncio
from typing import Any

from world import MAIN, RETRIES, SPARE, TIMEOUT, JumpingClock, World, show

CLOCK = JumpingClock()
CLOCK.install()

from dhenara.ai import AIModelClient, CompletedStream  # noqa: E402
from dhenara.ai.errors import AuthenticationError, RateLimitError, ServerError  # noqa: E402
from dhenara.ai.types import (  # noqa: E402
    AIModelCallConfig,
    AIModelEndpoint,
    ChatResponse,
    ChatResponseChoice,
    TextContent,
)

ERRORS = {503: ServerError, 429: RateLimitError, 401: AuthenticationError}


class Simulated:
    """A layer that answers as the world says, without sending."""

    def __init__(self, world: World, start: float) -> None:
        self._world = world
        self._start = start

    def bind(self, io: Any, target: Any) -> Any:
        name = target.origin.model

        async def answer(call: Any, send: Any) -> Any:
            reply = self._world.reply(name, CLOCK.now - self._start)
            await asyncio.sleep(reply.seconds)
            if reply.status != 200:
                raise ERRORS[reply.status](f"HTTP {reply.status}", status=reply.status, retry_after=reply.retry_after)
            choice = ChatResponseChoice(index=0, contents=[TextContent(text="Hello!")])
            return CompletedStream(ChatResponse(choices=[choice]), target.origin)

        return answer


def make(world: World, clock: JumpingClock, hedge_after: float | None = None) -> Any:
    def deployment(name: str) -> AIModelEndpoint:
        return AIModelEndpoint.of(f"openai/{name}", api_key=name)

    client = AIModelClient.routed(
        {
            "groups": [[deployment(name) for name in MAIN], [deployment(name) for name in SPARE]],
            "hedge_after": hedge_after,
        },
        config=AIModelCallConfig(retries=RETRIES, timeout=TIMEOUT),
        attempt_layers=[Simulated(world, clock.now)],
    )

    async def ask() -> None:
        await client.generate_async("Hello")

    return ask


if __name__ == "__main__":
    show(CLOCK, make)
