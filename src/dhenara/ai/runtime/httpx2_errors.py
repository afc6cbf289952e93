"""Errors of httpx2's pools as ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore2

from ..wire.frame import BrokenFraming
from ..wire.http1 import InvalidRequest
from ..wire.io_protocol import CertificateRejected, ConnectFailed, ConnectionBroken, ProxyRefused, ReadTimeout
from .httpx2_network import Use, current
from .os_errors import error_reason, tls_problem
from .proxy import Proxy

STATUS_DIGITS = 3
# TLS alerts that come after the handshake leave anyio as they are.
ERRORS = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    OSError,
)


@contextmanager
def using(use: Use, proxy: Proxy | None, *, began: bool = False) -> Iterator[None]:
    """The pool is used for this request; its errors become ours."""
    current.set(use)
    try:
        yield
    except httpcore2.LocalProtocolError as error:
        raise InvalidRequest(str(error)) from error
    except ERRORS as error:
        raise translated(error, use, proxy, began=began) from error


def translated(error: Exception, use: Use, proxy: Proxy | None, *, began: bool) -> Exception:
    """Our error for one of httpcore2's; what a proxy says is not repeated with its password in it."""
    text = str(error) or type(error).__name__
    text = proxy.hide(text) if proxy is not None else text
    if isinstance(error, httpcore2.TimeoutException):
        return ReadTimeout(text, connecting=isinstance(error, httpcore2.ConnectTimeout))
    if isinstance(error, httpcore2.ProxyError):
        return refused_by(proxy, text)
    cause = tls_cause(error)
    if cause is not None:
        problem = tls_problem(cause)
        return (
            problem if isinstance(problem, CertificateRejected) or not began else ConnectionBroken(error_reason(cause))
        )
    if isinstance(error, httpcore2.RemoteProtocolError) and not use.ended:
        return BrokenFraming(text)
    return ConnectionBroken(text) if began else ConnectFailed(text)


def refused_by(proxy: Proxy | None, text: str) -> ProxyRefused:
    """httpcore2 says the status of a refusal in its text: `407 Proxy Authentication Required`."""
    word = text.partition(" ")[0]
    status = int(word) if len(word) == STATUS_DIGITS and word.isdecimal() else None
    return ProxyRefused(f"the proxy {proxy} refused the way with status {status}" if status else text, status=status)


def tls_cause(error: BaseException) -> ssl.SSLError | None:
    """The TLS error behind an error; pools cut the chain of causes, but not that of contexts."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, ssl.SSLError):
        seen = seen.__cause__ or seen.__context__
    return seen
