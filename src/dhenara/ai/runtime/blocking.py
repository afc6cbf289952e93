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
from ..wire.io import Bell, Broken, Patience, Response, Silence, Transport, Unreachable
from .http import HttpTransport
from .names import connected
from .net import Wire
from .pool import Pool
from .reasons import break_of, reason, tls_problem

if TYPE_CHECKING:
    import ssl

    from ..wire.jobs import Job, Outcome

P = ParamSpec("P")
T = TypeVar("T")

CHUNK = 65_536
SHORTEST = 0.001
"""A socket takes 0 for "do not wait at all"; what has no time left still gets one look."""


def run(step: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that never waits: this world answers at once, so the coroutine does not either."""
    try:
        step.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    step.close()
    raise WrongColourError("a sync call was asked to await; use generate_async for async layers, tools and transports")


class BlockingWire:
    """One socket."""

    __slots__ = ("_socket",)

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    async def read(self, timeout: float | None) -> bytes:
        try:
            self._socket.settimeout(timeout if timeout is None else max(timeout, SHORTEST))
            return self._socket.recv(CHUNK)
        except TimeoutError as error:
            raise Silence("nothing was received in time") from error
        except OSError as error:
            raise break_of(error) from error

    async def write(self, data: bytes, timeout: float | None) -> None:
        try:
            self._socket.settimeout(timeout if timeout is None else max(timeout, SHORTEST))
            self._socket.sendall(data)
        except TimeoutError as error:
            raise Silence("the request could not be sent in time") from error
        except OSError as error:
            raise Broken(reason(error)) from error

    async def close(self) -> None:
        self.drop()

    def drop(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already, by whichever side
        self._socket.close()

    def stale(self) -> bool:
        """A resting connection has nothing to say: if it can be read, it was hung up."""
        from .staleness import readable

        return readable(self._socket.fileno())

    def unwrap(self) -> socket.socket:
        return self._socket


class BlockingNet:
    """Sockets."""

    def __init__(self, trust: Callable[[], ssl.SSLContext]) -> None:
        self._trust = trust

    async def connect(self, host: str, port: int, timeout: float | None) -> Wire:
        try:
            # As bytes, a plain host name does not load the tables for international ones.
            found = connected(host.encode() if host.isascii() else host, port, timeout)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError as error:
            raise Silence(f"no connection to {host}:{port} in time", connecting=True) from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(reason(error)) from error
        return BlockingWire(found)

    async def secure(self, wire: Wire, host: str, timeout: float | None) -> Wire:
        if not isinstance(wire, BlockingWire):
            raise TypeError("only a connection of this world can be secured here")
        plain = wire.unwrap()
        try:
            plain.settimeout(timeout if timeout is None else max(timeout, SHORTEST))
            return BlockingWire(self._trust().wrap_socket(plain, server_hostname=host))
        except TimeoutError as error:
            plain.close()
            raise Silence(f"no secure connection to {host} in time", connecting=True) from error
        except OSError as error:
            plain.close()
            raise tls_problem(error) from error
        except BaseException:
            plain.close()
            raise


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
