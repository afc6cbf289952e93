"""The world, as a few questions. Whoever answers them decides whether we block."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from .http import Head, HttpRequest

if TYPE_CHECKING:
    from .jobs import Outcome, UserJob

P = ParamSpec("P")
T = TypeVar("T")


class ConnectFailed(Exception):
    """No connection could be made, or it broke before the answer began."""


class CertificateRejected(ConnectFailed):
    """TLS failed over a certificate, the server's or ours; a repetition fails in the same way."""


class ProxyRefused(ConnectFailed):
    """A proxy answered, but does not let this request through; `status` is its answer, None where it was not HTTP."""

    def __init__(self, message: str, *, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class ReusedConnectionClosed(ConnectFailed):
    """A connection that had been used before broke after the request was written: the server may have processed it.

    RFC 9110 section 9.2.2: a request that is not idempotent must not be repeated unless it is known to be unprocessed.
    """


class ClientClosed(ConnectFailed):
    """The client was closed while the request was under way."""


class ConnectionBroken(Exception):
    """The connection broke while the answer was arriving."""


class ReadTimeout(Exception):
    """Nothing happened for longer than it was allowed to take; `connecting` tells which wait it was."""

    def __init__(self, message: str, *, connecting: bool = False) -> None:
        super().__init__(message)
        self.connecting = connecting


class AttemptTimeouts(Protocol):
    """How long the next step of one request may take, in seconds; None for as long as it takes."""

    def connect(self) -> float | None: ...

    def read(self) -> float | None: ...


class Response(Protocol):
    """An answer whose body is still arriving."""

    head: Head

    async def read(self) -> bytes:
        """The next bytes of the body, never empty until it is over; then b""."""

    async def close(self) -> None:
        """Ends the exchange now. A connection with an unread body is hung up, so nobody goes on talking."""

    def abandon(self) -> None:
        """The same for someone who cannot wait, at once and from any thread."""


class WakeupSignal(Protocol):
    """For who waits for something that another thread or loop of this process does."""

    def set(self) -> None:
        """Ends the wait, or else the next one before it begins; from any thread."""

    async def wait(self, seconds: float) -> None:
        """Until it rings, at most so long."""


class Transport(Protocol):
    """Sends requests. Users may bring their own."""

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response: ...

    async def close(self) -> None: ...


class IO(Protocol):
    """Everything that the journey of a call may ask of the world."""

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response: ...

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        """Every address that this name stands for. Raises Unreachable when there is none."""

    async def sleep(self, seconds: float) -> None: ...

    def wakeup_event(self) -> WakeupSignal:
        """A new one, to be waited for in this world."""

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs blocking work without holding up anybody else."""

    async def run_jobs(self, jobs: Sequence[UserJob], at_once: int) -> list[Outcome | None]:
        """Runs jobs side by side, as many at once; None for those whose time was over. One at a time runs in place."""

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
        """Takes steps of our own side by side, as many at once; the first failure is raised and ends them all."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def time(self) -> float:
        """Seconds since 1970."""

    def random(self) -> float:
        """A random number from 0 up to 1."""

    async def close(self) -> None: ...
