"""Accounts: a keyed hash of the credentials of a request, which reveals no secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ..wire import json
from .auth import AuthContext, Token

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
    match = any(isinstance(given.get(name), str) and given[name] for name in SECRETS)
    inline = given.get("service_account_json")
    if isinstance(inline, str):
        return match or inline.lstrip().startswith("{")
    return match or (isinstance(inline, Mapping) and has_secret(inline))


def hashed(material: Any) -> str:
    return hashlib.blake2b(json.dumps(plain(material)), key=HASH_KEY, digest_size=24).hexdigest()


def plain(value: Any) -> Any:
    """Return the credentials as JSON, independent of their order; objects are represented by their type."""
    if isinstance(value, Mapping):
        return [[str(name), plain(value[name])] for name in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else type(value).__qualname__
