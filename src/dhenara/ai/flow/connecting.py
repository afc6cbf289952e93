"""Connecting: the response as soon as its head is here, or why there is none."""

from __future__ import annotations

from ..errors import (
    BadAnswerError,
    BadRequestError,
    CallError,
    CertificateError,
    ConfigurationError,
    ConnectionFailedError,
    ProxyError,
)
from ..providers.target import Target
from ..wire.frame import BrokenFraming
from ..wire.http import HttpRequest
from ..wire.http1 import Unwritable
from ..wire.io import IO, Broken, CertificateRejected, ProxyRefused, Silence, Unreachable
from .discretion import Discretion
from .patience import Patience
from .sources import Line

PROXY_AUTHENTICATION_REQUIRED = 407


async def connect(io: IO, target: Target, request: HttpRequest, patience: Patience) -> Line:
    """The response as soon as its head is here."""
    try:
        response = await io.open(request, patience)
    except Unwritable as error:
        raise ConfigurationError(f"the request to {host(target)} cannot be sent: {error}") from error
    except Silence as error:
        raise signed(target, patience.error(connecting=error.connecting)) from error
    except (Unreachable, Broken) as error:
        raise signed(target, connection_error(error, f"could not reach {host(target)}: {error}")) from error
    except BrokenFraming as error:
        raise signed(target, BadAnswerError(f"{host(target)} answers otherwise than with HTTP/1.1: {error}")) from error
    # What only the transport sent, such as a proxy's password, is as secret as the headers.
    secrets = getattr(response, "secrets", ())
    return Line(response, patience, target.origin, Discretion(request.headers, shown(io, target), secrets))


def connection_error(problem: Unreachable | Broken, message: str) -> ConnectionFailedError:
    """The error for a request that got no answer."""
    if isinstance(problem, CertificateRejected):
        return CertificateError(message)
    if isinstance(problem, ProxyRefused):
        error = ProxyError(message, status=problem.status)
        error.retriable = problem.status is not None and problem.status >= 500
        return error
    return ConnectionFailedError(message)


def shown(io: IO, target: Target) -> str | None:
    """The token that was fetched for the request, if it was."""
    if target.source is None:
        return None
    from .identity import Identified

    return io.shown.token if isinstance(io, Identified) and io.shown else None


async def refusal(target: Target, line: Line) -> CallError:
    """Why the provider said no."""
    head, arrived = line.head, bytearray()
    try:
        await line.drain(arrived)
    except CallError:
        pass  # the status says what this is, with or without the rest of its words
    body = line.discretion.body(bytes(arrived))
    if head.status < 400:
        where = head.headers.get("location", "nowhere")
        error: CallError = BadRequestError(
            f"the address redirects to {where}; keys do not follow redirects, so set the base URL to the final address",
            status=head.status,
        )
    elif head.status == PROXY_AUTHENTICATION_REQUIRED:
        error = ProxyError("the proxy wants a name and password, or other ones", status=head.status)
    else:
        error = target.codec.error(head, body)
    return line.signed(error)


def signed(target: Target, error: CallError) -> CallError:
    error.provider, error.model = target.origin.provider, target.origin.model
    return error


def host(target: Target) -> str:
    return target.base_url.split("//", 1)[-1].split("/", 1)[0]
