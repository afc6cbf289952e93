"""Tokens from requests to token endpoints, and tokens from the user: text, function or Azure credential."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from inspect import isawaitable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..codecs.error_mapping import error_from_response, parse_body
from ..errors import AuthenticationError, BadAnswerError, ConfigurationError, SyncAsyncMismatchError
from ..http.protocol.message import AttemptTimeouts, Head, HttpRequest
from ..io.protocol import IO
from ..wire.redaction import redact
from ..wire.secrets import SecretBytes, SecretText, conceal_all
from .auth import Token, TokenSource
from .secret_values import PUBLIC, distinct, request_secrets

FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LARGEST = 1_000_000
HOUR = 3_600


def form_request(url: str, fields: Mapping[str, str]) -> HttpRequest:
    """Return a form request; only HTTPS is allowed, because it contains secrets."""
    return HttpRequest("POST", check_private(url), FORM, SecretBytes(urlencode(fields).encode()))


def check_private(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(f"credentials are only sent over https, and the address for tokens is {url!r}")
    return url


async def send_request(io: IO, timeouts: AttemptTimeouts, request: HttpRequest) -> tuple[Head, bytes]:
    """Send the request and read the response. Redirects are not followed, because the request contains secrets."""
    # Sent once, on a new connection: refresh tokens may be valid for one use only.
    response = await io.open(replace(request, no_replay=True), timeouts)
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
    """Read an OAuth response: `{"access_token", "expires_in"}`."""
    data = await request_json(io, timeouts, request)
    token, seconds = data.get("access_token"), data.get("expires_in")
    if not isinstance(token, str) or not is_header_safe(token):
        raise BadAnswerError(f"{host_of(request)} answered without an access_token")
    # Entra's older endpoints send the seconds as a string.
    background = float(seconds) if isinstance(seconds, int | float | str) and str(seconds).isdecimal() else HOUR
    return Token(token, good_until=io.time() + background)


def is_header_safe(token: str) -> bool:
    """Whether the token is valid in a header."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def sent_secrets(request: HttpRequest) -> tuple[str, ...]:
    """Return the secrets of the request, which errors must not contain."""
    fields = parse_qsl(request.content.decode("utf-8", "replace")) if request.headers is FORM else []
    return distinct((*request_secrets(request.headers), *(value for name, value in fields if name not in PUBLIC)))


def exchange_error(who: str, head: Head, body: bytes, secrets: tuple[str, ...] = ()) -> Exception:
    """Return the error for a failed token request. A 400 is an authentication error here."""
    data = parse_body(body)
    text = data if isinstance(data, dict) else {}
    words = redact(f"no token from {who}: {error_reason(text) or f'it answered with status {head.status}'}", secrets)
    if head.status in (408, 429) or head.status >= 500:
        return error_from_response(head, None, words)
    error = AuthenticationError(words, status=head.status)
    error.advice = "Check the credentials, and whether they may be used for this."
    return error


def error_reason(options: Mapping[str, Any]) -> str:
    """Return the error text: `error` is a code with a description, or an object with a message."""
    error = options.get("error")
    if isinstance(error, dict):
        return str(error.get("message") or error.get("status") or "")
    return ": ".join(str(part) for part in (error, options.get("error_description")) if part)


def host_of(request: HttpRequest) -> str:
    return urlsplit(request.url).netloc


FOREVER = float("inf")


def user_token_source(token: Any, scope: str) -> TokenSource:
    """Return a source. A function is called before every request and caches its tokens itself."""
    if isinstance(token, str):
        return constant_source(text(token, "credentials['token']"))
    if hasattr(token, "get_token"):
        return from_credential(token, scope)
    if callable(token):
        return from_function(token)
    raise ConfigurationError(
        "credentials['token'] must be a text, a function that returns one, or an object with get_token, "
        f"not {type(token).__name__}"
    )


def constant_source(token: str) -> TokenSource:
    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        return Token(token, good_until=FOREVER)

    return fetch


def from_function(function: Any) -> TokenSource:
    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        return Token(text(await await_if_needed(await io.call(function)), "the function in credentials['token']"))

    return fetch


def from_credential(credential: Any, scope: str) -> TokenSource:
    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        access_token = await await_if_needed(await io.call(credential.get_token, *([scope] if scope else ())))
        token = text(getattr(access_token, "token", None), f"{type(credential).__name__}.get_token")
        ends = getattr(access_token, "expires_on", None)
        return Token(token, good_until=float(ends) if isinstance(ends, int | float) else None)

    return fetch


async def await_if_needed(value: Any) -> Any:
    """Await the value if it is awaitable and there is an event loop."""
    if not isawaitable(value):
        return value
    try:
        return await value
    except RuntimeError as error:
        if "no running event loop" not in str(error) and "async context" not in str(error):
            raise
        raise SyncAsyncMismatchError(
            "the token comes from an async function, and this is a sync call: use generate_async, or a sync function"
        ) from error


def text(token: Any, who: str) -> str:
    """Return the token if it is valid in a header; errors do not show it."""
    if not isinstance(token, str):
        raise ConfigurationError(f"{who} returned {type(token).__name__} instead of a token. Return a string.")
    stripped = SecretText(token.strip())
    if not is_header_safe(stripped):
        raise ConfigurationError(f"{who} returned a token that is empty or has invalid characters. Check its origin.")
    return stripped
