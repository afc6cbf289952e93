"""The blocking world: every answer is ready when the question is asked."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..config.environment import environment
from ..errors import WrongColourError
from ..wire.http import HttpRequest
from ..wire.io import Bell, Patience, Response, Silence, Transport, Unreachable
from .http import HttpTransport
from .names import connected
from .net import Wire
from .pool import Pool
from .reasons import reason
from .socket_wire import SocketWire
from .staleness import wait

if TYPE_CHECKING:
    import ssl

    from ..wire.jobs import Job, Outcome

P = ParamSpec("P")
T = TypeVar("T")


def run(step: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that never waits: this world answers at once, so the coroutine does not either."""
    try:
        step.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    step.close()
    raise WrongColourError("a sync call was asked to await; use generate_async for async layers, tools and transports")


class BlockingWaiter:
    """Waits by blocking the thread."""

    async def readable(self, waiting: socket.socket, timeout: float | None) -> None:
        wait(waiting, timeout, write=False)

    async def either(self, waiting: socket.socket, timeout: float | None) -> bool:
        return wait(waiting, timeout, write=True)

    def close(self, closing: socket.socket) -> None:
        closing.close()  # `shutdown` before it has woken whoever waits


class BlockingNet:
    """Sockets."""

    def __init__(self, trust: Callable[[], ssl.SSLContext]) -> None:
        self._trust = trust
        self._waiter = BlockingWaiter()

    async def connect(self, host: str, port: int, timeout: float | None) -> Wire:
        try:
            # As bytes, a plain host name does not load the tables for international ones.
            found = connected(host.encode() if host.isascii() else host, port, timeout)
        except TimeoutError as error:
            raise Silence(f"no connection to {host}:{port} in time", connecting=True) from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(reason(error)) from error
        try:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            found.close()
            raise Unreachable(reason(error)) from error
        return SocketWire(found, self._waiter, time.monotonic)

    async def secure(self, wire: Wire, host: str, timeout: float | None) -> Wire:
        from .tls_wire import secured

        return await secured(wire, host, timeout, self._trust)


class BlockingIO:
    """Answers at once, by blocking. One may be shared by many threads."""

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport = transport or blocking_transport()

    async def open(self, request: HttpRequest, patience: Patience) -> Response:
        return await self._transport.open(request, patience)

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        from .places import places

        return places(host, port, timeout)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def bell(self) -> Bell:
        from .bells import ThreadBell

        return ThreadBell()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    async def gather(self, jobs: Sequence[Job], at_once: int) -> list[Outcome | None]:
        if at_once == 1 or (len(jobs) == 1 and jobs[0].seconds is None):
            from ..wire.jobs import attempt

            return [attempt(job.work) for job in jobs]
        from .crowd import Crowd

        return Crowd(jobs, at_once).run()

    async def together(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
        from .together import in_threads

        return in_threads([partial(begun, step) for step in steps], at_once)

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def chance(self) -> float:
        return random.random()  # spreads retries; nothing secret rests on it

    async def close(self) -> None:
        await self._transport.close()


def begun(step: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return run(step())


def blocking_transport(trust: Callable[[], ssl.SSLContext] | None = None) -> HttpTransport:
    return HttpTransport(BlockingNet(trust or trusted), Pool(), time.monotonic, environment())


def trusted() -> ssl.SSLContext:
    """Loaded with the first secure connection; plain ones to this machine do without."""
    from .tls import trust

    return trust(environment())
