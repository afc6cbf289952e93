"""What a transport is: it sends a request and returns a response, or raises one of these errors.

Every transport (built-in, httpx2, aiohttp, a user's own) follows these protocols, so the pipeline never sees which one
carries a call. The errors say what is known about the request: `ConnectFailed` means that no response began,
`ConnectionBroken` that it began and broke off, `ReadTimeout` that a time limit expired.
"""

from __future__ import annotations

from typing import Protocol

from .message import Head, HttpRequest


class ConnectFailed(Exception):
    """No connection could be made, or it broke before the response began."""


class CertificateRejected(ConnectFailed):
    """The TLS handshake failed because of the server's or the client's certificate; a retry fails as well."""


class ProxyRefused(ConnectFailed):
    """A proxy refused this request; `status` is the status of its response, None if that was not HTTP."""

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
    """The connection broke after the response had begun."""


class ReadTimeout(Exception):
    """A time limit expired; `connecting` says whether it was that of the connection."""

    def __init__(self, message: str, *, connecting: bool = False) -> None:
        super().__init__(message)
        self.connecting = connecting


class AttemptTimeouts(Protocol):
    """How long the next step of one attempt may take, in seconds; None without a limit. Asked before every step."""

    def connect(self) -> float | None: ...

    def read(self) -> float | None: ...


class Response(Protocol):
    """A response whose body is still arriving."""

    head: Head

    async def read(self) -> bytes:
        """Return the next decompressed bytes of the body; b"" at its end only."""
        ...

    async def close(self) -> None:
        """End the response. If its body was not read to the end, the connection is closed, so that the server stops."""

    def abandon(self) -> None:
        """Do the same without waiting, from any thread."""


class Transport(Protocol):
    """Sends requests. Pass an object with these methods as `transport=` to use another HTTP client."""

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response:
        """Send the request and return the response once its head has arrived.

        Args:
            request: The request, sent at most once, without following redirects.
            timeouts: Time limits, to be asked before every step.

        Returns:
            The response; its body is read later.

        Raises:
            ConnectFailed: If no response began.
            ConnectionBroken: If the response broke off within its head.
            ReadTimeout: If a time limit expired.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
