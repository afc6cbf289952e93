"""Authentication: methods that sign a request (also AWS Signature Version 4), and tokens that have to be fetched."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from ..errors import ConfigurationError
from ..http.protocol.message import AttemptTimeouts, HttpRequest
from ..io.protocol import IO
from ..wire.secrets import SecretText
from .secret_values import texts


@dataclass(frozen=True, slots=True)
class Token:
    """A token, or the keys of an account. Never shown in a repr.

    `good_until` is in seconds since 1970; None if it must be fetched for every request.
    """

    token: str | None = field(default=None, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    good_until: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    account: str | None = field(default=None, repr=False)
    """Account of the token, if known: the same for every token of one account."""

    def is_valid_for(self, seconds: float, now: float) -> bool:
        return self.good_until is not None and self.good_until - now > seconds

    def secrets(self) -> tuple[str, ...]:
        """The secret strings in it."""
        return tuple(filter(None, (self.token, *texts(self.credentials))))

    def is_same(self, other: Token) -> bool:
        """Whether both have the same secrets, whatever their expiry."""
        return (self.token, self.credentials) == (other.token, other.credentials)


TokenSource = Callable[[IO, AttemptTimeouts], Coroutine[Any, Any, Token]]
"""Fetches one token. The caller caches it while it is valid."""

TokenFinder = Callable[[Mapping[str, Any] | None, Mapping[str, Any], Mapping[str, str]], TokenSource | None]
"""Creates a token source from credentials (None if there are none), config and environment."""


@dataclass(slots=True, eq=False)
class AuthContext:
    """Credentials of a request. Never shown in a repr."""

    key: str | None = field(default=None, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    now: float = 0.0
    """Seconds since 1970, for signatures that expire."""

    def at(self, now: float) -> AuthContext:
        """Return a copy for a request that is signed now."""
        return AuthContext(self.key, self.credentials, self.config, now)

    def with_token(self, fetched_token: Token) -> AuthContext:
        """Return a copy with a fetched token."""
        return replace(self, key=fetched_token.token, credentials=fetched_token.credentials)


Auth = Callable[[HttpRequest, AuthContext], HttpRequest]


@dataclass(frozen=True, slots=True)
class KeyHeaders:
    """Sends the key in headers, the same in all requests; nothing without a key, as for local servers."""

    names: tuple[str, ...]
    before: str = ""

    def __call__(self, request: HttpRequest, auth: AuthContext) -> HttpRequest:
        """Return the request with the key."""
        return request.with_headers(self.headers(auth.key)) if auth.key else request

    def headers(self, key: str | None) -> dict[str, str]:
        """Return the headers that every request with this key has."""
        return dict.fromkeys(self.names, SecretText(self.before + key)) if key else {}


bearer = KeyHeaders(("authorization",), "Bearer ")
"""Adds `Authorization: Bearer …`."""


def header(*names: str, before: str = "") -> Auth:
    """Return a method that sends the key in these headers, with an optional prefix."""
    return KeyHeaders(names, before)


def bearer_or_aws(service: str) -> Auth:
    """Return a method that uses a bearer key if there is one, else an AWS signature."""

    def sign_for_aws(request: HttpRequest, auth: AuthContext) -> HttpRequest:
        if auth.key:
            return bearer(request, auth)

        credentials = AwsCredentials(
            require_entry(auth.credentials, "access_key_id"),
            require_entry(auth.credentials, "secret_access_key"),
            auth.credentials.get("session_token"),
        )
        return sign_v4(
            request, credentials, require_entry(auth.config, "region"), service, datetime.fromtimestamp(auth.now, UTC)
        )

    return sign_for_aws


def require_entry(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"AWS's signature needs {name}: pass credentials={{'access_key_id': ..., 'secret_access_key': ...}} and "
            "config={'region': ...} to AIModelAPI."
        )
    return value


UNRESERVED = "-_.~"
ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = frozenset({"accept-encoding", "connection", "expect", "user-agent", "x-amzn-trace-id", "authorization"})


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """Keys of an AWS account. Never shown in a repr."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def sign_v4(request: HttpRequest, credentials: AwsCredentials, region: str, service: str, now: datetime) -> HttpRequest:
    """Return the request with signature headers. `now` is in UTC."""
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    timed = {"host": urlsplit(request.url).netloc, **request.headers, "x-amz-date": stamp}
    if credentials.session_token is not None:
        timed["x-amz-security-token"] = SecretText(credentials.session_token)
    signed = {name: fold_whitespace(value) for name, value in sorted(timed.items()) if name not in UNSIGNED}
    names = ";".join(signed)
    scope = f"{day}/{region}/{service}/aws4_request"
    canonical = "\n".join(
        [
            request.method,
            canonical_path(request.url),
            canonical_query(request.url),
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            names,
            hashlib.sha256(request.content).hexdigest(),
        ]
    )
    to_sign = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(
        key(credentials.secret_key, day, region, service), to_sign.encode(), hashlib.sha256
    ).hexdigest()
    token = f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return request.with_headers({**timed, "authorization": SecretText(token)})


def key(secret: str, day: str, region: str, service: str) -> bytes:
    """Derive the signing key for one day, region and service."""
    made = f"AWS4{secret}".encode()
    for step in (day, region, service, "aws4_request"):
        made = hmac.new(made, step.encode(), hashlib.sha256).digest()
    return made


def canonical_path(url: str) -> str:
    """Return the path encoded once more, as the signature requires."""
    return quote(normalize_path(urlsplit(url).path or "/"), safe=f"/{UNRESERVED}")


def normalize_path(path: str) -> str:
    """Remove `.`, `..` and double slashes."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in ("", "."):
            segments.append(segment)
    end = "/" if path.endswith("/") and segments else ""
    return f"/{'/'.join(segments)}{end}"


def canonical_query(url: str) -> str:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    encoded = sorted((quote(name, safe=UNRESERVED), quote(value, safe=UNRESERVED)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def fold_whitespace(value: str) -> str:
    return " ".join(value.split())
