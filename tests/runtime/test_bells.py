"""Bells: woken by others, at once and from anywhere."""

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
    """How many seconds something with a bell takes in a world."""
    bell, start = request.param

    def timed(script: Callable[[WakeupSignal], Coroutine[Any, Any, None]]) -> float:
        async def work() -> float:
            began = time.monotonic()
            await script(bell())
            return time.monotonic() - began

        return float(start(work))

    return timed


def test_another_thread_ends_the_wait(started: Any) -> None:
    async def script(bell: WakeupSignal) -> None:
        threading.Timer(0.05, bell.set).start()
        await bell.wait(1000)

    assert 0.04 < started(script) < 900


def test_nobody_waits_longer_than_wanted(started: Any) -> None:
    async def script(bell: WakeupSignal) -> None:
        await bell.wait(0.05)

    assert 0.04 < started(script) < 900


def test_a_bell_that_has_rung_before_is_heard_once(started: Any) -> None:
    async def script(bell: WakeupSignal) -> None:
        bell.set()
        bell.set()
        await bell.wait(1000)
        await bell.wait(0.05)

    assert 0.04 < started(script) < 900


def test_ringing_for_somebody_whose_loop_is_closed_does_nothing() -> None:
    bell = AsyncIO().wakeup_event()

    async def left() -> None:
        waiting = asyncio.ensure_future(bell.wait(1000))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(left())
    bell.set()
