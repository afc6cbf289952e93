"""HTTP/1.1 client: protocol, transports, connection pool, proxies and TLS.

This face has what a custom transport needs: the request that it gets, the response that it returns, and the errors
that it raises. Inside, `protocol` is pure (bytes and values), `sockets` opens connections in each world, `transport`
sends requests over pooled connections, and modules named `httpx2_...` and `aiohttp_...` do it with these libraries.
"""

from .protocol.message import (
    AttemptTimeouts,
    BodyPieces,
    CertificateRejected,
    ConnectFailed,
    ConnectionBroken,
    Head,
    HttpRequest,
    ProxyRefused,
    ReadTimeout,
    Response,
    Transport,
)

__all__ = [
    "AttemptTimeouts",
    "BodyPieces",
    "CertificateRejected",
    "ConnectFailed",
    "ConnectionBroken",
    "Head",
    "HttpRequest",
    "ProxyRefused",
    "ReadTimeout",
    "Response",
    "Transport",
]
