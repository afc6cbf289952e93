"""One HTTP response, read from a connection of whichever world."""

from __future__ import annotations

from collections.abc import Callable

from ..wire.encoding import Decompressor, decompressor
from ..wire.frame import BrokenFraming
from ..wire.http import Head
from ..wire.http1 import Http1Reader
from ..wire.io import Broken, CertificateRejected, Patience, Unreachable
from .net import Wire


async def read_head(wire: Wire, reader: Http1Reader, patience: Patience) -> None:
    """Reads until the head is complete. A connection that ends without a byte was never listened to."""
    while reader.head is None:
        try:
            data = await wire.read(patience.read())
        except Broken as error:
            raise (Broken if reader.started else Unreachable)(str(error)) from error
        if data:
            reader.feed(data)
            continue
        raise (Broken if reader.started else Unreachable)(
            "the server hung up in the middle of the head of its answer"
            if reader.started
            else "the server hung up without an answer"
        )


async def hear_out(wire: Wire, reader: Http1Reader, patience: Patience, problem: Unreachable) -> None:
    """A server that finds a request too large says so and hangs up before it has heard it to its end."""
    try:
        await read_head(wire, reader, patience)
    except CertificateRejected:
        raise  # what the server says about the certificate is why it hung up
    except (Unreachable, Broken, BrokenFraming):
        raise problem from None


class HttpResponse:
    """One response. Its connection goes back to rest when the body has been read to its end."""

    __slots__ = ("_broken", "_decompress", "_over", "_patience", "_reader", "_rest", "_wire", "head")

    def __init__(self, wire: Wire, reader: Http1Reader, patience: Patience, rest: Callable[[], None]) -> None:
        self._wire = wire
        self._reader = reader
        self._patience = patience
        self._rest = rest
        self._over = False
        self._broken: BrokenFraming | None = None
        self.head: Head = reader.head or Head(0)
        self._decompress: Decompressor | None = decompressor(self.head.headers.get("content-encoding"))

    async def read(self) -> bytes:
        """The next bytes of the body, decompressed; b"" when it is over."""
        while True:
            data = self._reader.take()
            if data and self._decompress:
                data = self._decompress.feed(data)
            if data:
                return data
            if self._reader.done or self._over:
                return self._finish()
            if self._broken is not None:
                raise self._broken
            await self._receive()

    async def close(self) -> None:
        if self._over:
            return
        self._over = True
        if self._reader.done and self._reader.reusable:
            self._rest()
        else:
            # An unread body is hung up on at once: the provider stops generating, the bill stops growing.
            self._wire.drop()

    def abandon(self) -> None:
        if not self._over:
            self._over = True
            self._wire.drop()

    async def _receive(self) -> None:
        """What was readable before the framing broke is handed out first."""
        arrived = await self._wire.read(self._patience.read())
        try:
            if arrived:
                self._reader.feed(arrived)
            else:
                self._reader.eof()
        except BrokenFraming as error:
            self._broken = error

    def _finish(self) -> bytes:
        rest = b""
        if self._decompress:
            rest, self._decompress = self._decompress.finish(), None
        if not self._over:
            self._over = True
            if self._reader.reusable:
                self._rest()
            else:
                self._wire.drop()
        return rest
