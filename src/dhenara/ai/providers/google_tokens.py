"""Tokens from Google credentials: service account (RS256), user, external account, and the default search order."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import BadAnswerError, ConfigurationError
from ..http.protocol.message import AttemptTimeouts, ConnectFailed, ConnectionBroken, HttpRequest, ReadTimeout
from ..io.protocol import IO
from ..wire import json
from ..wire.secrets import SecretBytes, SecretText, conceal_all, secret_headers
from .auth import Token, TokenSource
from .cloud_credentials import (
    NO_GOOGLE_CREDENTIALS,
    SCOPE,
    from_google_auth,
    from_refreshed,
    google_auth_default,
    is_installed,
)
from .credentials import HOUR, check_private, form_request, is_header_safe, request_json, request_token, send_request


def signed_jwt(claims: Mapping[str, Any], private_key: str, key_id: str | None) -> str:
    """Return header, claims and signature, joined by dots."""
    header = {"typ": "JWT", "alg": "RS256", **({"kid": key_id} if key_id else {})}
    signed_part = f"{base64url(json.dumps(header))}.{base64url(json.dumps(claims))}"
    return f"{signed_part}.{base64url(rsa_signature(signed_part.encode(), private_key))}"


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
TOKENS = "https://oauth2.googleapis.com/token"
STS = "https://sts.googleapis.com/v1/token"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def from_info(info: Info) -> TokenSource:
    """Return the source for a parsed credentials file."""
    kind = info.get("type") or ("service_account" if "private_key" in info else "authorized_user")
    make = KINDS.get(str(kind))
    if make is None:
        raise ConfigurationError(
            f"Google credentials of type {kind!r} are not known; known are {', '.join(KINDS)}. "
            "For another source of tokens pass credentials={'token': a_function}."
        )
    return make(info)


def service_account(info: Info) -> TokenSource:
    """Token source for a service account, with a signed JWT."""
    email, key, url = part(info, "client_email"), part(info, "private_key"), str(info.get("token_uri") or TOKENS)

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        now = int(io.time())
        claims = {"iss": email, "scope": SCOPE, "aud": url, "iat": now, "exp": now + HOUR}
        assertion = SecretText(await io.call(signed_jwt, claims, key, info.get("private_key_id")))
        fields = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return replace(await request_token(io, timeouts, form_request(url, fields)), account=f"google {email}")

    return fetch


def authorized_user(info: Info) -> TokenSource:
    """Token source for a user, as `gcloud auth application-default login` stores it."""
    named = ("client_id", "client_secret", "refresh_token")
    fields = {"grant_type": "refresh_token", **{name: part(info, name) for name in named}}
    quota = info.get("quota_project_id")

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        fetched = await request_token(io, timeouts, form_request(str(info.get("token_uri") or TOKENS), fields))
        headers = {"x-goog-user-project": str(quota)} if quota else {}
        return Token(fetched.token, {}, fetched.good_until, headers, account=f"google {fields['refresh_token']}")

    return fetch


def impersonated_account(info: Info) -> TokenSource:
    """Token source for a service account that another account impersonates."""
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
    token, expiry = data.get("accessToken"), data.get("expireTime")
    if not isinstance(token, str) or not is_header_safe(token):
        raise BadAnswerError("the service account to act as came without an accessToken")
    try:
        return Token(token, good_until=datetime.fromisoformat(str(expiry)).timestamp())
    except (ValueError, OverflowError):
        return Token(token)


def external_account(info: Info) -> TokenSource:
    """Token source for an external account, whose token (from a file or URL) is exchanged for Google's."""
    credential_source = info.get("credential_source") or {}
    if not isinstance(credential_source, dict) or not (
        "file" in credential_source or ("url" in credential_source and "environment_id" not in credential_source)
    ):
        return from_google_auth(info)
    fields = {"grant_type": EXCHANGE, "audience": part(info, "audience"), "scope": SCOPE}
    fields |= {"requested_token_type": ACCESS_TOKEN, "subject_token_type": part(info, "subject_token_type")}
    impersonation_url = info.get("service_account_impersonation_url")

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        subject = await subject_token(io, timeouts, credential_source)
        address = str(info.get("token_url") or STS)
        fetched = await request_token(io, timeouts, form_request(address, {**fields, "subject_token": subject}))
        return await impersonate(io, timeouts, fetched, str(impersonation_url)) if impersonation_url else fetched

    return fetch


