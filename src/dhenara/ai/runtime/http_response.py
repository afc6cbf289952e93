"""One HTTP response, read from a connection of whichever world."""

from __future__ import annotations

from collections.abc import Callable

from ..wire.encoding import Decompressor, decompressor
from ..wire.frame import BrokenFraming
from ..wire.http import Head
from ..wire.http1 import Http1Reader
from ..wire.io_protocol import AttemptTimeouts, ClientClosed, ConnectFailed, ConnectionBroken, ReadTimeout
from ..wire.limits import LimitExceeded, ReadLimits
from .network import Connection

OPENED_AT_ONCE = 262_144
"""Decompressed bytes that are made at once, however little they were compressed to."""


async def read_head(connection: Connection, reader: Http1Reader, timeouts: AttemptTimeouts) -> None:
    """Reads until the head is complete. A connection that ends without a byte was never listened to."""
    while reader.head is None:
        try:
            data = await connection.read(time_left(timeouts))
        except ConnectionBroken as error:
            raise (ConnectionBroken if reader.started else ConnectFailed)(str(error)) from error
        if data:
            reader.feed(data)
            continue
        raise (ConnectionBroken if reader.started else ConnectFailed)(
            "the server hung up in the middle of the head of its answer"
            if reader.started
            else "the server hung up without an answer"
        )


def time_left(timeouts: AttemptTimeouts) -> float | None:
    """What remains of the limit. Raises Silence when nothing does, also where nobody would have to wait."""
    seconds = timeouts.read()
    if seconds is not None and seconds <= 0:
        raise ReadTimeout("the time is over")
    return seconds


class HttpResponse:
    """One response. Its connection goes back to rest when the body has been read to its end.

    Args:
        wire: The connection, on which the head has been read.
        reader: What read the head.
        patience: The time limits.
        limits: How much may be sent.
        release: Gets the connection back, and whether it may be used again.
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
        """The next bytes of the body, decompressed; b"" when it is over."""
        while True:
            data = self._readable()
            if data:
                return data
            if self._decompress is not None and self._decompress.waiting:
                continue
            if self._reader.done or self._over:
                return self._finish()
            if self._broken is not None:
                raise self._broken
            await self._receive()

    async def close(self) -> None:
        # An unread body is hung up on at once: the provider stops generating, the bill stops growing.
        self._end(self._reader.done and self._reader.reusable)

    def abandon(self) -> None:
        self._end(False)

    def _readable(self) -> bytes:
        """What can be had without waiting."""
        opener = self._decompress
        if opener is None:
            return self._reader.take()
        if opener.waiting:
            return opener.feed(b"", OPENED_AT_ONCE)
        data = self._reader.take()
        return opener.feed(data, OPENED_AT_ONCE) if data else b""

    async def _receive(self) -> None:
        """What was readable before the framing broke is handed out first."""
        try:
            arrived = await self._connection.read(time_left(self._timeouts))
        except ConnectionBroken as error:
            if self._closed():
                raise ClientClosed("the client was closed while the answer was arriving") from error
            raise
        # Without compression the limit is checked by whoever keeps the body; this is for bodies that open to nothing.
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
