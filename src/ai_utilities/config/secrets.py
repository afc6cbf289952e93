"""Secret strings that are masked in reprs and dumps, and API keys stored in the system's keyring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from dhenara.ai.integration import SecretAddress, SecretText, conceal, mask, shown_address

from ..exceptions import ProviderConfigurationError

MASK = "**********"


class Secret(SecretText):
    """A string whose `repr`, `model_dump` and JSON are masked; it compares and is sent as usual."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{MASK}'" if self else "''"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strip_whitespace=True),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda secret: MASK if secret else ""),
        )


class SecretUrl(SecretAddress):
    """A URL shown without user name, password and query values."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.plain_serializer_function_ser_schema(shown_address)
        )


def hide_secrets(given: Any) -> Any:
    """The same configuration with headers and secret-named values as `Secret`."""
    return conceal(given)


def mask_secrets(given: Any) -> Any:
    """The configuration with secrets masked, for dumps."""
    return mask(conceal(given))


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
