"""One question to whoever gives tokens, and what a token's answer looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ...codecs.failure import failure, parse_body
from ...dataclass import replace
from ...errors import AuthenticationError, BadAnswerError, ConfigurationError
from ...wire.http import Head, HttpRequest
from ...wire.io import IO, Patience
from ...wire.redaction import redact
from ...wire.secrets import SecretBytes, conceal_all
from ..proof import Proof
from ..secret_values import PUBLIC, distinct, request_secrets

FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LARGEST = 1_000_000
HOUR = 3_600


def form(url: str, fields: Mapping[str, str]) -> HttpRequest:
    """A request with secrets in it, which only goes where nobody can listen."""
    return HttpRequest("POST", private(url), FORM, SecretBytes(urlencode(fields).encode()))


def private(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(f"credentials are only sent over https, and the address for tokens is {url!r}")
    return url


async def ask(io: IO, patience: Patience, request: HttpRequest) -> tuple[Head, bytes]:
    """The whole answer. Redirects are not followed: what is sent here is secret."""
    # Asked for rarely, and not to be asked for twice: refresh tokens may be used once.
    response = await io.open(replace(request, once=True), patience)
    body = SecretBytes()
    try:
        while piece := await response.read():
            body = SecretBytes(body + piece)
            if len(body) > LARGEST:
                raise BadAnswerError(f"{host(request)} answered with more than any token needs")
    finally:
        await response.close()
    if response.head.status >= 300:
        raise refused(host(request), response.head, body, sent_secrets(request))
    return response.head, body


async def ask_json(io: IO, patience: Patience, request: HttpRequest) -> Mapping[str, Any]:
    _, body = await ask(io, patience, request)
    told = conceal_all(parse_body(body))
    if not isinstance(told, dict):
        raise BadAnswerError(f"{host(request)} answered with something that is no token")
    return told


async def ask_token(io: IO, patience: Patience, request: HttpRequest) -> Proof:
    """OAuth's answer: `{"access_token", "expires_in"}`."""
    told = await ask_json(io, patience, request)
    token, seconds = told.get("access_token"), told.get("expires_in")
    if not isinstance(token, str) or not fits(token):
        raise BadAnswerError(f"{host(request)} answered without an access_token")
    # Entra's older addresses tell the seconds as text.
    lasts = float(seconds) if isinstance(seconds, int | float | str) and str(seconds).isdecimal() else HOUR
    return Proof(token, good_until=io.wall() + lasts)


def fits(token: str) -> bool:
    """Whether it can be in a header."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def sent_secrets(request: HttpRequest) -> tuple[str, ...]:
    """What no error may repeat: everything in the form, and in the headers."""
    fields = parse_qsl(request.content.decode("utf-8", "replace")) if request.headers is FORM else []
    return distinct((*request_secrets(request.headers), *(value for name, value in fields if name not in PUBLIC)))


def refused(who: str, head: Head, body: bytes, secrets: tuple[str, ...] = ()) -> Exception:
    """Why there is no token. What the giver refuses with a 400 is who we are, not what we ask a model."""
    told = parse_body(body)
    said = told if isinstance(told, dict) else {}
    words = redact(f"no token from {who}: {reason(said) or f'it answered with status {head.status}'}", secrets)
    if head.status in (408, 429) or head.status >= 500:
        return failure(head, None, words)
    error = AuthenticationError(words, status=head.status)
    error.advice = "Check the credentials, and whether they may be used for this."
    return error


def reason(said: Mapping[str, Any]) -> str:
    """`error` is a word, with a description beside it, or an object with a message."""
    error = said.get("error")
    if isinstance(error, dict):
        return str(error.get("message") or error.get("status") or "")
    return ": ".join(str(part) for part in (error, said.get("error_description")) if part)


def host(request: HttpRequest) -> str:
    return urlsplit(request.url).netloc
