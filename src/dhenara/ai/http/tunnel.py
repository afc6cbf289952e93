"""Requests through a proxy: CONNECT tunnels, and responses and errors without the proxy's credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..wire.frame import BrokenFraming
from .protocol.http1 import Http1Reader, write_request
from .protocol.interfaces import ConnectFailed, ConnectionBroken, ProxyRefused, ReadTimeout, Response
from .proxy import Proxy, bracketed
from .sockets.connection import Connection, Network

OK = range(200, 300)


async def open_tunnel(
    network: Network, proxy: Proxy, host: str, port: int, left: Callable[[], float | None]
) -> Connection:
    """Open a connection to the host through the proxy, without TLS yet.

    Args:
        network: Opens connections.
        proxy: The proxy.
        host: The host behind the proxy.
        port: Its port.
        left: Returns the seconds left to connect.

    Returns:
        The connection, which now reaches the host.

    Raises:
        ProxyRefused: If the proxy answered with a status other than 2xx, or not with HTTP.
        ReadTimeout: If the connect timeout expired; `connecting` is set.
        ConnectFailed: If the proxy could not be reached or closed the connection.
    """
    conn = await network.connect(proxy.host, proxy.port, left())
    try:
        await ask_for_tunnel(conn, proxy, f"{bracketed(host)}:{port}", left)
    except BaseException:
        conn.drop()
        raise
    return conn


async def ask_for_tunnel(connection: Connection, proxy: Proxy, target: str, left: Callable[[], float | None]) -> None:
    """Send CONNECT; the proxy's text is not repeated in errors, because some proxies repeat credentials."""
    reader = Http1Reader("CONNECT")
    try:
        await connection.write(write_request("CONNECT", target, {"host": target, **proxy.headers()}, b""), left())
        while reader.head is None:
            data = await connection.read(left())
            if not data:
                raise ConnectFailed(f"the proxy {proxy} hung up without an answer to CONNECT")
            reader.feed(data)
    except ReadTimeout as error:
        raise ReadTimeout(f"the proxy {proxy} did not open the way to {target} in time", connecting=True) from error
    except ConnectionBroken as error:
        raise ConnectFailed(f"the proxy {proxy} broke the connection: {error}") from error
    except BrokenFraming:
        raise ProxyRefused(f"the proxy {proxy} does not answer with HTTP/1.1", status=None) from None
    if reader.head.status not in OK:
        raise ProxyRefused(
            f"the proxy {proxy} refused the way to {target} with status {reader.head.status}", status=reader.head.status
        )
    if reader.leftover:
        raise ProxyRefused(f"the proxy {proxy} sent data of its own after its answer to CONNECT", status=None)


@contextmanager
def hiding_secrets(proxy: Proxy) -> Iterator[None]:
    """Mask the proxy's password in errors."""
    try:
        yield
    except (ConnectionBroken, ConnectFailed, BrokenFraming) as error:
        text = str(error)
        if proxy.hide(text) == text:
            raise
        raise type(error)(proxy.hide(text)) from None


class ProxiedResponse:
    """A response of a proxy; `secrets` are masked in errors and heads."""

    __slots__ = ("_proxy", "_response", "head", "secrets")

    def __init__(self, response: Response, proxy: Proxy) -> None:
        self.head = response.head
        self.secrets = proxy.secrets()
        self._response = response
        self._proxy = proxy

    async def read(self) -> bytes:
        with hiding_secrets(self._proxy):
            return await self._response.read()

    async def close(self) -> None:
        await self._response.close()

    def abandon(self) -> None:
        self._response.abandon()
