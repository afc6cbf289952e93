"""Secrets: strings that are used like any other, but do not show themselves in reprs and dumps."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from dhenara.ai.types.secret_options import SecretAddress, SecretText, conceal, mask, shown_address

MASK = "**********"


class Secret(SecretText):
    """Compares and travels as the string it is; `repr`, `model_dump` and JSON show a mask."""

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
    """A URL that shows itself without the name and password in it, and without the values of its query."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.plain_serializer_function_ser_schema(shown_address)
        )


def hide_secrets(given: Any) -> Any:
    """The same configuration with its headers, and whatever has the name of a secret, as secrets."""
    return conceal(given)


def mask_secrets(given: Any) -> Any:
    """For dumps: without what is hidden."""
    return mask(conceal(given))
