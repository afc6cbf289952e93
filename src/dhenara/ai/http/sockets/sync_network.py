"""Connections for sync code, which waits by blocking its thread."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..protocol.interfaces import ConnectFailed, ReadTimeout
from .connection import Connection, error_reason
from .dns import connect_first
from .socket_connection import SocketConnection, wait

if TYPE_CHECKING:
    import ssl


class BlockingWaiter:
    """Waits by blocking the thread."""

    async def readable(self, waiting: socket.socket, timeout: float | None) -> None:
        wait(waiting, timeout, write=False)

    async def either(self, waiting: socket.socket, timeout: float | None) -> bool:
        return wait(waiting, timeout, write=True)

    def close(self, closing: socket.socket) -> None:
        closing.close()  # `shutdown` has already woken the waiters


class BlockingNetwork:
    """Opens connections for sync code."""

    def __init__(self, trust: Callable[[], ssl.SSLContext]) -> None:
        self._trust = trust
        self._waiter = BlockingWaiter()

    async def connect(self, host: str, port: int, timeout: float | None) -> Connection:
        try:
            # As bytes, an ASCII host name does not load the IDNA tables.
            connected = connect_first(host.encode() if host.isascii() else host, port, timeout)
        except TimeoutError as error:
            raise ReadTimeout(f"no connection to {host}:{port} in time", connecting=True) from error
        except (OSError, UnicodeError) as error:
            raise ConnectFailed(error_reason(error)) from error
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connected.close()
            raise ConnectFailed(error_reason(error)) from error
        return SocketConnection(connected, self._waiter, time.monotonic)

    async def start_tls(self, connection: Connection, host: str, timeout: float | None) -> Connection:
        from .tls_connection import secured

        return await secured(connection, host, timeout, self._trust)
