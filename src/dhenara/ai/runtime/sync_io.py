"""IO for sync code: every coroutine runs to its end without suspending."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..config.environment import environment
from ..errors import SyncAsyncMismatchError
from ..wire.http import HttpRequest
from ..wire.io_protocol import AttemptTimeouts, ConnectFailed, ReadTimeout, Response, Transport, WakeupSignal
from .dns import connect_first
from .http import HttpTransport
from .network import Connection
from .os_errors import error_reason
from .pool import ConnectionPool
from .socket_connection import SocketConnection
from .socket_state import wait

if TYPE_CHECKING:
    import ssl

    from ..wire.jobs import Outcome, UserJob

P = ParamSpec("P")
T = TypeVar("T")


def run(step: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends, because all IO of sync code blocks."""
    try:
        step.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    step.close()
    raise SyncAsyncMismatchError(
        "a sync call met async code. Use generate_async for async layers, tools and transports."
    )


class BlockingWaiter:
    """Waits by blocking the thread."""

    async def readable(self, waiting: socket.socket, timeout: float | None) -> None:
        wait(waiting, timeout, write=False)

    async def either(self, waiting: socket.socket, timeout: float | None) -> bool:
        return wait(waiting, timeout, write=True)

    def close(self, closing: socket.socket) -> None:
        closing.close()  # `shutdown` has already woken the waiters


class BlockingNetwork:
    """Opens connections for sync code."""

    def __init__(self, trust: Callable[[], ssl.SSLContext]) -> None:
        self._trust = trust
        self._waiter = BlockingWaiter()

    async def connect(self, host: str, port: int, timeout: float | None) -> Connection:
        try:
            # As bytes, an ASCII host name does not load the IDNA tables.
            connected = connect_first(host.encode() if host.isascii() else host, port, timeout)
        except TimeoutError as error:
            raise ReadTimeout(f"no connection to {host}:{port} in time", connecting=True) from error
        except (OSError, UnicodeError) as error:
            raise ConnectFailed(error_reason(error)) from error
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connected.close()
            raise ConnectFailed(error_reason(error)) from error
        return SocketConnection(connected, self._waiter, time.monotonic)

    async def start_tls(self, connection: Connection, host: str, timeout: float | None) -> Connection:
        from .tls_connection import secured

        return await secured(connection, host, timeout, self._trust)


class BlockingIO:
    """IO that blocks; may be shared by threads."""

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport = transport or blocking_transport()

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response:
        return await self._transport.open(request, timeouts)

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        from .resolve import resolve_addresses

        return resolve_addresses(host, port, timeout)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wakeup_event(self) -> WakeupSignal:
        from .events import ThreadEvent

        return ThreadEvent()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    async def run_jobs(self, jobs: Sequence[UserJob], at_once: int) -> list[Outcome | None]:
        if at_once == 1 or (len(jobs) == 1 and jobs[0].seconds is None):
            from ..wire.jobs import attempt

            return [attempt(job.work) for job in jobs]
        from .thread_pool import ThreadPool

        return ThreadPool(jobs, at_once).run()

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
        from .concurrency import run_in_threads

        return run_in_threads([partial(start_step, step) for step in steps], at_once)

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def random(self) -> float:
        return random.random()  # for retry jitter only, not security

    async def close(self) -> None:
        await self._transport.close()


def start_step(step: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return run(step())


def blocking_transport(trust: Callable[[], ssl.SSLContext] | None = None) -> HttpTransport:
    return HttpTransport(BlockingNetwork(trust or trusted_context), ConnectionPool(), time.monotonic, environment())


def trusted_context() -> ssl.SSLContext:
    """Loaded with the first TLS connection; plain ones do not need it."""
    from .tls import trust_context

    return trust_context(environment())
