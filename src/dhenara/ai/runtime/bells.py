"""Bells: who waits in one thread or loop is woken from any other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from .asyncio_net import running, wake

if TYPE_CHECKING:
    import asyncio


class ThreadBell:
    """For a thread that blocks."""

    __slots__ = ("_rung",)

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        self._rung.wait(seconds)
        self._rung.clear()


class LoopBell:
    """For a task of whichever loop is running."""

    __slots__ = ("_lock", "_rung", "_wake")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung = False
        self._wake: Callable[[], object] | None = None

    def ring(self) -> None:
        with self._lock:
            self._rung, wakes = True, self._wake
        if wakes is not None:
            with suppress(RuntimeError):  # its loop is closed: nobody waits there any more
                wakes()

    async def wait(self, seconds: float) -> None:
        loop = running()
        try:
            await (self._on_trio(seconds) if loop is None else self._on_asyncio(loop, seconds))
        finally:
            with self._lock:
                self._rung, self._wake = False, None

    async def _on_asyncio(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        woken: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, wake, woken)
        try:
            if not self._rings(lambda: loop.call_soon_threadsafe(wake, woken)):
                await woken
        finally:
            timer.cancel()

    async def _on_trio(self, seconds: float) -> None:
        import trio

        woken, token = trio.Event(), trio.lowlevel.current_trio_token()
        if not self._rings(lambda: token.run_sync_soon(woken.set)):
            with trio.move_on_after(seconds):
                await woken.wait()

    def _rings(self, wakes: Callable[[], object]) -> bool:
        """Whether it has rung already; from now on, ringing wakes."""
        with self._lock:
            self._wake = wakes
            return self._rung
