"""Authentication methods of requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from ..dataclass import dataclass, replace
from ..errors import ConfigurationError
from ..wire.http import HttpRequest
from ..wire.secrets import SecretText
from .token import Token


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
