"""Runs in every world."""

from __future__ import annotations

from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.types import Run
from support.worlds import Blocking, World


def go(world: World, client: AIModelClient, *args: Any, **kwargs: Any) -> Run[Any]:
    """A whole run."""
    if isinstance(world, Blocking):
        return client.run(*args, **kwargs)
    actual: Run[Any] = world._start(lambda: client.run_async(*args, **kwargs))
    return actual


def go_streaming(world: World, client: AIModelClient, *args: Any, **kwargs: Any) -> tuple[list[Any], Run[Any]]:
    """Every event of a run, and the run."""
    if isinstance(world, Blocking):
        return reported(list(client.run_streaming(*args, **kwargs)))

    async def drain() -> list[Any]:
        return [pair async for pair in client.run_streaming_async(*args, **kwargs)]

    return reported(world._start(drain))


def reported(pairs: list[Any]) -> tuple[list[Any], Run[Any]]:
    assert all(run is None for _, run in pairs[:-1])
    return [event for event, _ in pairs[:-1]], pairs[-1][1]
