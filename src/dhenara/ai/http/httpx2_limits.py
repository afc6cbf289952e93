"""Timeouts, limits and errors of one request, for the connections of httpx2's pools."""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpcore2

from ..wire.sse import BrokenFraming
from .protocol.http1 import InvalidRequest
from .protocol.message import (
    AttemptTimeouts,
    CertificateRejected,
    ConnectFailed,
    ConnectionBroken,
    ProxyRefused,
    ReadTimeout,
)
from .proxy import Proxy
from .response import ResponseCheck
from .sockets.connection import chain_of, error_reason, tls_problem
from .transport import MAYBE_RECEIVED

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


STATUS_DIGITS = 3
# TLS alerts after the handshake are not wrapped by anyio.
ERRORS = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    OSError,
)


@contextmanager
def using(use: Use, proxy: Proxy | None, *, began: bool = False) -> Iterator[None]:
    """Mark the pool as used by this request, and translate its errors."""
    current.set(use)
    try:
        yield
    except httpcore2.LocalProtocolError as error:
        raise InvalidRequest(str(error)) from error
    except ERRORS as error:
        raise translated(error, use, proxy, began=began) from error


def translated(error: Exception, use: Use, proxy: Proxy | None, *, began: bool) -> Exception:
    """Translate an httpcore2 error; the proxy's password is masked."""
    text = error_reason(error, "the connection broke")
    text = proxy.hide(text) if proxy is not None else text
    if isinstance(error, httpcore2.TimeoutException):
        return ReadTimeout(text, connecting=isinstance(error, httpcore2.ConnectTimeout))
    if isinstance(error, httpcore2.ProxyError):
        return refused_by(proxy, text)
    cause = tls_cause(error)
    if cause is not None:
        problem = tls_problem(cause)
        return problem if isinstance(problem, CertificateRejected) else broken(error_reason(cause), use, began)
    if isinstance(error, httpcore2.RemoteProtocolError) and not use.ended:
        return BrokenFraming(text)
    return broken(text, use, began)


def broken(text: str, use: Use, began: bool) -> ConnectionBroken | ConnectFailed:
    """A connection that ended: before the request, after a part of it was written, or in the response."""
    if began:
        return ConnectionBroken(text)
    return ConnectFailed(f"{text.rstrip('.')}; {MAYBE_RECEIVED}" if use.sent else text)


def refused_by(proxy: Proxy | None, text: str) -> ProxyRefused:
    """Return the error for a refusal; httpcore2 puts the status into its text: `407 Proxy Authentication Required`."""
    word = text.partition(" ")[0]
    status = int(word) if len(word) == STATUS_DIGITS and word.isdecimal() else None
    return ProxyRefused(
        f"the proxy {proxy} refused the connection with status {status}" if status else text, status=status
    )


def tls_cause(error: BaseException) -> ssl.SSLError | None:
    """Return the TLS error behind an error; pools drop `__cause__` but not `__context__`."""
    return next((one for one in chain_of(error) if isinstance(one, ssl.SSLError)), None)
