"""Tunnels through a proxy: CONNECT, RFC 9110 section 9.3.6. The TLS of the host follows inside."""

from __future__ import annotations

from collections.abc import Callable

from ..wire.frame import BrokenFraming
from ..wire.http1 import Http1Reader, write_request
from ..wire.io_protocol import ConnectFailed, ConnectionBroken, ProxyRefused, ReadTimeout
from .network import Connection, Network
from .proxy import Proxy, bracketed

OK = range(200, 300)


async def open_tunnel(
    network: Network, proxy: Proxy, host: str, port: int, left: Callable[[], float | None]
) -> Connection:
    """A connection to the host through the proxy, without TLS yet.

    Args:
        net: The connections of this world.
        proxy: Where to connect.
        host: The host behind the proxy.
        port: Its port.
        left: Seconds that remain to connect.

    Returns:
        The connection; everything on it goes to the host from now on.

    Raises:
        ProxyRefused: The proxy answered with another status than 2xx, or with something that is not HTTP.
        Silence: The limit to connect has passed; `connecting` is set.
        Unreachable: There is no connection to the proxy, or it hung up.
    """
    conn = await network.connect(proxy.host, proxy.port, left())
    try:
        await ask_for_tunnel(conn, proxy, f"{bracketed(host)}:{port}", left)
    except BaseException:
        conn.drop()
        raise
    return conn


async def ask_for_tunnel(connection: Connection, proxy: Proxy, target: str, left: Callable[[], float | None]) -> None:
    """What a proxy says is not repeated in errors: some repeat the credentials that they got."""
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
