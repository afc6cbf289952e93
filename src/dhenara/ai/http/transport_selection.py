"""Transports by name: built-in, httpx2 and aiohttp, with the TLS settings of one client."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..config import environment
from ..errors import ConfigurationError
from .protocol.message import Transport
from .tls_settings import TlsSettings
from .transport import blocking_transport

if TYPE_CHECKING:
    import asyncio

    from .sockets.tls import TlsContexts


TransportName = Literal["builtin", "httpx2", "aiohttp"]
TRANSPORTS: tuple[str, ...] = get_args(TransportName)


def check_transport(name: str, is_async: bool | None = None) -> None:
    """Check that a named transport can be used.

    Args:
        name: One of `TRANSPORTS`.
        is_async: Whether calls are async; None if unknown.

    Raises:
        ConfigurationError: If the name is unknown, its package is not installed, or aiohttp is used for sync calls.
    """
    if name not in TRANSPORTS:
        names = ", ".join(map(repr, TRANSPORTS))
        raise ConfigurationError(
            f"unknown transport {name!r}. Use one of {names}, a transport of httpx2, or an object with "
            "`async def open(request, timeouts)` and `async def close()`."
        )
    if name == "aiohttp" and is_async is False:
        raise ConfigurationError(
            "transport='aiohttp' cannot carry sync calls: aiohttp is async only. "
            "Use the async methods, or transport='builtin' or 'httpx2'."
        )
    if name != "builtin" and find_spec(name) is None:
        raise ConfigurationError(
            f"transport={name!r} needs the package {name}, which is not installed. "
            f"Install it with: python -m pip install 'dhenara[{name}]'"
        )


def choose_transport(given: Any, tls: TlsSettings, *, is_async: bool) -> Transport:
    """Return the transport for sync or async calls.

    Args:
        given: A name, a transport object, or None for the built-in transport.
        tls: TLS settings of the client.
        is_async: Whether calls are async.

    Returns:
        The transport; the caller closes those created by name.

    Raises:
        ConfigurationError: If the transport does not fit, or TLS settings are combined with a transport object.
    """
    if given is None or isinstance(given, str):
        name = given or "builtin"
        check_transport(name, is_async)
        return asynchronous(name, tls) if is_async else synchronous(name, tls)
    if not tls.is_default:
        raise ConfigurationError(
            "verify and cert have no effect on a transport object, which has its own TLS settings. "
            "Set them there, or pass the name of a transport."
        )
    if hasattr(given, "open"):
        adapted: Transport = given  # every object with `open` is assumed to follow the protocol
        return adapted
    from .httpx2_transport import adapt_transport

    return adapt_transport(given, is_async=is_async)


def tls_contexts(tls: TlsSettings) -> TlsContexts:
    from .sockets.tls import TlsContexts

    return TlsContexts(tls, environment())


def synchronous(name: str, tls: TlsSettings) -> Transport:
    contexts = tls_contexts(tls)
    if name == "httpx2":
        from .httpx2_sync import SyncHttpx2Transport

        return SyncHttpx2Transport(contexts, environment())
    return blocking_transport(contexts)


def asynchronous(name: str, tls: TlsSettings) -> Transport:
    """Return a transport that keeps one transport per event loop, because connections belong to a loop."""
    from .loop_transport import LoopTransport, loop_transport

    contexts = tls_contexts(tls)
    if name == "httpx2":
        return LoopTransport(partial(httpx2_of, contexts))
    if name == "aiohttp":
        return LoopTransport(partial(aiohttp_of, contexts))
    return LoopTransport(partial(loop_transport, trust=contexts))


def httpx2_of(contexts: TlsContexts, loop: asyncio.AbstractEventLoop | None) -> Transport:
    import httpcore2

    from .httpx2_async import AsyncHttpx2Transport

    backend = httpcore2.TrioBackend() if loop is None else httpcore2.AnyIOBackend()
    # pyright sees that `AnyIOBackend` names its parameters otherwise than its base class does.
    return AsyncHttpx2Transport(contexts, environment(), backend)  # pyright: ignore[reportArgumentType]


def aiohttp_of(contexts: TlsContexts, loop: asyncio.AbstractEventLoop | None) -> Transport:
    if loop is None:
        raise ConfigurationError(
            "transport='aiohttp' works on asyncio only, and this event loop is trio's. "
            "Use transport='builtin' or 'httpx2' there."
        )
    from .aiohttp_transport import AiohttpTransport

    return AiohttpTransport(contexts, environment())
