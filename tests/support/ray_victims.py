"""Clients whose worker dies once: after the answer was stored, and before it was reported."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ai_utilities import AiClient, AiSettings
from ai_utilities.limits import Limit, LimitLayer, RedisLimits
from dhenara.ai import Send, Stream
from dhenara.ai.types import Call


def no_replay(marker: Path) -> bool:
    """Whether nobody was here before, on this machine."""
    try:
        marker.open("x").close()
    except FileExistsError:
        return False
    return True


def dies_after(word: str, marker: Path) -> Any:
    """Outermost of the layers, so that everything below it has happened."""

    async def layer(call: Call, send: Send) -> Stream:
        stream = await send(call)
        await stream.response()
        if word in str(call.messages[-1]) and no_replay(marker):
            os.kill(os.getpid(), signal.SIGKILL)
        return stream

    return layer


def dies_before(word: str) -> Any:
    """Each time."""

    async def layer(call: Call, send: Send) -> Stream:
        if word in str(call.messages[-1]):
            os.kill(os.getpid(), signal.SIGKILL)
        return await send(call)

    return layer


def client_of_victims(
    address: str, redis: str | None = None, *, layers: Any = (), per_second: int | None = None, **provided: Any
) -> Callable[[], AiClient]:
    """What makes the client, in each worker."""

    def make() -> AiClient:
        shared = {"cache_enabled": True, "cache_backend": "redis", "usage_store": "redis", "redis_url": redis}
        settings = AiSettings(
            provider="openai",
            api_key="sk-test-of-ray",
            model="fake",
            base_url=f"{address}/v1",
            **(shared if redis else {}),
            **provided,
        )
        limits = [LimitLayer(Limit(requests_per_second=per_second), store=RedisLimits(redis))] if per_second else []
        return AiClient(settings, layers=layers, attempt_layers=limits)

    return make
