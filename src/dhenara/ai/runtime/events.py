"""Events that wake a waiting thread or task from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from .asyncio_network import running_loop, wake_future

if TYPE_CHECKING:
    import asyncio


class ThreadEvent:
    """Event for a blocking thread."""

    __slots__ = ("_rung",)

    def __init__(self) -> None:
        self._rung = threading.Event()

    def set(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        self._rung.wait(seconds)
        self._rung.clear()


class LoopEvent:
    """Event for a task of any event loop."""

    __slots__ = ("_lock", "_rung", "_wake")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung = False
        self._wake: Callable[[], object] | None = None

    def set(self) -> None:
        with self._lock:
            self._rung, wakes = True, self._wake
        if wakes is not None:
            with suppress(RuntimeError):  # the loop is closed, so nobody waits
                wakes()

    async def wait(self, seconds: float) -> None:
        loop = running_loop()
        try:
            await (self._wait_on_trio(seconds) if loop is None else self._wait_on_asyncio(loop, seconds))
        finally:
            with self._lock:
                self._rung, self._wake = False, None

    async def _wait_on_asyncio(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        woken: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, wake_future, woken)
        try:
            if not self._register(lambda: loop.call_soon_threadsafe(wake_future, woken)):
                await woken
        finally:
            timer.cancel()

    async def _wait_on_trio(self, seconds: float) -> None:
        import trio

        woken, token = trio.Event(), trio.lowlevel.current_trio_token()
        if not self._register(lambda: token.run_sync_soon(woken.set)):
            with trio.move_on_after(seconds):
                await woken.wait()

    def _register(self, wakes: Callable[[], object]) -> bool:
        """Register the wake function; return whether the event is already set."""
        with self._lock:
            self._wake = wakes
            return self._rung
