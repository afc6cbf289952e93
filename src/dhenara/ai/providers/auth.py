"""Authentication: the methods that sign a request, and the tokens that have to be fetched first."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ..errors import ConfigurationError
from ..http.protocol.interfaces import AttemptTimeouts
from ..http.protocol.message import HttpRequest
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


Source = Callable[[IO, AttemptTimeouts], Coroutine[Any, Any, Token]]
"""Fetches one token. The caller caches it while it is valid."""

Finder = Callable[[Mapping[str, Any] | None, Mapping[str, Any], Mapping[str, str]], Source | None]
"""Creates a token source from credentials (None if there are none), config and environment."""


@dataclass(frozen=True, slots=True)
class AuthContext:
    """Credentials of a request. Never shown in a repr."""

    key: str | None = field(default=None, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    now: float = 0.0
    """Seconds since 1970, for signatures that expire."""

    def with_token(self, fetched_token: Token) -> AuthContext:
        """Return a copy with a fetched token."""
        return replace(self, key=fetched_token.token, credentials=fetched_token.credentials)


Auth = Callable[[HttpRequest, AuthContext], HttpRequest]


def bearer(request: HttpRequest, auth: AuthContext) -> HttpRequest:
    """Add `Authorization: Bearer …`; nothing without a key, as for local servers."""
    return request.with_headers({"authorization": SecretText(f"Bearer {auth.key}")}) if auth.key else request


def header(*names: str, before: str = "") -> Auth:
    """Return a method that sends the key in these headers, with an optional prefix."""

    def sign(request: HttpRequest, auth: AuthContext) -> HttpRequest:
        return request.with_headers(dict.fromkeys(names, SecretText(before + auth.key))) if auth.key else request

    return sign


def bearer_or_aws(service: str) -> Auth:
    """Return a method that uses a bearer key if there is one, else an AWS signature."""

    def sign_for_aws(request: HttpRequest, auth: AuthContext) -> HttpRequest:
        if auth.key:
            return bearer(request, auth)

        from .sigv4 import AwsCredentials, sign

        credentials = AwsCredentials(
            require_entry(auth.credentials, "access_key_id"),
            require_entry(auth.credentials, "secret_access_key"),
            auth.credentials.get("session_token"),
        )
        return sign(
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
