"""One question to whoever gives tokens, and what a token's answer looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ...codecs.failure import error_from_response, parse_body
from ...dataclass import replace
from ...errors import AuthenticationError, BadAnswerError, ConfigurationError
from ...wire.http import Head, HttpRequest
from ...wire.io_protocol import IO, AttemptTimeouts
from ...wire.redaction import redact
from ...wire.secrets import SecretBytes, conceal_all
from ..secret_values import PUBLIC, distinct, request_secrets
from ..token import Token

FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LARGEST = 1_000_000
HOUR = 3_600


def form_request(url: str, fields: Mapping[str, str]) -> HttpRequest:
    """A request with secrets in it, which only goes where nobody can listen."""
    return HttpRequest("POST", check_private(url), FORM, SecretBytes(urlencode(fields).encode()))


def check_private(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(f"credentials are only sent over https, and the address for tokens is {url!r}")
    return url


async def send_request(io: IO, timeouts: AttemptTimeouts, request: HttpRequest) -> tuple[Head, bytes]:
    """The whole answer. Redirects are not followed: what is sent here is secret."""
    # Asked for rarely, and not to be asked for twice: refresh tokens may be used once.
    response = await io.open(replace(request, once=True), timeouts)
    body = SecretBytes()
    try:
        while piece := await response.read():
            body = SecretBytes(body + piece)
            if len(body) > LARGEST:
                raise BadAnswerError(f"{host_of(request)} answered with more than any token needs")
    finally:
        await response.close()
    if response.head.status >= 300:
        raise exchange_error(host_of(request), response.head, body, sent_secrets(request))
    return response.head, body


async def request_json(io: IO, timeouts: AttemptTimeouts, request: HttpRequest) -> Mapping[str, Any]:
    _, body = await send_request(io, timeouts, request)
    data = conceal_all(parse_body(body))
    if not isinstance(data, dict):
        raise BadAnswerError(f"{host_of(request)} answered with something that is no token")
    return data


async def request_token(io: IO, timeouts: AttemptTimeouts, request: HttpRequest) -> Token:
    """OAuth's answer: `{"access_token", "expires_in"}`."""
    data = await request_json(io, timeouts, request)
    token, seconds = data.get("access_token"), data.get("expires_in")
    if not isinstance(token, str) or not is_header_safe(token):
        raise BadAnswerError(f"{host_of(request)} answered without an access_token")
    # Entra's older addresses tell the seconds as text.
    background = float(seconds) if isinstance(seconds, int | float | str) and str(seconds).isdecimal() else HOUR
    return Token(token, good_until=io.time() + background)


def is_header_safe(token: str) -> bool:
    """Whether it can be in a header."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def sent_secrets(request: HttpRequest) -> tuple[str, ...]:
    """What no error may repeat: everything in the form, and in the headers."""
    fields = parse_qsl(request.content.decode("utf-8", "replace")) if request.headers is FORM else []
    return distinct((*request_secrets(request.headers), *(value for name, value in fields if name not in PUBLIC)))


def exchange_error(who: str, head: Head, body: bytes, secrets: tuple[str, ...] = ()) -> Exception:
    """Why there is no token. What the giver refuses with a 400 is who we are, not what we ask a model."""
    data = parse_body(body)
    text = data if isinstance(data, dict) else {}
    words = redact(f"no token from {who}: {error_reason(text) or f'it answered with status {head.status}'}", secrets)
    if head.status in (408, 429) or head.status >= 500:
        return error_from_response(head, None, words)
    error = AuthenticationError(words, status=head.status)
    error.advice = "Check the credentials, and whether they may be used for this."
    return error


def error_reason(options: Mapping[str, Any]) -> str:
    """`error` is a word, with a description beside it, or an object with a message."""
    error = options.get("error")
    if isinstance(error, dict):
        return str(error.get("message") or error.get("status") or "")
    return ": ".join(str(part) for part in (error, options.get("error_description")) if part)


def host_of(request: HttpRequest) -> str:
    return urlsplit(request.url).netloc
