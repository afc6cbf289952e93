"""HTTP/1.1 over pooled connections, written once for sync and async code.

A request is sent at most once. An idle connection that turns out to be closed before a byte was written is replaced by
another one (RFC 9112 section 9.3.1); any later failure is an error, and the caller decides whether to retry (RFC 9110
section 9.2.2). The message of such an error says that the request may have been received, so that budgets count it.

A server may answer before it has read the whole request, for example 413 for an upload that is too large, and then stop
reading. RFC 9112 section 9.5: a client that sees such a response stops sending. So whenever a write cannot go on, what
the server has sent is read first.

`AttemptTimeouts` are asked before every read and write, so limits hold for slow servers and for fast ones alike.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Coroutine, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config import environment
from ..wire.secrets import SecretAddress, SecretBytes
from ..wire.sse import BrokenFraming
from .pool import ConnectionPool, ServerAddress
from .protocol.addresses import InvalidUrl, parse_url
from .protocol.http1 import FRAMING, Http1Reader, InvalidRequest, write_request
from .protocol.message import (
    AttemptTimeouts,
    CertificateRejected,
    ClientClosed,
    ConnectFailed,
    ConnectionBroken,
    HttpRequest,
    ReadTimeout,
    Response,
    ReusedConnectionClosed,
)
from .proxy import PORTS, ProxiedResponse, Proxy, bracketed, connect_to_proxy, find_proxy, hiding_secrets, open_tunnel
from .response import CompleteResponse, HttpResponse, read_head, time_left
from .sockets.connection import Connection, Network, NothingWritten
from .sockets.socket_connection import BlockingNetwork

if TYPE_CHECKING:
    import ssl


async def send_request(
    conn: Connection, message: bytes, body: Iterable[bytes], reader: Http1Reader, timeouts: AttemptTimeouts
) -> bool:
    """Send the request, and what of its body is not in the message, and read the response head.

    Returns:
        Whether the whole request was sent before the response.

    Raises:
        NothingWritten: The connection was closed before the first byte.
        ConnectFailed: It broke before the response began.
        ConnectionBroken: It broke while the head was read.
        BrokenFraming: The head is not valid HTTP.
        ReadTimeout: A timeout expired.
    """
    left, begun, has_waited = time_left(timeouts), False, False
    try:
        sent = conn.write_now(message)
        begun, whole = sent > 0, sent == len(message)
        pieces: Iterable[bytes | memoryview] = body if whole else chain((memoryview(message)[sent:],), body)
        for piece in pieces:
            has_waited = True
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
        await read_head(conn, reader, timeouts, time_left(timeouts) if has_waited else left)
    return whole


LONGEST_MESSAGE = 65_536
"""Bytes of a body that is sent in one write with the head. A longer one would be copied for it."""


async def send_piece(
    connection: Connection, piece: bytes | memoryview, reader: Http1Reader, timeouts: AttemptTimeouts
) -> bool:
    """Return whether all was sent before the response head arrived; interim responses do not count."""
    rest = piece
    while (sent := await connection.write(rest, time_left(timeouts))) < len(rest):
        rest = memoryview(rest)[sent:]
        data = await connection.read(time_left(timeouts))
        if not data:
            raise ConnectionBroken("the server hung up while the request was being sent")
        reader.feed(data)
        if reader.head is not None:
            return False
    return True


async def read_last_words(
    connection: Connection, reader: Http1Reader, timeouts: AttemptTimeouts, problem: ConnectionBroken
) -> None:
    try:
        await read_head(connection, reader, timeouts, time_left(timeouts))
    except CertificateRejected:
        raise  # the certificate error is why it closed the connection
    except (ConnectFailed, ConnectionBroken, BrokenFraming):
        raise ConnectFailed(str(problem)) from problem


MAYBE_RECEIVED = "the request may have been received"
"""In the message when a connection broke after it was opened; cost limits then count the request as sent."""


class ServerRoute(NamedTuple):
    """How one server is reached, and the headers that this needs."""

    address: ServerAddress
    headers: dict[str, str]


MOST_ROUTES = 256
"""Servers whose routes are kept; downloads may go to any number of them."""


class HttpTransport:
    """Sends requests over pooled connections, without redirects and cookies.

    A request is sent at most once. If an idle connection turns out to be closed before a byte was written, another
    one is used; any later failure is an error, and the caller decides whether to retry (RFC 9110 section 9.2.2).
    """

    def __init__(
        self, network: Network, pool: ConnectionPool, now: Callable[[], float], environment: Mapping[str, str]
    ) -> None:
        self._network = network
        self._pool = pool
        self._now = now
        self._environment = environment
        self._routes: dict[tuple[str, str, int], ServerRoute] = {}
        """By scheme, host and port: proxies are looked up in the environment once for each server."""
        self._sending: set[Connection] = set()
        """Connections whose response has not begun."""
        self._in_use: dict[int, weakref.ref[Connection]] = {}
        """Those whose response is arriving; weak, so that a garbage collected response closes its connection."""
        self._closed = 0
        """How often it was closed; requests started before that fail."""

    def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Coroutine[Any, Any, Response]:
        """Send the request and return the response once its head has arrived."""
        address, target, extra = self._address(request)
        message, rest = encode_request(request, target, extra)
        sending = self._send_request(request, message, rest, address, timeouts)
        return sending if address.proxy is None or address.secure else proxied(sending, address.proxy)

    async def _send_request(
        self,
        request: HttpRequest,
        message: bytes,
        rest: Iterable[bytes],
        address: ServerAddress,
        timeouts: AttemptTimeouts,
    ) -> Response:
        began = self._closed
        try:
            while not request.no_replay and (connection := self._pool.take(address, self._now())) is not None:
                try:
                    return await self._exchange(connection, address, request, message, rest, timeouts)
                except NothingWritten:
                    continue  # RFC 9112 section 9.3.1: closed while idle
                except CertificateRejected:
                    raise
                except ConnectFailed as error:
                    self._pool.discard(address)
                    raise ReusedConnectionClosed(
                        f"a connection that had been used before was closed after the request was sent: {error}"
                    ) from error
            connection = await self._connect(address, timeouts)
            if began != self._closed:
                connection.drop()
                raise ConnectFailed("the client was closed")
            return await self._exchange(connection, address, request, message, rest, timeouts)
        except (ConnectFailed, ConnectionBroken, ReadTimeout) as error:
            if began != self._closed:
                raise ClientClosed("the client was closed while the request was under way") from error
            if isinstance(error, NothingWritten):
                raise ConnectFailed(str(error)) from error
            raise

    async def close(self) -> None:
        """Close all connections, including those in use."""
        self._closed += 1
        arriving = [reference() for reference in list(self._in_use.values())]
        for connection in (*list(self._sending), *arriving):
            if connection is not None:
                connection.drop()
        self._in_use.clear()
        for connection in self._pool.empty():
            await connection.close()

    async def _exchange(
        self,
        connection: Connection,
        address: ServerAddress,
        request: HttpRequest,
        message: bytes,
        rest: Iterable[bytes],
        timeouts: AttemptTimeouts,
    ) -> Response:
        began, reader = self._closed, Http1Reader(request.method, request.limits)
        is_over = False

        def stop() -> None:
            if not is_over:  # else the next request may have it
                connection.drop()

        self._sending.add(connection)
        try:
            if request.on_connection is not None:
                request.on_connection(stop)
            whole = await send_request(connection, message, rest, reader, timeouts)
        except BaseException as error:
            connection.drop()
            if type(error) is ConnectFailed:
                raise ConnectFailed(f"{error}; {MAYBE_RECEIVED}") from error
            raise
        finally:
            self._sending.discard(connection)

        def release(reusable: bool) -> None:
            nonlocal is_over
            is_over = True
            self._in_use.pop(key, None)
            # The rest of a request body would become part of the next request.
            if reusable and whole and began == self._closed:
                self._pool.put(address, connection, self._now())
            else:
                connection.drop()

        head, key = reader.head, id(connection)
        if head is not None and reader.done and "content-encoding" not in head.headers:
            release(reader.reusable)
            return CompleteResponse(head, reader.take())
        self._in_use[key] = weakref.ref(connection, lambda _: self._in_use.pop(key, None))
        return HttpResponse(connection, reader, timeouts, request.limits, release, lambda: began != self._closed)

    async def _connect(self, server_address: ServerAddress, timeouts: AttemptTimeouts) -> Connection:
        """Open a connection; one timeout covers TCP, proxy tunnel and TLS."""
        limit, started = timeouts.connect(), self._now()

        def left() -> float | None:
            return None if limit is None else max(0.0, started + limit - self._now())

        proxy = server_address.proxy
        if proxy is None:
            connection = await self._network.connect(
                server_address.address or server_address.host, server_address.port, left()
            )
        elif server_address.secure:
            connection = await open_tunnel(
                self._network, proxy, server_address.address or server_address.host, server_address.port, left
            )
        else:
            return await connect_to_proxy(self._network, proxy, left)
        return (
            await self._network.start_tls(connection, server_address.host, left())
            if server_address.secure
            else connection
        )

    def _address(self, request: HttpRequest) -> tuple[ServerAddress, str, dict[str, str]]:
        """Return where to connect, the request target, and the headers this needs."""
        try:
            url = parse_url(request.url)
        except InvalidUrl as error:
            raise InvalidRequest(str(error)) from error
        server = (url.scheme, url.host, url.port)
        address, headers = self._routes.get(server) or self._find_route(*server)
        if request.address is not None:
            address = address._replace(address=request.address)
        if address.proxy is None or address.secure:
            return address, url.target, headers
        # A proxy resolves names itself; a checked address is passed on instead.
        where = f"{bracketed(request.address)}:{url.port}" if request.address else headers["host"]
        return address, SecretAddress(f"http://{where}{url.target}"), headers

    def _find_route(self, scheme: str, host: str, port: int) -> ServerRoute:
        """Look up the proxy, and keep the route."""
        proxy, secure = find_proxy(scheme, host, self._environment, port), scheme == "https"
        named = bracketed(host) if port == PORTS[scheme] else f"{bracketed(host)}:{port}"
        proxy_headers = {} if proxy is None or secure else proxy.headers()
        route = ServerRoute(ServerAddress(host, port, secure, proxy), {"host": named, **proxy_headers})
        if len(self._routes) >= MOST_ROUTES:
            self._routes.clear()
        self._routes[scheme, host, port] = route
        return route


async def proxied(sending: Coroutine[Any, Any, Response], proxy: Proxy) -> ProxiedResponse:
    with hiding_secrets(proxy):
        return ProxiedResponse(await sending, proxy)


def encode_request(request: HttpRequest, target: str, extra: Mapping[str, str]) -> tuple[bytes, Iterable[bytes]]:
    """Return the request as bytes, and what of its body is sent after them: a long one, or one in pieces."""
    if not FRAMING.isdisjoint(request.headers):
        set_twice = " and ".join(sorted(FRAMING & request.headers.keys()))
        raise InvalidRequest(f"{set_twice} is set from the request body. Remove the header.")
    headers, body = {**extra, **request.headers}, request.body
    if isinstance(body, bytes) and len(body) <= LONGEST_MESSAGE:
        return SecretBytes(write_request(request.method, target, headers, body)), ()
    size = len(body) if isinstance(body, bytes) else body.size
    rest: Iterable[bytes] = (body,) if isinstance(body, bytes) else body
    return SecretBytes(write_request(request.method, target, {**headers, "content-length": str(size)}, b"")), rest


def blocking_transport(trust: Callable[[], ssl.SSLContext] | None = None) -> HttpTransport:
    async def secure(connection: Connection, host: str, timeout: float | None) -> Connection:
        # Loaded with the first TLS connection; plain ones do not need it.
        from .sockets.tls import secured

        return await secured(connection, host, timeout, trust or trusted_context)

    return HttpTransport(BlockingNetwork(secure), ConnectionPool(), time.monotonic, environment())


def trusted_context() -> ssl.SSLContext:
    """Loaded with the first TLS connection; plain ones do not need it."""
    from .sockets.tls import trust_context

    return trust_context(environment())
