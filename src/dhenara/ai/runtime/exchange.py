"""Sends one request on one connection and reads the response head.

A server may answer before it has read the whole request, for example 413 for an upload that is too large, and then
stop reading. RFC 9112 section 9.5: a client that sees such a response stops sending. So whenever a write cannot go
on,
what the server has sent is read first.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..wire.frame import BrokenFraming
from ..wire.http import BodyPieces
from ..wire.http1 import Http1Reader
from ..wire.transport_protocol import AttemptTimeouts, CertificateRejected, ConnectFailed, ConnectionBroken
from .http_response import read_head, time_left
from .network import Connection, NothingWritten


async def send_request(
    conn: Connection, message: bytes, body: bytes | BodyPieces, reader: Http1Reader, timeouts: AttemptTimeouts
) -> bool:
    """Send the request and read the response head.

    Returns:
        Whether the whole request was sent before the response.

    Raises:
        NothingWritten: The connection was closed before the first byte.
        ConnectFailed: It broke before the response began.
        ConnectionBroken: It broke while the head was read.
        BrokenFraming: The head is not valid HTTP.
        ReadTimeout: A timeout expired.
    """
    begun = whole = False
    try:
        for piece in pieces_of(message, body):
            whole = await send_piece(conn, piece, reader, timeouts)
            begun = True
            if not whole:
                break
    except ConnectionBroken as error:
        if isinstance(error, NothingWritten) and not begun:
            raise
        # A server that rejects a large request may close the connection; its response may still be readable.
        await read_last_words(conn, reader, timeouts, error)
        return False
    if reader.head is None:
        await read_head(conn, reader, timeouts)
    return whole


def pieces_of(message: bytes, body: bytes | BodyPieces) -> Iterator[bytes]:
    yield message
    if not isinstance(body, bytes):
        yield from body


async def send_piece(connection: Connection, piece: bytes, reader: Http1Reader, timeouts: AttemptTimeouts) -> bool:
    """Return whether all was sent before the response head arrived; interim responses do not count."""
    rest = memoryview(piece)
    while True:
        rest = rest[await connection.write(piece if len(rest) == len(piece) else rest, time_left(timeouts)) :]
        if not rest:
            return True
        data = await connection.read(time_left(timeouts))
        if not data:
            raise ConnectionBroken("the server hung up while the request was being sent")
        reader.feed(data)
        if reader.head is not None:
            return False


async def read_last_words(
    connection: Connection, reader: Http1Reader, timeouts: AttemptTimeouts, problem: ConnectionBroken
) -> None:
    try:
        await read_head(connection, reader, timeouts)
    except CertificateRejected:
        raise  # the certificate error is why it closed the connection
    except (ConnectFailed, ConnectionBroken, BrokenFraming):
        raise ConnectFailed(str(problem)) from problem
