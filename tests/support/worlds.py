"""The same test in every world: blocking, asyncio, uvloop, trio."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import pytest
import trio

from dhenara.ai import AIModelClient
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallResponse,
    AIModelEndpoint,
)

Tuples = list[tuple[Any, Any]]


class Blocking:
    """Calls without an event loop."""

    name = "blocking"

    def run(self, client: AIModelClient, *args: Any, **kwargs: Any) -> AIModelCallResponse:
        return client.generate(*args, **kwargs)

    def stream(self, client: AIModelClient, *args: Any, **kwargs: Any) -> Tuples:
        return list(client.generate(*args, streaming=True, **kwargs).stream_generator)

    def ask(self, client: AIModelClient, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Any other question that a client answers in both colours."""
        return getattr(client, name)(*args, **kwargs)

    def close(self, client: AIModelClient) -> None:
        client.close()


class Async:
    """Calls on an event loop, each in a run of its own."""

    def __init__(self, name: str, start: Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]) -> None:
        self.name = name
        self._start = start

    def run(self, client: AIModelClient, *args: Any, **kwargs: Any) -> AIModelCallResponse:
        actual: AIModelCallResponse = self._start(lambda: client.generate_async(*args, **kwargs))
        return actual

    def stream(self, client: AIModelClient, *args: Any, **kwargs: Any) -> Tuples:
        async def drain() -> Tuples:
            response = await client.generate_async(*args, streaming=True, **kwargs)
            return [pair async for pair in response.async_stream_generator]

        actual: Tuples = self._start(drain)
        return actual

    def ask(self, client: AIModelClient, name: str, /, *args: Any, **kwargs: Any) -> Any:
        return self._start(lambda: getattr(client, f"{name}_async")(*args, **kwargs))

    def close(self, client: AIModelClient) -> None:
        self._start(client.aclose)

    def start(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Runs the coroutine that `work` returns on a new loop."""
        return self._start(work)


def on_uvloop(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not made for Windows")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work())


World = Blocking | Async
ASYNC_WORLDS: list[Async] = [
    Async("asyncio", lambda work: asyncio.run(work())),
    Async("uvloop", on_uvloop),
    Async("trio", lambda work: trio.run(work)),
]
WORLDS: list[World] = [
    Blocking(),
    *ASYNC_WORLDS,
]

TESTS = Path(__file__).parents[1]
EVERY_LOOP = ("io", "http", "conformance")
"""Folders whose tests are about what differs between event loops."""


def mark_repeated_loops(items: Iterable[pytest.Item]) -> None:
    """Leave one event loop, in turn, to each case of a test with many cases; the others run with the slow tests.

    Event loops differ in sockets and timers, which the tests of `EVERY_LOOP` are about; above them, they run the same
    code. Each case stays in blocking code and on one loop, each loop in some cases, and a test that has no parameter
    but its world in every world.
    """
    tests: dict[Any, dict[tuple[int, ...], list[pytest.Function]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        if not isinstance(item, pytest.Function) or item.path.relative_to(TESTS).parts[0] in EVERY_LOOP:
            continue
        values = item.callspec.params if hasattr(item, "callspec") else {}
        actual = values.get("world", values.get("async_world"))
        if isinstance(actual, Async):
            case = tuple(id(value) for value in values.values() if value is not actual)
            tests[item.parent, item.originalname][case].append(item)
    for cases in tests.values():
        for number, on_loops in enumerate(cases.values()):
            for place, item in enumerate(on_loops):
                if not has_turn(number, len(cases), place, len(on_loops)):
                    item.add_marker(pytest.mark.slow)


def has_turn(case: int, cases: int, loop: int, loops: int) -> bool:
    """Whether this case runs on this loop: one loop for each case, or some if there are fewer cases than loops."""
    turns = min(cases, loops)
    shifted = case + case // turns  # after each round, so that each value of another parameter gets all loops
    return loop % turns == shifted % turns


def endpoint(url: str, provider: str = "openai", model: str = "fake-1", **config: Any) -> AIModelEndpoint:
    """An endpoint at a fake server; OpenAI's base URL has the version in it, Anthropic's has not."""
    base = url + {"anthropic": "", "google_ai": "/v1beta", "amazon_bedrock": "", "cohere": "", "ollama": ""}.get(
        provider, "/v1"
    )
    return AIModelEndpoint(
        api=AIModelAPI(provider=provider, api_key="sk-test-secret", config={"base_url": base, **config}),
        ai_model=AIModel(model_name=model),
    )
