"""Keys in the keyring of the computer. The variable AI_KEYRING names those that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .exceptions import ProviderConfigurationError

SERVICE = "ai-utilities"
VARIABLE = "AI_KEYRING"


def read_keyring(variables: Mapping[str, str]) -> dict[str, str]:
    """The keys that AI_KEYRING names, by the name of their variable; nothing is loaded when it names none."""
    names = [name.strip() for name in variables.get(VARIABLE, "").split(",") if name.strip()]
    if not names:
        return {}
    keyring = load()
    match = {name: keyring.get_password(SERVICE, name) for name in names}
    return {name: key for name, key in match.items() if key}


def store_key(name: str, key: str) -> None:
    """Puts a key there."""
    keyring = load()
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, name, key)
    except KeyringError as error:
        raise ProviderConfigurationError(
            f"the keyring of this computer does not take {name} ({error}); keep keys in the .env file instead."
        ) from error


def load() -> Any:
    try:
        import keyring
    except ImportError as error:
        raise ProviderConfigurationError(
            "keys in a keyring need one more package. Install it with: python -m pip install 'dhenara[keyring]'"
        ) from error
    return keyring
