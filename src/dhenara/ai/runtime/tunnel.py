"""Tunnels through a proxy with CONNECT (RFC 9110 section 9.3.6); TLS to the host follows inside."""

from __future__ import annotations

from collections.abc import Callable

from ..wire.frame import BrokenFraming
from ..wire.http1 import Http1Reader, write_request
from ..wire.transport_protocol import ConnectFailed, ConnectionBroken, ProxyRefused, ReadTimeout
from .network import Connection, Network
from .proxy import Proxy, bracketed

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
