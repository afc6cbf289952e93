"""Tokens from Google credentials: service account (RS256), user, impersonated and external account."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ...errors import BadAnswerError, ConfigurationError
from ...http.protocol.interfaces import AttemptTimeouts
from ...http.protocol.message import HttpRequest
from ...io.protocol import IO
from ...wire import json
from ...wire.secrets import SecretText, conceal_all, secret_headers
from ..auth import Source, Token
from .exchange import HOUR, check_private, form_request, is_header_safe, request_json, request_token, send_request


def signed_jwt(claims: Mapping[str, Any], private_key: str, key_id: str | None) -> str:
    """Return header, claims and signature, joined by dots."""
    header = {"typ": "JWT", "alg": "RS256", **({"kid": key_id} if key_id else {})}
    data = f"{base64url(json.dumps(header))}.{base64url(json.dumps(claims))}"
    return f"{data}.{base64url(rsa_signature(data.encode(), private_key))}"


def rsa_signature(message: bytes, private_key: str) -> bytes:
    try:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise ConfigurationError(
            "signing for a service account needs the package cryptography: pip install 'dhenara[google]'"
        ) from error
    try:
        key = load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            "the private_key of the service account is not a key in PEM; copy the whole JSON file again"
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError("the private_key of the service account is no RSA key")
    return key.sign(message, PKCS1v15(), SHA256())


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


Info = Mapping[str, Any]
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKENS = "https://oauth2.googleapis.com/token"
STS = "https://sts.googleapis.com/v1/token"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def from_info(info: Info) -> Source:
    """Return the source for a parsed credentials file."""
    kind = info.get("type") or ("service_account" if "private_key" in info else "authorized_user")
    make = KINDS.get(str(kind))
    if make is None:
        raise ConfigurationError(
            f"Google credentials of type {kind!r} are not known; known are {', '.join(KINDS)}. "
            "Any other way to a token works as credentials={'token': a_function}."
        )
    return make(info)


def service_account(info: Info) -> Source:
    """Source for a service account, with a signed JWT."""
    email, key, url = part(info, "client_email"), part(info, "private_key"), str(info.get("token_uri") or TOKENS)

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        now = int(io.time())
        claims = {"iss": email, "scope": SCOPE, "aud": url, "iat": now, "exp": now + HOUR}
        assertion = SecretText(await io.call(signed_jwt, claims, key, info.get("private_key_id")))
        fields = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return replace(await request_token(io, timeouts, form_request(url, fields)), account=f"google {email}")

    return fetch


def authorized_user(info: Info) -> Source:
    """Source for a user, as `gcloud auth application-default login` stores it."""
    named = ("client_id", "client_secret", "refresh_token")
    fields = {"grant_type": "refresh_token", **{name: part(info, name) for name in named}}
    quota = info.get("quota_project_id")

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        match = await request_token(io, timeouts, form_request(str(info.get("token_uri") or TOKENS), fields))
        headers = {"x-goog-user-project": str(quota)} if quota else {}
        return Token(match.token, {}, match.good_until, headers, account=f"google {fields['refresh_token']}")

    return fetch


def impersonated_account(info: Info) -> Source:
    """Source for a service account that another account impersonates."""
    source, url = from_info(dict(info.get("source_credentials") or {})), part(info, "service_account_impersonation_url")

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        return await impersonate(io, timeouts, await source(io, timeouts), url, info.get("delegates"))

    return fetch


async def impersonate(
    io: IO, timeouts: AttemptTimeouts, fetched_token: Token, url: str, delegates: Any = None
) -> Token:
    body = {"scope": [SCOPE], "lifetime": f"{HOUR}s", **({"delegates": delegates} if delegates else {})}
    headers = {"content-type": "application/json", "authorization": SecretText(f"Bearer {fetched_token.token}")}
    data = await request_json(io, timeouts, HttpRequest("POST", check_private(url), headers, json.dumps(body)))
    token, ends = data.get("accessToken"), data.get("expireTime")
    if not isinstance(token, str) or not is_header_safe(token):
        raise BadAnswerError("the service account to act as came without an accessToken")
    try:
        return Token(token, good_until=datetime.fromisoformat(str(ends)).timestamp())
    except (ValueError, OverflowError):
        return Token(token)


def external_account(info: Info) -> Source:
    """Source for an external account, whose token (from a file or URL) is exchanged for Google's."""
    where = info.get("credential_source") or {}
    if not isinstance(where, dict) or not ("file" in where or ("url" in where and "environment_id" not in where)):
        raise ConfigurationError(
            "this external_account takes its token from neither a file nor an address; fetch the token yourself and "
            "pass credentials={'token': a_function}"
        )
    fields = {"grant_type": EXCHANGE, "audience": part(info, "audience"), "scope": SCOPE}
    fields |= {"requested_token_type": ACCESS_TOKEN, "subject_token_type": part(info, "subject_token_type")}
    acts_as = info.get("service_account_impersonation_url")

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        subject = await subject_token(io, timeouts, where)
        address = str(info.get("token_url") or STS)
        match = await request_token(io, timeouts, form_request(address, {**fields, "subject_token": subject}))
        return await impersonate(io, timeouts, match, str(acts_as)) if acts_as else match

    return fetch


async def subject_token(io: IO, timeouts: AttemptTimeouts, where: Info) -> str:
    """Read the token as plain text, or from a field of JSON."""
    shape = where.get("format") or {}
    if "file" in where:
        path = Path(str(where["file"]))
        try:
            text: Any = SecretText((await io.call(path.read_text)).strip())
            text = conceal_all(json.loads(text.encode())) if shape.get("type") == "json" else text
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"the token to exchange cannot be read from {path}: {error}") from error
    else:
        headers = secret_headers({str(name).lower(): str(v) for name, v in (where.get("headers") or {}).items()})
        request = HttpRequest("GET", str(where["url"]), headers)
        is_json = shape.get("type") == "json"
        text = (
            await request_json(io, timeouts, request)
            if is_json
            else (await send_request(io, timeouts, request))[1].decode()
        )
    token = text.get(shape.get("subject_token_field_name", "access_token")) if isinstance(text, dict) else text
    if not isinstance(token, str) or not token:
        raise ConfigurationError("there is no token to exchange where the Google credentials say that one is")
    return token.strip()


def part(info: Info, name: str) -> str:
    value = info.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f"the Google credentials have no {name}; copy the whole JSON file again")
    return value


KINDS: dict[str, Callable[[Info], Source]] = {
    "service_account": service_account,
    "authorized_user": authorized_user,
    "impersonated_service_account": impersonated_account,
    "external_account": external_account,
}
