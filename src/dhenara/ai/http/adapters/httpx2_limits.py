"""The timeouts and limits of one request, for the connections of httpx2's pools.

httpcore2 takes one timeout per request; here it is set for every read and write. What is read is checked, see
`ResponseCheck`. While a large body is sent, the response is read as well, because httpcore2 itself would not see it
before everything is written (RFC 9112 section 9.5); a `WriteError` makes it stop sending and read the response.

`current` holds the request that a thread or task is working on, so that a connection that serves many requests uses
the limits of the current one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpcore2

from ..protocol.interfaces import AttemptTimeouts
from .response_check import ResponseCheck

LARGEST_READ = 65_536
ANSWERED = "the server answered before the whole request was sent"
SHORTEST = 0.001
"""Shortest timeout; a socket treats 0 as non-blocking."""
SocketOptions = Iterable[httpcore2.SOCKET_OPTION] | None


class Use:
    """One request's use of a pool: its limits and the state of the connection."""

    __slots__ = (
        "check", "connect_until", "ended", "name", "pinned", "proxied", "sent", "timeouts", "tunnels", "uploads",
    )  # fmt: skip

    def __init__(
        self,
        timeouts: AttemptTimeouts,
        pinned: str | None,
        name: str,
        *,
        proxied: bool,
        tunnels: bool,
        check: ResponseCheck,
        uploads: bool = False,
    ) -> None:
        limit = timeouts.connect()
        self.timeouts = timeouts
        self.connect_until = None if limit is None else time.monotonic() + limit
        self.pinned = pinned
        """The checked address to connect to (directly or through the proxy) instead of resolving the name."""
        self.name = name
        """Host name in the URL, for the certificate."""
        self.proxied = proxied
        self.tunnels = tunnels
        """Whether a new connection reaches the proxy first, and the host only with TLS."""
        self.ended = False
        """Whether the other side has closed the connection."""
        self.sent = False
        """Whether a part of the request was written: from then on the server may have received it."""
        self.check = check
        """Of the response."""
        self.uploads = uploads
        """Whether the body is so large that the server may answer before all of it is sent."""

    def address(self, host: str) -> str:
        """Return where to connect for this host; with a proxy, the proxy's host."""
        return host if self.pinned is None or self.proxied else self.pinned

    def server_name(self, host: str | None) -> str | None:
        """Return the host name expected in the certificate."""
        return self.name if self.pinned is not None and host == self.pinned else host


current: ContextVar[Use] = ContextVar("httpx2_use")


def connect_left() -> float | None:
    until = current.get().connect_until
    if until is None:
        return None
    if until <= (now := time.monotonic()):
        raise httpcore2.ConnectTimeout("no connection in time")
    return max(until - now, SHORTEST)


def step_left(connecting: bool) -> float | None:
    """Return the seconds for the next read or write."""
    if connecting:
        return connect_left()
    left = current.get().timeouts.read()
    if left is not None and left <= 0:
        raise httpcore2.ReadTimeout("the time is over")
    return None if left is None else max(left, SHORTEST)


@contextmanager
def step(connecting: bool) -> Iterator[None]:
    """A read or write that runs out of time before the host is reached is a timeout of connecting."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        if not connecting:
            raise
        raise httpcore2.ConnectTimeout(str(error)) from error


@contextmanager
def encodable(host: str) -> Iterator[None]:
    """The look-up of a name raises an error of its own for one that has no encoding."""
    try:
        yield
    except UnicodeError as error:
        raise httpcore2.ConnectError(f"{host!r} cannot be the name of a host") from error


class Arrived:
    """What one connection has received: checked for the current request, and kept if it came while that was sent."""

    def __init__(self) -> None:
        self._early: deque[bytes] = deque()
        self._check: ResponseCheck | None = None
        self.early_bytes = 0

    def add(self, data: bytes, *, connecting: bool, early: bool = False) -> bytes:
        """Check what was just received; with `early`, keep it for the coming reads."""
        use = current.get()
        use.ended = not data
        if not connecting:
            self._check = use.check
            if data:
                use.check.feed(data)
        if early:
            self._early.append(data)
            self.early_bytes += len(data)
        return data

    def take_early(self) -> bytes | None:
        """The oldest bytes that were kept."""
        if not self._early:
            return None
        data = self._early.popleft()
        self.early_bytes -= len(data)
        return data

    @property
    def spoiled(self) -> bool:
        """Whether the connection can carry no other request, although httpcore2 may think so."""
        return bool(self._early) or (self._check is not None and not self._check.reusable)
