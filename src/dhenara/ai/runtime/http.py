"""HTTP over whichever world's connections: written once, for blocking and async alike."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping

from ..wire.http import HttpRequest
from ..wire.http1 import Http1Reader, Unwritable, write_request
from ..wire.io import (
    Broken,
    CertificateRejected,
    ClientClosed,
    Patience,
    Response,
    ReusedConnectionClosed,
    Silence,
    Unreachable,
)
from ..wire.secrets import SecretAddress, SecretBytes
from ..wire.urls import InvalidUrl, parse_url
from .exchange import send_request
from .http_response import HttpResponse
from .net import Net, NothingWritten, Place, Wire
from .pool import Pool
from .proxied_response import ProxiedResponse, hiding_secrets
from .proxy import PORTS, bracketed, find_proxy
from .tunnel import open_tunnel

MAYBE_RECEIVED = "the request may have been received"
"""Of a connection that broke after it was made: whoever counts costs takes such a request for sent."""

FRAMING = frozenset({"content-length", "transfer-encoding"})


class HttpTransport:
    """Sends requests over pooled connections. No redirects, no cookies: keys stay where they belong.

    A request is sent at most once. Where a connection that rested turns out to be closed before a byte of the request
    was written, another one is taken; anything later is an error, and whether to repeat is for the caller to decide
    and to count (RFC 9110 section 9.2.2).
    """

    def __init__(self, net: Net, pool: Pool, now: Callable[[], float], environment: Mapping[str, str]) -> None:
        self._net = net
        self._pool = pool
        self._now = now
        self._environment = environment
        self._in_use: dict[int, weakref.ref[Wire]] = {}
        """Weak, so that a response that is forgotten takes its connection with it."""
        self._closed = 0
        """How often it was closed: what began before that ends with it."""

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
        began = self._closed
        try:
            while not request.once and (wire := self._pool.take(place, self._now())) is not None:
                try:
                    return await self._exchange(wire, place, request, message, patience)
                except NothingWritten:
                    continue  # RFC 9112 section 9.3.1: it was closed while it rested
                except CertificateRejected:
                    raise
                except Unreachable as error:
                    self._pool.discard(place)
                    raise ReusedConnectionClosed(
                        f"a connection that had been used before was closed after the request was sent: {error}"
                    ) from error
            wire = await self._connect(place, patience)
            if began != self._closed:
                wire.drop()
                raise Unreachable("the client was closed")
            return await self._exchange(wire, place, request, message, patience)
        except (Unreachable, Broken, Silence) as error:
            if began != self._closed:
                raise ClientClosed("the client was closed while the request was under way") from error
            if isinstance(error, NothingWritten):
                raise Unreachable(str(error)) from error
            raise

    async def close(self) -> None:
        """Ends what is under way too: afterwards nothing is open."""
        self._closed += 1
        for reference in list(self._in_use.values()):
            wire = reference()
            if wire is not None:
                wire.drop()
        self._in_use.clear()
        for wire in self._pool.empty():
            await wire.close()

    async def _exchange(
        self, wire: Wire, place: Place, request: HttpRequest, message: bytes, patience: Patience
    ) -> HttpResponse:
        began, reader, key = self._closed, Http1Reader(request.method, request.limits), id(wire)
        self._in_use[key] = weakref.ref(wire, lambda _: self._in_use.pop(key, None))
        try:
            whole = await send_request(wire, message, request.body, reader, patience)
        except BaseException as error:
            self._in_use.pop(key, None)
            wire.drop()
            if type(error) is Unreachable:
                raise Unreachable(f"{error}; {MAYBE_RECEIVED}") from error
            raise

        def release(reusable: bool) -> None:
            self._in_use.pop(key, None)
            # What is left of a request body would be taken for the next request.
            if reusable and whole and began == self._closed:
                self._pool.put(place, wire, self._now())
            else:
                wire.drop()

        return HttpResponse(wire, reader, patience, request.limits, release, lambda: began != self._closed)

    async def _connect(self, place: Place, patience: Patience) -> Wire:
        """One limit holds for everything until the connection can be used: TCP, the proxy's tunnel, and TLS."""
        limit, started = patience.connect(), self._now()

        def left() -> float | None:
            return None if limit is None else max(0.0, started + limit - self._now())

        proxy = place.proxy
        if proxy is None:
            wire = await self._net.connect(place.address or place.host, place.port, left())
        elif place.secure:
            wire = await open_tunnel(self._net, proxy, place.address or place.host, place.port, left)
        else:
            return await self._net.connect(proxy.host, proxy.port, left())
        return await self._net.secure(wire, place.host, left()) if place.secure else wire

    def _address(self, request: HttpRequest) -> tuple[Place, str, dict[str, str]]:
        """Where to connect, what to ask for there, and the headers that this needs."""
        try:
            url = parse_url(request.url)
        except InvalidUrl as error:
            raise Unwritable(str(error)) from error
        proxy = find_proxy(url.scheme, url.host, self._environment, url.port)
        named = bracketed(url.host) if url.port == PORTS[url.scheme] else f"{bracketed(url.host)}:{url.port}"
        place = Place(url.host, url.port, url.scheme == "https", proxy, request.address)
        if proxy is not None and url.scheme == "http":
            # A proxy looks a name up by itself; where the address was checked, it is given that address.
            where = f"{bracketed(request.address)}:{url.port}" if request.address else named
            return place, SecretAddress(f"http://{where}{url.target}"), {"host": named, **proxy.headers()}
        return place, SecretAddress(url.target), {"host": named}


def written(request: HttpRequest, target: str, extra: Mapping[str, str]) -> bytes:
    """The request as bytes; of a body in pieces, everything before its first piece."""
    if set_twice := FRAMING & request.headers.keys():
        raise Unwritable(f"{' and '.join(sorted(set_twice))} of a request follows from its body; leave the header out")
    headers = {**extra, **request.headers}
    if isinstance(request.body, bytes):
        return SecretBytes(write_request(request.method, target, headers, request.body))
    return SecretBytes(
        write_request(request.method, target, {**headers, "content-length": str(request.body.size)}, b"")
    )
