"""Secret strings that are masked in reprs and dumps, redaction of secrets in texts, and keys in the keyring."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from types import ModuleType

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from dhenara.ai.integration import SecretAddress, SecretText, conceal, mask, redact_secrets, shown_address

from ..exceptions import Json, ProviderConfigurationError

MASK = "**********"


class Secret(SecretText):
    """A string whose `repr`, `model_dump` and JSON are masked; it compares and is sent as usual."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{MASK}'" if self else "''"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[object], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strip_whitespace=True),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda secret: MASK if secret else ""),
        )


class SecretUrl(SecretAddress):
    """A URL shown without user name, password and query values."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[object], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.plain_serializer_function_ser_schema(shown_address)
        )


def hide_secrets(given: Json) -> Json:
    """The same configuration with headers and secret-named values as `Secret`."""
    return conceal(given)


def mask_secrets(given: Json) -> Json:
    """The configuration with secrets masked, for dumps."""
    return mask(conceal(given))


SERVICE = "ai-utilities"
VARIABLE = "AI_KEYRING"


def read_keyring(variables: Mapping[str, str]) -> dict[str, str]:
    """The keys that AI_KEYRING names, by variable name; `keyring` is imported only if there are any."""
    names = [name.strip() for name in variables.get(VARIABLE, "").split(",") if name.strip()]
    if not names:
        return {}
    keyring = load_keyring()
    keys = {name: keyring.get_password(SERVICE, name) for name in names}
    return {name: key for name, key in keys.items() if key}


def store_key(name: str, key: str) -> None:
    """Stores a key in the keyring."""
    keyring = load_keyring()
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, name, key)
    except KeyringError as error:
        raise ProviderConfigurationError(
            f"the system keyring cannot store {name} ({error}). Keep keys in the .env file instead."
        ) from error


def load_keyring() -> ModuleType:
    """The optional package keyring."""
    try:
        import keyring
    except ImportError as error:
        raise ProviderConfigurationError(
            "keys in a keyring need the package keyring. Install it with: python -m pip install 'dhenara[keyring]'"
        ) from error
    return keyring


USUAL = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Replaces everything that is, or looks like, a secret.

    Args:
        text: The text.
        secrets: Secrets to hide whatever they look like. Default: none.

    Returns:
        The text without secrets.
    """
    return redact_secrets(text, secrets)


class RedactingFilter(logging.Filter):
    """A logging filter that hides secrets. Put it on a handler: what passes there has no secrets in it.

    Args:
        *secrets: Secrets to hide whatever they look like.
    """

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        """Hides secrets in message, traceback and other fields of a record.

        Args:
            record: The record; it is changed.

        Returns:
            True: no record is dropped.
        """
        record.msg, record.args = redact(record.getMessage(), self._secrets), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text, self._secrets)
        for name, value in record.__dict__.items():
            if name not in USUAL and isinstance(value, str):
                record.__dict__[name] = redact(value, self._secrets)
        return True
