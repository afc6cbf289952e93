"""Credentials of a provider (key, account keys, token source), and the account that they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigurationError
from ..types.config.api import AIModelAPI
from ..wire import json
from ..wire.secrets import SecretText
from .auth import AuthContext, Token, TokenSource
from .provider import Provider
from .token_exchange import user_token_source


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
