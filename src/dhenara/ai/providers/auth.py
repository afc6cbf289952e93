"""How a request shows who sends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..dataclass import dataclass, replace
from ..errors import ConfigurationError
from ..wire.http import HttpRequest
from ..wire.secrets import SecretText

if TYPE_CHECKING:
    from .proof import Proof


@dataclass(frozen=True, slots=True)
class Grant:
    """What we may show to a provider. Never in a repr."""

    key: str | None = field(default=None, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    now: float = 0.0
    """Seconds since 1970, for signatures that hold for a while only."""

    def proven(self, proof: Proof) -> Grant:
        """The same with what was fetched."""
        return replace(self, key=proof.token, credentials=proof.credentials)


Auth = Callable[[HttpRequest, Grant], HttpRequest]


def bearer(request: HttpRequest, grant: Grant) -> HttpRequest:
    """`Authorization: Bearer …`; nothing where there is no key, as for local servers."""
    return request.with_headers({"authorization": SecretText(f"Bearer {grant.key}")}) if grant.key else request


def header(*names: str, before: str = "") -> Auth:
    """The key as it is, in headers of these names; some want a word `before` it."""

    def sign(request: HttpRequest, grant: Grant) -> HttpRequest:
        return request.with_headers(dict.fromkeys(names, SecretText(before + grant.key))) if grant.key else request

    return sign


def bearer_or_aws(service: str) -> Auth:
    """A bearer key where there is one, else AWS's signature with the credentials."""

    def sign_for_aws(request: HttpRequest, grant: Grant) -> HttpRequest:
        if grant.key:
            return bearer(request, grant)

        from .sigv4 import AwsCredentials, sign

        credentials = AwsCredentials(
            needed(grant.credentials, "access_key_id"),
            needed(grant.credentials, "secret_access_key"),
            grant.credentials.get("session_token"),
        )
        return sign(
            request, credentials, needed(grant.config, "region"), service, datetime.fromtimestamp(grant.now, UTC)
        )

    return sign_for_aws


def needed(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"AWS's signature needs {name}: pass credentials={{'access_key_id': ..., 'secret_access_key': ...}} and "
            "config={'region': ...} to AIModelAPI."
        )
    return value
