"""TLS over a connection, written once for sync code and trio.

The standard library's TLS engine works in memory (`ssl.SSLObject` and two `ssl.MemoryBIO`): outgoing data is
encrypted into `_encoded`; received data is put into `_incoming` and decrypted from there. So it is always known
whether unread data has arrived, a request can be written while its response is read, and no call blocks.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

from ..protocol.message import ConnectFailed, ConnectionBroken, ReadTimeout
from .connection import Connection, NothingWritten, break_of, error_reason, tls_problem
from .socket_connection import CHUNK, SocketConnection

RECORDS = 65_536
"""Bytes encrypted at once; TLS splits them into records of 16 KiB."""


async def secured(
    connection: Connection, host: str, timeout: float | None, trust: Callable[[], ssl.SSLContext]
) -> TlsConnection:
    """Return the connection with TLS; it is closed if that fails for any reason."""
    if not isinstance(connection, SocketConnection):
        raise TypeError("only a connection of this world can be secured here")
    try:
        context = trust()
        try:
            tls = TlsConnection(connection, context, host, time.monotonic)
        except ValueError as error:  # invalid host name for certificates
            raise ConnectFailed(error_reason(error)) from error
        await tls.handshake(timeout)
    except ReadTimeout as error:
        connection.drop()
        raise ReadTimeout(f"no secure connection to {host} in time", connecting=True) from error
    except BaseException:
        connection.drop()
        raise
    return tls


class TlsConnection:
    """A connection with TLS."""

    __slots__ = (
        "__weakref__",
        "_early",
        "_encoded",
        "_incoming",
        "_now",
        "_open",
        "_pending",
        "_raw",
        "_tls",
        "_written",
    )

    def __init__(self, raw: SocketConnection, context: ssl.SSLContext, host: str, now: Callable[[], float]) -> None:
        self._raw = raw
        self._now = now
        self._incoming, self._encoded = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._encoded, server_hostname=host)
        self._early = b""
        """Decrypted bytes that arrived while a request was written."""
        self._pending = memoryview(b"")
        """Encrypted bytes not sent yet."""
        self._written = 0
        self._open = False

    async def handshake(self, timeout: float | None) -> None:
        """Perform the handshake; raises ConnectFailed or ReadTimeout."""
        until = None if timeout is None else self._now() + timeout
        try:
            while not self._handshaken():
                await self._flush(until)
                await self._receive(until)
            self._open = True
            await self._flush(until)
        except ssl.SSLEOFError as error:
            raise ConnectFailed("the server hung up during the TLS handshake") from error
        except ssl.SSLError as error:
            await self._last_words(until)
            raise tls_problem(error) from error
        except ConnectionBroken as error:
            raise ConnectFailed(f"the connection broke during the TLS handshake: {error}") from error

    async def read(self, timeout: float | None) -> bytes:
        if self._early:
            data, self._early = self._early, b""
            return data
        until = None if timeout is None else self._now() + timeout
        while True:
            data_or_none = self._decrypted()
            if data_or_none is not None:
                return data_or_none
            await self._flush(until)
            if self._early:
                data, self._early = self._early, b""
                return data
            await self._receive(until)

    async def write(self, data: bytes | memoryview, timeout: float | None) -> int:
        until = None if timeout is None else self._now() + timeout
        view, sent, before = memoryview(data), 0, self._written
        try:
            await self._flush(until)
            while sent < len(view) and not self._early:
                sent += self._tls.write(view[sent : sent + RECORDS])
                await self._flush(until)
        except NothingWritten as error:
            raise (ConnectionBroken if self._written > before else NothingWritten)(str(error)) from error
        except ssl.SSLError as error:
            raise break_of(error) from error
        return sent

    async def close(self) -> None:
        self.drop()

    def drop(self) -> None:
        self._raw.drop()

    def is_stale(self) -> bool:
        """Return whether it is unusable.

        Session tickets may arrive at any time (RFC 8446 section 4.6.1); other data is unexpected.
        """
        if self._early or self._pending or not self._raw.owned:
            return True
        try:
            arrived = self._raw.has_arrived()
            if arrived == b"":
                return True
            if arrived:
                self._incoming.write(arrived)
            return self._decrypted() is not None
        except (ConnectionBroken, ssl.SSLError):
            return True

    def _handshaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def _decrypted(self) -> bytes | None:
        """Return the next bytes; None if more must arrive first, b"" at the end."""
        try:
            return self._tls.read(CHUNK)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""
        except ssl.SSLError as error:
            raise break_of(error) from error

    async def _receive(self, until: float | None) -> None:
        arrived = await self._raw.read(self._left(until))
        if arrived:
            self._incoming.write(arrived)
        else:
            self._incoming.write_eof()

    async def _flush(self, until: float | None) -> None:
        """Send encrypted data; stops when the response begins, which is then in `_early`."""
        if self._encoded.pending:
            self._pending = memoryview(bytes(self._pending) + self._encoded.read())
        while self._pending and not self._answered():
            sent = await self._raw.write(self._pending, self._left(until))
            self._written += sent
            self._pending = self._pending[sent:]
            if self._pending:
                await self._receive(until)

    def _answered(self) -> bool:
        """Return whether response data has arrived; all of it is put into `_early`.

        Data inside the TLS engine does not make the socket readable, so none may be left there.
        """
        if not self._open or self._early:
            return bool(self._early)
        pieces: list[bytes] = []
        while piece := self._decrypted():
            pieces.append(piece)
        self._early = b"".join(pieces)
        if piece == b"" and not pieces:
            raise ConnectionBroken("the server hung up while the request was being sent")
        return bool(pieces)

    async def _last_words(self, until: float | None) -> None:
        """Send the alert that tells the server the reason (RFC 8446 section 6.2)."""
        try:
            await self._flush(until)
        except (ConnectionBroken, ssl.SSLError):
            pass  # already closed

    def _left(self, until: float | None) -> float | None:
        return None if until is None else max(0.0, until - self._now())
