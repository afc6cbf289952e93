"""Events that end a wait from any thread, in sync code and on event loops."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import trio

from dhenara.ai.io.async_io import AsyncIO
from dhenara.ai.io.protocol import WakeupSignal
from dhenara.ai.io.sync_io import BlockingIO, run

Work = Callable[[], Coroutine[Any, Any, float]]
WORLDS: list[tuple[Callable[[], WakeupSignal], Callable[[Work], float]]] = [
    (BlockingIO().wakeup_event, lambda work: run(work())),
    (AsyncIO().wakeup_event, lambda work: asyncio.run(work())),
    (AsyncIO().wakeup_event, lambda work: trio.run(work)),
]


@pytest.fixture(params=WORLDS, ids=["blocking", "asyncio", "trio"])
def started(request: pytest.FixtureRequest) -> Callable[[Callable[[WakeupSignal], Coroutine[Any, Any, None]]], float]:
    """How many seconds something with a event takes in a world."""
    event, start = request.param

    def timed(script: Callable[[WakeupSignal], Coroutine[Any, Any, None]]) -> float:
        async def work() -> float:
            began = time.monotonic()
            await script(event())
            return time.monotonic() - began

        return float(start(work))

    return timed


def test_set_from_another_thread_ends_the_wait(started: Any) -> None:
    async def script(event: WakeupSignal) -> None:
        threading.Timer(0.05, event.set).start()
        await event.wait(1000)

    assert 0.04 < started(script) < 900


def test_wait_ends_after_its_timeout(started: Any) -> None:
    async def script(event: WakeupSignal) -> None:
        await event.wait(0.05)

    assert 0.04 < started(script) < 900


def test_events_set_before_the_wait_count_once(started: Any) -> None:
    async def script(event: WakeupSignal) -> None:
        event.set()
        event.set()
        await event.wait(1000)
        await event.wait(0.05)

    assert 0.04 < started(script) < 900


def test_set_after_the_loop_was_closed_does_nothing() -> None:
    event = AsyncIO().wakeup_event()

    async def left() -> None:
        waiting = asyncio.ensure_future(event.wait(1000))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(left())
    event.set()
