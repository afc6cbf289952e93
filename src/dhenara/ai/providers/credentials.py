"""Credentials of a provider and their account: keys, tokens from token endpoints, and tokens from the user."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from inspect import isawaitable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..codecs.error_mapping import error_from_response, parse_body
from ..errors import AuthenticationError, BadAnswerError, ConfigurationError, SyncAsyncMismatchError
from ..http.protocol.message import AttemptTimeouts, Head, HttpRequest
from ..io.protocol import IO
from ..types.config.api import AIModelAPI
from ..wire import json
from ..wire.redaction import redact
from ..wire.secrets import SecretBytes, SecretText, conceal_all
from .auth import AuthContext, Token, TokenSource
from .provider import Provider
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


@dataclass(frozen=True, slots=True)
class ProviderCredentials:
    """At most one of the three is set; none for servers without authentication. Never shown in a repr."""

    key: str | None = field(default=None, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    source: TokenSource | None = field(default=None, repr=False)


def find_credentials(
    provider: Provider, api: AIModelAPI, config: Mapping[str, Any], environment: Mapping[str, str], is_ours: bool
) -> ProviderCredentials:
    """Choose the credentials: explicit ones first, then those of the environment if the host is the provider's; a
    key comes first.
    """
    config = {"scope": provider.scope, **config}
    if api.api_key is not None:
        given = api.credentials.values() if api.credentials else {}
        return ProviderCredentials(clean_key(SecretText(api.api_key.get_secret_value()), provider.name), given)
    if api.credentials is not None:
        return configured_credentials(provider, api.credentials.values(), config, environment)
    if any(environment.get(name) for name in provider.key_env) or not is_ours:
        return ProviderCredentials(find_key(provider, environment, is_ours))
    ambient = ambient_credentials(provider, environment)
    if ambient:
        return configured_credentials(provider, ambient, config, environment)
    source = provider.token_source(None, config, environment) if provider.token_source else None
    return (
        ProviderCredentials(source=source) if source else ProviderCredentials(find_key(provider, environment, is_ours))
    )


def configured_credentials(
    provider: Provider, credentials: Mapping[str, Any], config: Mapping[str, Any], environment: Mapping[str, str]
) -> ProviderCredentials:
    if "token" in credentials:
        return ProviderCredentials(source=user_token_source(credentials["token"], str(config.get("scope") or "")))
    return ProviderCredentials(
        None, credentials, provider.token_source(credentials, config, environment) if provider.token_source else None
    )


def ambient_credentials(provider: Provider, environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the credentials of the environment, if they are complete."""
    credentials = {
        entry: SecretText(environment[name])
        for entry, name in provider.credentials_env.items()
        if environment.get(name)
    }
    needed = [entry for entry in provider.credentials_env if entry != "session_token"]
    return credentials if needed and all(entry in credentials for entry in needed) else {}


def find_key(provider: Provider, environment: Mapping[str, str], is_ours: bool) -> str | None:
    """Return the key of the environment, which is sent only to the provider's own hosts."""
    key = next((SecretText(environment[name]) for name in provider.key_env if environment.get(name)), None)
    if key and is_ours:
        return clean_key(key, provider.name)
    if not provider.needs_key:
        return None
    raise ConfigurationError(missing_key(provider, is_ours=is_ours, is_withheld=key is not None))


def missing_key(provider: Provider, *, is_ours: bool, is_withheld: bool) -> str:
    """Return the message for a missing key, or for one of the environment that is not sent to another host."""
    variables = " or ".join(provider.key_env) or "no environment variable"
    if is_withheld:
        return (
            f"{provider.name}: the key in {variables} is sent to the provider's own hosts only. "
            "Pass api_key=... to AIModelAPI to send one to this base URL."
        )
    others = " or credentials=..." if provider.token_source else ""
    where = f" Create a key at {provider.keys_url}." if provider.keys_url else ""
    ambient = provider.token_source and not is_ours
    note = " Credentials of this machine are sent to the provider's own hosts only." if ambient else ""
    return f"{provider.name}: API key missing. Set {variables} or pass api_key=...{others} to AIModelAPI.{where}{note}"


def clean_key(key: SecretText, who: str) -> SecretText:
    """Remove white space around the key; raise for one that is not valid in a header, without showing it."""
    stripped = SecretText(key.strip())
    if stripped and not stripped.strip("*"):
        raise ConfigurationError(f"{who}: the API key was masked when it was saved. Set it again.")
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise ConfigurationError(f"{who}: the API key is empty or has invalid characters. Copy it again.")
    return stripped


HASH_KEY = b"dhenara account"
SECRETS = ("token", "private_key", "client_secret", "refresh_token", "secret_access_key")
"""Credential fields that identify one account. File and profile names differ between machines."""


def fetched_account(fetched_token: Token) -> str:
    """Return the account of a fetched token or fetched keys."""
    known: Any = (
        fetched_token.account
        or fetched_token.token
        or fetched_token.credentials.get("access_key_id")
        or dict(fetched_token.credentials)
    )
    return hashed([known, dict(fetched_token.headers)])


def grant_material(auth: AuthContext) -> list[Any]:
    return [auth.key, dict(auth.credentials)]


def has_secret(given: Mapping[str, Any]) -> bool:
    """Whether the credentials contain a secret themselves."""
    has_one = any(isinstance(given.get(name), str) and given[name] for name in SECRETS)
    inline = given.get("service_account_json")
    if isinstance(inline, str):
        return has_one or inline.lstrip().startswith("{")
    return has_one or (isinstance(inline, Mapping) and has_secret(inline))


def hashed(material: Any) -> str:
    return hashlib.blake2b(json.dumps(plain(material)), key=HASH_KEY, digest_size=24).hexdigest()


def key_fingerprint(account: str) -> str | None:
    """Return a short name for the credentials of an account, which neither they nor the account can be derived from.

    Args:
        account: `Target.account`.

    Returns:
        `key-` and eight hexadecimal digits of a hash, the same in every process; None if there are no credentials.
    """
    if account == hashed(grant_material(AuthContext())):
        return None
    return f"key-{hashlib.blake2b(account.encode(), key=HASH_KEY, digest_size=4).hexdigest()}"


def plain(value: Any) -> Any:
    """Return the credentials as JSON, independent of their order; objects are represented by their type."""
    if isinstance(value, Mapping):
        return [[str(name), plain(value[name])] for name in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else type(value).__qualname__
