"""Responses whose body is still arriving, over our own connections or another HTTP client.

Each read asks for the time that is left, even if data is available: a server that always has a few bytes ready cannot
stretch a limit. Compressed bodies are opened in steps of at most `OPENED_AT_ONCE` bytes, so a small body that unpacks
without end is bounded like any other. `HttpResponse` returns its connection to the pool once its body was read to the
end. `ResponseCheck` holds responses that httpx2 and aiohttp parse to the same rules and limits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..wire.limits import LimitExceeded, ReadLimits
from ..wire.sse import BrokenFraming
from .protocol.body import Decompressor, decompressor
from .protocol.http1 import Http1Reader
from .protocol.message import AttemptTimeouts, ClientClosed, ConnectFailed, ConnectionBroken, Head, ReadTimeout
from .sockets.connection import Connection

OPENED_AT_ONCE = 262_144
"""Most bytes to decompress at once, whatever the compressed size."""


async def read_head(connection: Connection, reader: Http1Reader, timeouts: AttemptTimeouts, left: float | None) -> None:
    """Read until the head is complete; a connection that closes without a byte counts as not connected.

    Args:
        connection: The connection to read from.
        reader: Gets what is read.
        timeouts: Timeouts of the attempt.
        left: What they leave for the first read.
    """
    while True:
        try:
            data = await connection.read(left)
        except ConnectionBroken as error:
            raise (ConnectionBroken if reader.started else ConnectFailed)(str(error)) from error
        if data:
            reader.feed(data)
            if reader.head is not None:
                return
            left = time_left(timeouts)
            continue
        raise (ConnectionBroken if reader.started else ConnectFailed)(
            "the server hung up in the middle of the head of its answer"
            if reader.started
            else "the server hung up without an answer"
        )


def time_left(timeouts: AttemptTimeouts) -> float | None:
    """Return the remaining time; raises ReadTimeout if none is left, even if data is available."""
    seconds = timeouts.read()
    if seconds is not None and seconds <= 0:
        raise ReadTimeout("the time is over")
    return seconds


class CompleteResponse:
    """A response that arrived with its head, in plain encoding; its connection is free already."""

    __slots__ = ("_body", "head", "is_read")

    def __init__(self, head: Head, body: bytes) -> None:
        self.head = head
        self._body = body
        self.is_read = False

    async def read(self) -> bytes:
        """Return the whole body, then b""."""
        body, self._body = self._body, b""
        self.is_read = True
        return body

    async def close(self) -> None:
        self._body = b""

    def abandon(self) -> None:
        self._body = b""


class HttpResponse:
    """One response; its connection returns to the pool when the body was read to its end.

    Args:
        connection: The connection, after the head was read.
        reader: The reader that read the head.
        timeouts: Timeouts of the attempt.
        limits: Size limits.
        release: Takes back the connection, with whether it can be reused.
        closed: Whether the client was closed meanwhile.
    """

    __slots__ = (
        "_broken",
        "_closed",
        "_connection",
        "_decompress",
        "_limits",
        "_over",
        "_reader",
        "_received",
        "_release",
        "_timeouts",
        "head",
    )  # fmt: skip

    def __init__(
        self,
        connection: Connection,
        reader: Http1Reader,
        timeouts: AttemptTimeouts,
        limits: ReadLimits,
        release: Callable[[bool], None],
        closed: Callable[[], bool],
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._timeouts = timeouts
        self._limits = limits
        self._release = release
        self._closed = closed
        self._over = False
        self._received = 0
        self._broken: BrokenFraming | None = None
        self.head: Head = reader.head or Head(0)
        self._decompress: Decompressor | None = decompressor(self.head.headers.get("content-encoding"))

    async def read(self) -> bytes:
        """Return the next decompressed bytes of the body, b"" at the end."""
        while not self._over:
            data = self._reader.take() if self._decompress is None else self._readable(self._decompress)
            if data:
                if self._decompress is None and self._reader.done:
                    self._end(self._reader.reusable)
                return data
            if self._decompress is not None and self._decompress.waiting:
                continue
            if self._reader.done:
                return self._finish()
            if self._broken is not None:
                raise self._broken
            await self._receive()
        return b""

    async def close(self) -> None:
        # An unread body closes the connection, so that the provider can stop generating.
        if not self._over:
            self._end(self._reader.reusable)

    def abandon(self) -> None:
        self._end(False)

    def _readable(self, opener: Decompressor) -> bytes:
        """Return what is available without waiting, decompressed."""
        if opener.waiting:
            return opener.feed(b"", OPENED_AT_ONCE)
        data = self._reader.take()
        return opener.feed(data, OPENED_AT_ONCE) if data else b""

    async def _receive(self) -> None:
        """Read more data; what was readable before a framing error is returned first."""
        try:
            arrived = await self._connection.read(time_left(self._timeouts))
        except ConnectionBroken as error:
            if self._closed():
                raise ClientClosed("the client was closed while the answer was arriving") from error
            raise
        # Without compression the caller checks the limit; this is for bodies that decompress to nothing.
        self._received += len(arrived)
        most = self._limits.body_bytes
        if most is not None and self._decompress is not None and self._received > most:
            raise LimitExceeded("the compressed body of the response", "body_bytes", most)
        try:
            if arrived:
                self._reader.feed(arrived)
            else:
                self._reader.eof()
        except BrokenFraming as error:
            self._broken = error

    def _finish(self) -> bytes:
        if self._decompress is not None and not self._over:
            opener, self._decompress = self._decompress, None
            rest = opener.finish()
            self._end(self._reader.reusable)
            return rest
        self._end(self._reader.reusable)
        return b""

    def _end(self, reusable: bool) -> None:
        if not self._over:
            self._over = True
            self._release(reusable)


class RawBody(Protocol):
    """The body of a response as another HTTP client reads it."""

    async def read(self, timeout: float | None) -> bytes:
        """Return the next raw bytes, b"" at the end; raises ReadTimeout, ConnectionBroken or BrokenFraming."""
        ...

    async def close(self) -> None: ...

    def drop(self) -> None:
        """Close the connection at once, from any thread, without waiting."""


class AdaptedResponse:
    """A response of another HTTP client; `secrets` are masked in errors and heads."""

    __slots__ = ("_body", "_closed", "_decompress", "_over", "_timeouts", "head", "secrets")

    def __init__(self, head: Head, body: RawBody, timeouts: AttemptTimeouts, secrets: tuple[str, ...] = ()) -> None:
        self.head = head
        self.secrets = secrets
        self._body = body
        self._timeouts = timeouts
        self._decompress: Decompressor | None = decompressor(head.headers.get("content-encoding"))
        self._over = False
        self._closed = False

    async def read(self) -> bytes:
        """Return the next decompressed bytes of the body, b"" at the end."""
        while not self._over:
            opener = self._decompress
            if opener is not None and opener.waiting:
                data = opener.feed(b"", OPENED_AT_ONCE)
            else:
                data = await self._body.read(time_left(self._timeouts))
                if not data:
                    return await self._finish()
                if opener is not None:
                    data = opener.feed(data, OPENED_AT_ONCE)
            if data:
                return data
        return b""

    async def close(self) -> None:
        self._over = True
        if not self._closed:
            self._closed = True
            await self._body.close()

    def abandon(self) -> None:
        self._over = True
        if not self._closed:
            self._closed = True
            self._body.drop()

    async def _finish(self) -> bytes:
        rest = b""
        if self._decompress is not None:
            rest, self._decompress = self._decompress.finish(), None
        await self.close()
        return rest


class ResponseCheck:
    """Follows one response, byte by byte.

    Args:
        method: The method of the request, which decides whether a body follows the head.
        limits: How much the server may send.
    """

    __slots__ = ("_reader",)

    def __init__(self, method: str, limits: ReadLimits) -> None:
        self._reader = Http1Reader(method, limits)

    def feed(self, data: bytes) -> None:
        """Check the next bytes.

        Raises:
            BrokenFraming: If they are not a response, or longer than a limit allows.
        """
        self._reader.feed(data)
        while self._reader.take():
            pass

    @property
    def has_head(self) -> bool:
        """Whether the head of the final response has arrived."""
        return self._reader.head is not None

    @property
    def done(self) -> bool:
        """Whether the whole response has arrived."""
        return self._reader.done

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: the response is complete, and nothing follows it."""
        return self._reader.reusable
