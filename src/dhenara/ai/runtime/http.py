"""HTTP over whichever world's connections: written once, for blocking and async alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from ..wire.http import HttpRequest, Pieces
from ..wire.http1 import Http1Reader, Unwritable, write_request
from ..wire.io import Broken, Patience, Response, Unreachable
from .http_response import HttpResponse, hear_out, read_head
from .net import Net, Place, Wire
from .pool import Pool
from .proxied_response import ProxiedResponse, hiding_secrets
from .proxy import PORTS, bracketed, find_proxy
from .tunnel import open_tunnel

FRAMING = frozenset({"content-length", "transfer-encoding"})


class HttpTransport:
    """Sends requests over pooled connections. No redirects, no cookies: keys stay where they belong."""

    def __init__(self, net: Net, pool: Pool, now: Callable[[], float], environment: Mapping[str, str]) -> None:
        self._net = net
        self._pool = pool
        self._now = now
        self._environment = environment

    async def open(self, request: HttpRequest, patience: Patience) -> Response:
        """The response as soon as its head has arrived."""
        place, target, extra = self._address(request)
        message = written(request, target, extra)
        if place.proxy is None or place.secure:
            return await self._send_request(request, message, place, patience)
        with hiding_secrets(place.proxy):
            response = await self._send_request(request, message, place, patience)
        return ProxiedResponse(response, place.proxy)

    async def _send_request(
        self, request: HttpRequest, message: bytes, place: Place, patience: Patience
    ) -> HttpResponse:
        pool = self._pool
        rested = None if request.once else pool.take(place, self._now())
        if rested is not None:
            try:
                return await self._exchange(rested, place, pool, request, message, patience)
            except Unreachable:
                # The server hung up while the connection rested: it never saw this request.
                pass
        wire = await self._connect(place, patience)
        return await self._exchange(wire, place, pool, request, message, patience)

    async def close(self) -> None:
        for wire in self._pool.empty():
            await wire.close()

    async def _exchange(
        self, wire: Wire, place: Place, pool: Pool, request: HttpRequest, message: bytes, patience: Patience
    ) -> HttpResponse:
        reader = Http1Reader(request.method)
        try:
            whole = await self._ask(wire, request, message, reader, patience)
        except BaseException:
            wire.drop()
            raise
        if not whole:
            # What is left of the body would be taken for the next request.
            return HttpResponse(wire, reader, patience, wire.drop)
        return HttpResponse(wire, reader, patience, lambda: pool.put(place, wire, self._now()))

    async def _ask(
        self, wire: Wire, request: HttpRequest, message: bytes, reader: Http1Reader, patience: Patience
    ) -> bool:
        """Whether all of it went out before the head of the answer came."""
        try:
            await self._send(wire, message, patience)
        except Unreachable as error:
            await hear_out(wire, reader, patience, error)
            return False
        whole = isinstance(request.body, bytes) or await self._send_pieces(wire, request.body, patience)
        await read_head(wire, reader, patience)
        return whole

    async def _send(self, wire: Wire, message: bytes, patience: Patience) -> None:
        try:
            await wire.write(message, patience.read())
        except Broken as error:
            raise Unreachable(str(error)) from error

    async def _send_pieces(self, wire: Wire, body: Pieces, patience: Patience) -> bool:
        """Whether all of it went out. A server that refuses may answer before it has heard everything."""
        for piece in body:
            try:
                await wire.write(piece, patience.read())
            except Broken:
                return False
        return True

    async def _connect(self, place: Place, patience: Patience) -> Wire:
        """One limit holds for everything until the connection can be used: TCP, the proxy's tunnel, and TLS."""
        limit, started = patience.connect(), self._now()

        def left() -> float | None:
            return None if limit is None else max(0.0, started + limit - self._now())

        proxy = place.proxy
        if proxy is None:
            wire = await self._net.connect(place.address or place.host, place.port, left())
        elif place.secure:
            wire = await open_tunnel(self._net, proxy, place.host, place.port, left)
        else:
            return await self._net.connect(proxy.host, proxy.port, left())
        return await self._net.secure(wire, place.host, left()) if place.secure else wire

    def _address(self, request: HttpRequest) -> tuple[Place, str, dict[str, str]]:
        """Where to connect, what to ask for there, and the headers that this needs."""
        parts = urlsplit(request.url)
        host, scheme = parts.hostname or "", parts.scheme
        port = parts.port or PORTS[scheme]
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        proxy = find_proxy(scheme, host, self._environment, port)
        named = bracketed(host) if port == PORTS[scheme] else f"{bracketed(host)}:{port}"
        place = Place(host, port, scheme == "https", proxy, request.address)
        if proxy is not None and scheme == "http":
            return place, f"http://{named}{path}", {"host": named, **proxy.headers()}
        return place, path, {"host": named}


def written(request: HttpRequest, target: str, extra: Mapping[str, str]) -> bytes:
    """The request as bytes; of a body in pieces, everything before its first piece."""
    if set_twice := FRAMING & request.headers.keys():
        raise Unwritable(f"{' and '.join(sorted(set_twice))} of a request follows from its body; leave the header out")
    headers = {**extra, **request.headers}
    if isinstance(request.body, bytes):
        return write_request(request.method, target, headers, request.body)
    return write_request(request.method, target, {**headers, "content-length": str(request.body.size)}, b"")
