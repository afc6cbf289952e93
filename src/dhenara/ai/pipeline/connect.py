"""Sends a request and returns a reader once the head has arrived, or the whole JSON document of the response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..codecs.base import EncodedRequest
from ..errors import (
    BadAnswerError,
    BadRequestError,
    CallError,
    CertificateError,
    ConfigurationError,
    ConnectionFailedError,
    DhenaraError,
    ProxyError,
)
from ..http.protocol.http1 import InvalidRequest
from ..http.protocol.message import (
    CertificateRejected,
    ClientClosed,
    ConnectFailed,
    ConnectionBroken,
    HttpRequest,
    ProxyRefused,
    ReadTimeout,
    ReusedConnectionClosed,
)
from ..io.protocol import IO
from ..providers.secret_values import Redactor, request_secrets
from ..providers.target import ResolvedTarget
from ..response.builder import ResponseBuilder
from ..types.chat.delta import Delta, StreamEnd
from ..types.config.call import Call, CallJournal
from ..wire.limits import LimitExceeded
from ..wire.sse import BrokenFraming, Frame
from .authentication import AuthenticatedIO, TokenReplacedResponse
from .call_log import log_request
from .middleware import Send, wrap_layer
from .retry import Retry
from .streaming.response_reader import BufferedSource, ResponseReader, too_large
from .streaming.stream import Stream
from .timeouts import TimeoutPolicy, with_deadline

PROXY_AUTHENTICATION_REQUIRED = 407
TOKEN_ADVICE = "The token was refused before its end and has been replaced; call again, or raise `retries`."
MAYBE_RECEIVED = "the request may have been received"
"""In the message when a connection broke after it was opened; cost limits then count the request as sent."""


async def connect(io: IO, target: ResolvedTarget, request: HttpRequest, timeouts: TimeoutPolicy) -> ResponseReader:
    """Send the request and return a reader once the response head has arrived."""
    try:
        response = await io.open(request, timeouts)
        # Values that only the transport sent, such as a proxy password, are redacted like the headers.
        further = getattr(response, "secrets", ())
        return ResponseReader(
            response, timeouts, target.origin, secrets_of(io, target, request, further), request.limits
        )
    except (InvalidRequest, ReadTimeout, ConnectFailed, ConnectionBroken, BrokenFraming) as error:
        cause = error
    failed = unanswered(target, timeouts, cause)
    if isinstance(failed, CallError):
        failed.__cause__ = cause
        raise secrets_of(io, target, request).redact_error(with_names(target, failed))
    raise failed from cause


async def connect_again(
    io: IO, target: ResolvedTarget, request: HttpRequest, timeouts: TimeoutPolicy
) -> ResponseReader:
    """Like `connect`, but a GET is sent once more if a reused connection was closed, or its token was replaced.

    RFC 9110 section 9.2.2: requests with safe methods may be repeated. For downloads only, which have no attempts.
    """
    try:
        reader = await connect(io, target, request, timeouts)
    except ConnectionFailedError as error:
        if not isinstance(error.__cause__, ReusedConnectionClosed):
            raise
    else:
        if not is_token_replaced(target, reader):
            return reader
        await reader.response.close()
    return await connect(io, target, replace(request, no_replay=True), timeouts)


def connection_error(problem: ConnectFailed | ConnectionBroken, message: str) -> ConnectionFailedError:
    """Return the error for a request without a response."""
    if isinstance(problem, CertificateRejected):
        return CertificateError(message)
    if isinstance(problem, ProxyRefused):
        error = ProxyError(message, status=problem.status)
        error.retriable = problem.status is not None and problem.status >= 500
        return error
    failed = ConnectionFailedError(message)
    if isinstance(problem, ReusedConnectionClosed):
        failed.retry_after = 0.0  # the next connection is a new one, so there is no reason to wait
    failed.retriable = not isinstance(problem, ClientClosed)
    return failed


def unanswered(target: ResolvedTarget, timeouts: TimeoutPolicy, cause: Exception) -> DhenaraError:
    """Return the error for a request without a response head."""
    match cause:
        case InvalidRequest():
            return ConfigurationError(f"invalid request to {host_of(target)}: {cause}")
        case ReadTimeout():
            return timeouts.error(connecting=cause.connecting)
        case LimitExceeded():
            return too_large(cause)
        case BrokenFraming():
            return BadAnswerError(f"{host_of(target)} did not answer with valid HTTP/1.1: {cause}")
        case ConnectionBroken() if MAYBE_RECEIVED not in str(cause):
            return connection_error(cause, f"could not reach {host_of(target)}: {cause}; {MAYBE_RECEIVED}")
        case ConnectFailed() | ConnectionBroken():
            return connection_error(cause, f"could not reach {host_of(target)}: {cause}")
    raise cause


def secrets_of(io: IO, target: ResolvedTarget, request: HttpRequest, further: Sequence[str] = ()) -> Redactor:
    """Return a redactor for every secret in this request and in its configuration."""
    token: tuple[str, ...] = ()
    if isinstance(io, AuthenticatedIO) and io.shown is not None:
        token = io.shown.secrets()
    return Redactor((*request_secrets(request.headers), *target.secrets, *request.secrets, *token, *further))


async def read_error_response(target: ResolvedTarget, reader: ResponseReader) -> CallError:
    """Return the error for a response with an error status."""
    head, arrived = reader.head, bytearray()
    try:
        await reader.drain(arrived, reader.limits.error_body_bytes)
    except CallError:
        pass  # the status is enough if the body cannot be read
    body = reader.redactor.body(bytes(arrived))
    if head.status < 400:
        where = head.headers.get("location", "nowhere")
        error: CallError = BadRequestError(
            f"the address redirects to {where}; keys do not follow redirects, so set the base URL to the final address",
            status=head.status,
        )
    elif head.status == PROXY_AUTHENTICATION_REQUIRED:
        error = ProxyError("the proxy requires authentication or rejected the credentials", status=head.status)
    else:
        error = target.codec.error(head, body)
    if is_token_replaced(target, reader):
        error.retriable, error.retry_after = True, 0.0
        error.advice = TOKEN_ADVICE
    return reader.redactor.redact_error(reader.with_names(error))


def is_token_replaced(target: ResolvedTarget, reader: ResponseReader) -> bool:
    """Whether this refuses a token in whose place there is another one now."""
    return isinstance(reader.response, TokenReplacedResponse)


def with_names(target: ResolvedTarget, error: CallError) -> CallError:
    error.provider, error.model = target.origin.provider, target.origin.model
    return error


def host_of(target: ResolvedTarget) -> str:
    return target.base_url.split("//", 1)[-1].split("/", 1)[0]


class JsonDocumentReader:
    """Decoder that keeps the whole JSON document."""

    def __init__(self) -> None:
        self.document: Any = {}

    def whole(self, body: Any) -> Iterator[Delta]:
        self.document = body
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        return ()

    def finish(self) -> Iterable[Delta]:
        return ()


async def fetch(
    io: IO, target: ResolvedTarget, encoded: EncodedRequest, call: Call, journal: CallJournal | None = None
) -> Any:
    """Return the document, with the retries and timeouts of the call but a journal of its own."""
    reader = JsonDocumentReader()
    send = wrap_layer(Retry(io).retry_failures, document_sender(io, target, encoded, reader))
    await (await send(with_deadline(replace(call, journal=journal or CallJournal()), io))).response()
    return reader.document


def document_sender(io: IO, target: ResolvedTarget, encoded: EncodedRequest, reader: JsonDocumentReader) -> Send:
    async def send(call: Call) -> Stream:
        response_reader = await open_document(io, target, encoded, call)
        stream = Stream(
            BufferedSource(response_reader, reader),
            ResponseBuilder(target.origin),
            redactor=response_reader.redactor,
        )
        try:
            await stream.prime()
        except CallError:
            await stream.close()
            raise
        return stream

    return send


async def open_document(io: IO, target: ResolvedTarget, encoded: EncodedRequest, call: Call) -> ResponseReader:
    """Send the request and return a reader; raise if the status is an error."""
    timeout_policy = TimeoutPolicy(call.config.timeouts, call.deadline, io.monotonic)
    request = target.request(encoded, call, io.time())
    log_request(call, request)
    reader = await connect(io, target, request, timeout_policy)
    call.journal.head = reader.head
    if reader.head.status >= 300:
        raise await read_error_response(target, reader)
    return reader
