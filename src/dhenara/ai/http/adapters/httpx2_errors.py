"""Translates errors of httpx2's pools."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore2

from ...wire.frame import BrokenFraming
from ..protocol.http1 import InvalidRequest
from ..protocol.interfaces import CertificateRejected, ConnectFailed, ConnectionBroken, ProxyRefused, ReadTimeout
from ..proxy import Proxy
from ..sockets.connection import chain_of, error_reason, tls_problem
from ..transport import MAYBE_RECEIVED
from .httpx2_limits import Use, current

STATUS_DIGITS = 3
# TLS alerts after the handshake are not wrapped by anyio.
ERRORS = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    OSError,
)


@contextmanager
def using(use: Use, proxy: Proxy | None, *, began: bool = False) -> Iterator[None]:
    """Mark the pool as used by this request, and translate its errors."""
    current.set(use)
    try:
        yield
    except httpcore2.LocalProtocolError as error:
        raise InvalidRequest(str(error)) from error
    except ERRORS as error:
        raise translated(error, use, proxy, began=began) from error


def translated(error: Exception, use: Use, proxy: Proxy | None, *, began: bool) -> Exception:
    """Translate an httpcore2 error; the proxy's password is masked."""
    text = error_reason(error, "the connection broke")
    text = proxy.hide(text) if proxy is not None else text
    if isinstance(error, httpcore2.TimeoutException):
        return ReadTimeout(text, connecting=isinstance(error, httpcore2.ConnectTimeout))
    if isinstance(error, httpcore2.ProxyError):
        return refused_by(proxy, text)
    cause = tls_cause(error)
    if cause is not None:
        problem = tls_problem(cause)
        return problem if isinstance(problem, CertificateRejected) else broken(error_reason(cause), use, began)
    if isinstance(error, httpcore2.RemoteProtocolError) and not use.ended:
        return BrokenFraming(text)
    return broken(text, use, began)


def broken(text: str, use: Use, began: bool) -> ConnectionBroken | ConnectFailed:
    """A connection that ended: before the request, after a part of it was written, or in the response."""
    if began:
        return ConnectionBroken(text)
    return ConnectFailed(f"{text.rstrip('.')}; {MAYBE_RECEIVED}" if use.sent else text)


def refused_by(proxy: Proxy | None, text: str) -> ProxyRefused:
    """Return the error for a refusal; httpcore2 puts the status into its text: `407 Proxy Authentication Required`."""
    word = text.partition(" ")[0]
    status = int(word) if len(word) == STATUS_DIGITS and word.isdecimal() else None
    return ProxyRefused(f"the proxy {proxy} refused the way with status {status}" if status else text, status=status)


def tls_cause(error: BaseException) -> ssl.SSLError | None:
    """Return the TLS error behind an error; pools drop `__cause__` but not `__context__`."""
    return next((one for one in chain_of(error) if isinstance(one, ssl.SSLError)), None)
