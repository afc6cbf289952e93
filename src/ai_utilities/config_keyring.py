"""API keys in the system keyring. The variable AI_KEYRING names the keys stored there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .exceptions import ProviderConfigurationError

SERVICE = "ai-utilities"
VARIABLE = "AI_KEYRING"


def read_keyring(variables: Mapping[str, str]) -> dict[str, str]:
    """The keys that AI_KEYRING names, by variable name; `keyring` is imported only if there are any."""
    names = [name.strip() for name in variables.get(VARIABLE, "").split(",") if name.strip()]
    if not names:
        return {}
    keyring = load()
    match = {name: keyring.get_password(SERVICE, name) for name in names}
    return {name: key for name, key in match.items() if key}


def store_key(name: str, key: str) -> None:
    """Stores a key in the keyring."""
    keyring = load()
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, name, key)
    except KeyringError as error:
        raise ProviderConfigurationError(
            f"the system keyring cannot store {name} ({error}). Keep keys in the .env file instead."
        ) from error


def load() -> Any:
    try:
        import keyring
    except ImportError as error:
        raise ProviderConfigurationError(
            "keys in a keyring need the package keyring. Install it with: python -m pip install 'dhenara[keyring]'"
        ) from error
    return keyring
