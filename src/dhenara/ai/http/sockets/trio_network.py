"""Connections on trio, over standard sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trio

from ..protocol.message import ConnectFailed, ReadTimeout
from .connection import Connection, SelfClosingSocket, error_reason
from .socket_connection import ReadPoll, SocketConnection
from .tls import secured

if TYPE_CHECKING:
    import ssl


class TrioWaiter:
    """Waits on the trio loop in which it was created."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()

    async def readable(self, waiting: ReadPoll, timeout: float | None) -> None:
        await self._wait(waiting.socket, timeout, trio.lowlevel.wait_readable)

    async def either(self, waiting: socket.socket, timeout: float | None) -> bool:
        outcomes: list[bool] = []

        async def wait(until: Callable[[Any], Any], can_be_read: bool) -> None:
            await self._wait(waiting, None, until)
            outcomes.append(can_be_read)
            both.cancel_scope.cancel()

        with TimeLimit(timeout):
            async with trio.open_nursery() as both:
                both.start_soon(wait, trio.lowlevel.wait_readable, True)
                both.start_soon(wait, trio.lowlevel.wait_writable, False)
        return True in outcomes

    def close(self, closing: socket.socket) -> None:
        try:
            if trio.lowlevel.current_trio_token() is self._token:
                close_now(closing)
                return
        except RuntimeError:
            pass  # another thread, or no loop
        try:
            self._token.run_sync_soon(close_now, closing)
        except trio.RunFinishedError:
            closing.close()

    async def _wait(self, waiting: socket.socket, timeout: float | None, until: Callable[[Any], Any]) -> None:
        try:
            with TimeLimit(timeout):
                await until(waiting)
        except (trio.ClosedResourceError, ValueError) as error:
            raise OSError("the connection was closed on this side") from error


class TimeLimit:
    """`trio.fail_after` that raises the standard TimeoutError."""

    def __init__(self, seconds: float | None) -> None:
        self._scope = trio.move_on_after(float("inf") if seconds is None else seconds)

    def __enter__(self) -> None:
        self._scope.__enter__()

    def __exit__(self, *raised: Any) -> None:
        self._scope.__exit__(*raised)
        if self._scope.cancelled_caught:
            raise TimeoutError


def close_now(closing: socket.socket) -> None:
    """Close the socket; tasks waiting for it get ClosedResourceError."""
    if closing.fileno() >= 0:
        trio.lowlevel.notify_closing(closing)
        closing.close()


class TrioNetwork:
    """Opens connections on the running trio loop."""

    def __init__(self, trust: Callable[[], ssl.SSLContext]) -> None:
        self._trust = trust
        self._waiter = TrioWaiter()

    async def connect(self, host: str, port: int, timeout: float | None) -> Connection:
        try:
            with TimeLimit(timeout):
                # trio tries all addresses (RFC 8305) and closes them when cancelled.
                stream = await trio.open_tcp_stream(host, port)
        except TimeoutError as error:
            raise ReadTimeout(f"no connection to {host}:{port} in time", connecting=True) from error
        except (OSError, ValueError) as error:  # UnicodeError is a ValueError
            raise ConnectFailed(error_reason(error)) from error
        return SocketConnection(SelfClosingSocket(fileno=stream.socket.detach()), self._waiter, time.monotonic)

    async def start_tls(self, connection: Connection, host: str, timeout: float | None) -> Connection:
        return await secured(connection, host, timeout, self._trust)
