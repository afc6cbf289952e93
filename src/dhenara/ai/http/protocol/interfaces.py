"""What a transport is: it sends a request and returns a response, or raises one of these errors.

Every transport (built-in, httpx2, aiohttp, a user's own) follows these protocols, so the pipeline never sees which one
carries a call. The errors say what is known about the request: `ConnectFailed` means that no response began,
`ConnectionBroken` that it began and broke off, `ReadTimeout` that a time limit expired.
"""

from __future__ import annotations

from typing import Protocol

from .message import Head, HttpRequest


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
        ...

    async def close(self) -> None:
        """Ends the exchange now. A connection with an unread body is hung up, so nobody goes on talking."""

    def abandon(self) -> None:
        """The same for someone who cannot wait, at once and from any thread."""


class Transport(Protocol):
    """Sends requests. Users may bring their own."""

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response: ...

    async def close(self) -> None: ...
