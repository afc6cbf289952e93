"""`transport="aiohttp"`: one aiohttp session per asyncio loop, with the rules of this library.

No redirects, cookies, netrc, automatic headers or hidden retries. Bodies are read raw and decompressed here; proxies
come from the environment, as for the other transports.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
from yarl import URL

from ..wire.sse import BrokenFraming
from .aiohttp_check import AiohttpCheck, CheckedConnector, current
from .protocol.http1 import InvalidRequest
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
)
from .proxy import Proxy, bracketed, find_proxy
from .response import AdaptedResponse
from .sockets.connection import chain_of, error_reason, is_refusal, tls_problem
from .transport import MAYBE_RECEIVED, encode_request

PROXIES = ("http", "https")
LONGEST_IDLE = 55.0
LONGEST_LINE = 65_536
MOST_HEADERS = 1_000
PIECE = 65_536
OWN_HEADERS = ("accept", "accept-encoding", "content-type", "user-agent")
"""Headers that aiohttp would add by default."""

Trust = Callable[[], ssl.SSLContext]


class Disconnected(aiohttp.ClientError):
    """The server closed the connection; not aiohttp's own class, because aiohttp retries some requests on that."""


class AiohttpTransport:
    """Transport for the async calls of one asyncio loop."""

    def __init__(self, trust: Trust, environment: Mapping[str, str]) -> None:
        self._trust = trust
        self._environment = environment
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> AdaptedResponse:
        """Send the request and return the response once its head has arrived."""
        encode_request(request, "/", {})  # rejects header injection
        parts = split_url(request.url)
        host, port, secure = parts.host or "", parts.port or 0, parts.scheme == "https"
        proxy = find_proxy(parts.scheme, host, self._environment, port, PROXIES)
        options: dict[str, Any] = {"ssl": self._trust()} if secure else {}
        if proxy is not None:
            options["proxy"] = URL(proxy.url)
            options |= {"proxy_headers": proxy.headers()} if secure else {}
        if request.address is not None and secure:
            options["server_hostname"] = host
        named = bracketed(host) if parts.is_default_port() else f"{bracketed(host)}:{port}"
        login = proxy.headers() if proxy is not None and not secure else {}
        headers = {"host": named, **login, **request.headers, **sized(request)}
        body = UploadBody(request.body)
        progress = Progress(timeouts)
        check = AiohttpCheck(request.method, request.limits)
        current.set(check)
        with translating(proxy, check, body, progress):
            async with progress:
                response = await self._session(no_replay=request.no_replay).request(
                    request.method,
                    url_of(request),
                    headers=headers,
                    data=body.data(),
                    allow_redirects=False,
                    trace_request_ctx=progress,
                    **options,
                )
        secrets = proxy.secrets() if proxy is not None and not secure else ()
        return AdaptedResponse(head_of(response), AiohttpBody(response, check, proxy), timeouts, secrets)

    async def close(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _session(self, *, no_replay: bool) -> aiohttp.ClientSession:
        """Return the session; requests that need their own connection use one without keep-alive."""
        if no_replay not in self._sessions:
            self._sessions[no_replay] = create_session(no_replay)
        return self._sessions[no_replay]


def split_url(url: str) -> URL:
    """The URL without its query. yarl decodes the name of the host when it is read."""
    try:
        parts = URL(url, encoded=True).with_query(None)
        _ = parts.host
    except ValueError as error:
        raise InvalidRequest(f"not an address: {error}") from error
    return parts


def create_session(no_replay: bool) -> aiohttp.ClientSession:
    stored: dict[str, Any] = {"force_close": True} if no_replay else {"keepalive_timeout": LONGEST_IDLE}
    return aiohttp.ClientSession(
        connector=CheckedConnector(limit=0, use_dns_cache=False, resolver=aiohttp.ThreadedResolver(), **stored),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(),
        skip_auto_headers=OWN_HEADERS,
        auto_decompress=False,
        trust_env=False,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
        max_headers=MOST_HEADERS,
        trace_configs=[tracing()],
        middlewares=(without_repetition,),
    )


async def without_repetition(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        await current.get().wait_ended()
        raise Disconnected(disconnect_reason(error)) from error


def disconnect_reason(error: aiohttp.ClientOSError | aiohttp.ServerDisconnectedError) -> str:
    """Describe the disconnect; aiohttp's own message is the part of the head that had arrived."""
    if isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str):
        return "the server hung up in the middle of the head of its answer"
    return error_reason(error)


class Progress:
    """Applies the connect timeout, then the read timeout, while a request is sent."""

    def __init__(self, timeouts: AttemptTimeouts) -> None:
        self._timeouts = timeouts
        self._scope = asyncio.timeout(timeouts.connect())
        self.connecting = True
        self.sent = False
        """Whether a part of the request was written: from then on the server may have received it."""

    async def __aenter__(self) -> Progress:
        await self._scope.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        try:
            await self._scope.__aexit__(*error)
        except TimeoutError as late:
            raise ReadTimeout("the time is over", connecting=self.connecting) from late

    def connected(self) -> None:
        """Switch to the read timeout once connected."""
        self.connecting = False
        left = self._timeouts.read()
        self._scope.reschedule(None if left is None else asyncio.get_running_loop().time() + left)


def tracing() -> aiohttp.TraceConfig:
    """Return a trace config that reports to `Progress` when the connection is open."""

    async def connected(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.connected()

    async def sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.sent = True

    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(sent)
    config.on_connection_create_end.append(connected)
    config.on_connection_reuseconn.append(connected)
    return config


class AiohttpBody:
    """The body of a response."""

    def __init__(self, response: aiohttp.ClientResponse, check: AiohttpCheck, proxy: Proxy | None) -> None:
        self._response = response
        self._check = check
        self._proxy = proxy
        self._loop = asyncio.get_running_loop()

    async def read(self, timeout: float | None) -> bytes:
        with translating(self._proxy, self._check):
            async with asyncio.timeout(timeout):
                return await self._response.content.readany()

    async def close(self) -> None:
        """Close the response; aiohttp keeps the connection only if the body was read to its end."""
        self._response.close()
        await asyncio.sleep(0)

    def drop(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._response.close)


@contextmanager
def translating(
    proxy: Proxy | None, check: AiohttpCheck, body: UploadBody | None = None, progress: Progress | None = None
) -> Iterator[None]:
    """Translate aiohttp's errors; `body` is the request body while it is sent, None while reading."""
    try:
        yield
    except aiohttp.InvalidURL as error:
        raise InvalidRequest(f"not an address: {error}") from error
    except UnicodeError as error:
        raise ConnectFailed(f"no host can have this name: {error}") from error
    except TimeoutError as error:
        raise ReadTimeout("the time is over", connecting=isinstance(error, aiohttp.ConnectionTimeoutError)) from error
    except (aiohttp.ClientError, OSError) as error:
        if check.refusal is not None:
            raise check.refusal from None
        if body is not None and body.error is not None:
            raise body.error from None
        # A failed write hides the TLS alert that was the reason.
        error = check.lost if isinstance(check.lost, OSError) and refusal_of(check.lost) is not None else error
        problem = translated(error, proxy, began=body is None)
        if type(problem) is ConnectFailed and progress is not None and progress.sent:
            problem = ConnectFailed(f"{problem}; {MAYBE_RECEIVED}")
        raise problem from error


def translated(error: aiohttp.ClientError | OSError, proxy: Proxy | None, *, began: bool) -> Exception:
    """Translate an aiohttp error; the proxy's password is masked."""
    text = error_reason(error)
    text = proxy.hide(text) if proxy is not None else text
    match error:
        case aiohttp.ClientHttpProxyError():
            return ProxyRefused(
                f"the proxy {proxy} refused the connection with status {error.status}", status=error.status
            )
        case aiohttp.ClientConnectorCertificateError(certificate_error=inner):
            return tls_problem(inner)
        case aiohttp.ClientConnectorError(os_error=ssl.SSLError() as inner):
            return tls_problem(inner)
        case aiohttp.ClientResponseError():
            return BrokenFraming(text)
        case aiohttp.ClientPayloadError():
            return ConnectionBroken("the connection ended before the body was complete")
    if (alert := refusal_of(error)) is not None:
        return CertificateRejected(f"the server refused the TLS handshake: {error_reason(alert)}")
    return ConnectionBroken(text) if began else ConnectFailed(text)


def refusal_of(error: BaseException) -> BaseException | None:
    return next((one for one in chain_of(error) if is_refusal(one)), None)


def sized(request: HttpRequest) -> dict[str, str]:
    size = len(request.body) if isinstance(request.body, bytes) else request.body.size
    return {"content-length": str(size)} if size or request.method in ("POST", "PUT", "PATCH") else {}


class UploadBody:
    """Request body; large ones are sent in pieces, because aiohttp writes bytes in one go, which blocks the loop."""

    def __init__(self, body: bytes | BodyPieces) -> None:
        self._body = body
        self.error: Exception | None = None
        """The error that ended the pieces early; aiohttp reports it as a connection error."""

    def data(self) -> bytes | AsyncIterator[bytes] | None:
        """Return the body in the form that aiohttp accepts."""
        if not isinstance(self._body, bytes):
            return self._send(iter(self._body))
        if len(self._body) > PIECE:
            return self._send(self._body[at : at + PIECE] for at in range(0, len(self._body), PIECE))
        return self._body or None

    async def _send(self, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        try:
            for piece in pieces:
                yield piece
        except Exception as error:
            self.error = error
            raise


def url_of(request: HttpRequest) -> URL:
    """Return the URL with the checked address as host, so that the name is not resolved again."""
    url = URL(request.url, encoded=True)
    return url if request.address is None else url.with_host(request.address)


def head_of(response: aiohttp.ClientResponse) -> Head:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.raw_headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Head(response.status, headers, response.reason or "")
