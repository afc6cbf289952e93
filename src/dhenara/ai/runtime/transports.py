"""Transports by name: the built-in HTTP client, httpx2 and aiohttp, each with the TLS settings of one client."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..config.environment import environment
from ..errors import ConfigurationError
from ..wire.io_protocol import Transport
from .tls_settings import TlsSettings

if TYPE_CHECKING:
    import asyncio

    from .tls import TlsContexts

TransportName = Literal["builtin", "httpx2", "aiohttp"]
TRANSPORTS: tuple[str, ...] = get_args(TransportName)


def check_transport(name: str, is_async: bool | None = None) -> None:
    """Refuses a name that cannot carry these calls.

    Args:
        name: One of `TRANSPORTS`.
        is_async: Whether calls are async; None where that is not known yet.

    Raises:
        ConfigurationError: An unknown name, a package that is not installed, or sync calls over aiohttp.
    """
    if name not in TRANSPORTS:
        names = ", ".join(map(repr, TRANSPORTS))
        raise ConfigurationError(
            f"there is no transport {name!r}. Use one of {names}, a transport of httpx2, or an object with "
            "`async def open(request, patience)` and `async def close()`."
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
    """The transport for sync or async calls.

    Args:
        given: A name, an object of the user's, or None for the built-in transport.
        tls: The TLS settings of the client.
        is_async: Whether calls are async.

    Returns:
        A transport; those that are named belong to the caller, who closes them.

    Raises:
        ConfigurationError: A transport that does not fit, or TLS settings beside a transport that has its own.
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
        adapted: Transport = given  # anything with `open` follows the protocol
        return adapted
    from .httpx2_transport import adapt_transport

    return adapt_transport(given, is_async=is_async)


def synchronous(name: str, tls: TlsSettings) -> Transport:
    from .tls import TlsContexts

    contexts = TlsContexts(tls, environment())
    if name == "httpx2":
        from .httpx2_pool import SyncHttpx2Transport

        return SyncHttpx2Transport(contexts, environment())
    from .sync_io import blocking_transport

    return blocking_transport(contexts)


def asynchronous(name: str, tls: TlsSettings) -> Transport:
    """One transport for each event loop: connections belong to the loop that opened them."""
    from .async_io import LoopTransport, loop_transport
    from .tls import TlsContexts

    contexts = TlsContexts(tls, environment())
    if name == "httpx2":
        return LoopTransport(partial(httpx2_of, contexts))
    if name == "aiohttp":
        return LoopTransport(partial(aiohttp_of, contexts))
    return LoopTransport(partial(loop_transport, trust=contexts))


def httpx2_of(contexts: TlsContexts, loop: asyncio.AbstractEventLoop | None) -> Transport:
    import httpcore2

    from .httpx2_pool import AsyncHttpx2Transport

    backend = httpcore2.TrioBackend() if loop is None else httpcore2.AnyIOBackend()
    return AsyncHttpx2Transport(contexts, environment(), backend)


def aiohttp_of(contexts: TlsContexts, loop: asyncio.AbstractEventLoop | None) -> Transport:
    if loop is None:
        raise ConfigurationError(
            "transport='aiohttp' works on asyncio only, and this event loop is trio's. "
            "Use transport='builtin' or 'httpx2' there."
        )
    from .aiohttp_transport import AiohttpTransport

    return AiohttpTransport(contexts, environment())