async def subject_token(io: IO, timeouts: AttemptTimeouts, credential_source: Info) -> str:
    """Read the token as plain text, or from a field of JSON."""
    shape = credential_source.get("format") or {}
    if "file" in credential_source:
        path = Path(str(credential_source["file"]))
        try:
            text: Any = SecretText((await io.call(path.read_text)).strip())
            text = conceal_all(json.loads(text.encode())) if shape.get("type") == "json" else text
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"the token to exchange cannot be read from {path}: {error}") from error
    else:
        headers = secret_headers(
            {str(name).lower(): str(v) for name, v in (credential_source.get("headers") or {}).items()}
        )
        request = HttpRequest("GET", str(credential_source["url"]), headers)
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


KINDS: dict[str, Callable[[Info], TokenSource]] = {
    "service_account": service_account,
    "authorized_user": authorized_user,
    "impersonated_service_account": impersonated_account,
    "external_account": external_account,
}


FILE = "application_default_credentials.json"
METADATA = "metadata.google.internal"
FLAVOUR = {"metadata-flavor": "Google"}


def google_token_source(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> TokenSource | None:
    """Return the given credentials, else the default ones."""
    if credentials is None:
        return default_source(environment)
    given = credentials.get("service_account_json", credentials)
    if isinstance(given, str) and not given.lstrip().startswith("{"):
        return from_file(Path(given))
    return from_info(
        parse_info(SecretBytes(given.encode()), "service_account_json") if isinstance(given, str) else check_info(given)
    )


def check_info(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            "service_account_json is the content of the JSON file as a dict or a text, or the path of the file"
        )
    return given


def parse_info(data: SecretBytes, credential_source: str) -> Mapping[str, Any]:
    try:
        return check_info(conceal_all(json.loads(data)))
    except ValueError as error:
        raise ConfigurationError(f"the Google credentials in {credential_source} are not JSON") from error


def project_in_files(
    credentials: Mapping[str, Any] | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return the project of a service account file. Errors in the file are raised when the token is fetched."""
    if config.get("project_id"):
        return {}
    if credentials is None:
        named = environment.get("GOOGLE_APPLICATION_CREDENTIALS")
    else:
        named = credentials.get("service_account_json")
    if not isinstance(named, str) or not named:
        return {}
    try:
        text = named if named.lstrip().startswith("{") else Path(named).read_bytes()
        project = check_info(json.loads(text)).get("project_id")
    except (OSError, ValueError, ConfigurationError):
        return {}
    return {"project_id": project} if project else {}


def from_file(path: Path) -> TokenSource:
    """Return a source that reads the file for every token, because it may be replaced."""

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        try:
            data = SecretBytes(await io.call(path.read_bytes))
        except OSError as error:
            raise ConfigurationError(f"the Google credentials in {path} cannot be read: {error.strerror}") from error
        return await from_info(parse_info(data, str(path)))(io, timeouts)

    return fetch


def default_source(environment: Mapping[str, str]) -> TokenSource:
    """Return the source: the configured file, the one of gcloud, or what google-auth or the metadata server has."""
    named, written = environment.get("GOOGLE_APPLICATION_CREDENTIALS"), gcloud_path(environment)

    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        if named:
            return await from_file(Path(named))(io, timeouts)
        if written is not None and await io.call(written.is_file):
            return await from_file(written)(io, timeouts)
        if not environment.get("GCE_METADATA_HOST") and is_installed("google", "google.auth", "requests"):
            return await search_with_google_auth(io, timeouts)
        return await from_machine(io, timeouts, environment)

    search_with_google_auth = from_refreshed(google_auth_default)
    return fetch


def gcloud_path(environment: Mapping[str, str]) -> Path | None:
    if environment.get("CLOUDSDK_CONFIG"):
        return Path(environment["CLOUDSDK_CONFIG"], FILE)
    if environment.get("APPDATA"):
        return Path(environment["APPDATA"], "gcloud", FILE)
    return Path(environment["HOME"], ".config", "gcloud", FILE) if environment.get("HOME") else None


class MetadataTimeouts:
    """Timeouts of the metadata server, which is close by or does not exist."""

    def __init__(self, timeouts: AttemptTimeouts, seconds: float = 3.0) -> None:
        self._timeouts = timeouts
        self._seconds = seconds

    def connect(self) -> float | None:
        return self._capped(self._timeouts.connect())

    def read(self) -> float | None:
        return self._capped(self._timeouts.read())

    def _capped(self, seconds: float | None) -> float:
        return self._seconds if seconds is None else min(seconds, self._seconds)


async def from_machine(io: IO, timeouts: AttemptTimeouts, environment: Mapping[str, str]) -> Token:
    host = environment.get("GCE_METADATA_HOST") or METADATA
    url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={SCOPE}"
    try:
        return await request_token(io, MetadataTimeouts(timeouts), HttpRequest("GET", url, FLAVOUR))
    except (ConnectFailed, ReadTimeout, ConnectionBroken) as error:
        raise ConfigurationError(NO_GOOGLE_CREDENTIALS) from error
