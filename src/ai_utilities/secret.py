"""Secret strings that are masked in reprs and dumps."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from dhenara.ai.types.secret_options import SecretAddress, SecretText, conceal, mask, shown_address

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
