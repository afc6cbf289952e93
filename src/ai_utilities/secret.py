"""Secrets: strings that are used like any other, but do not show themselves in reprs and dumps."""

from __future__ import annotations

import re
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from .telemetry.redaction import redacted

MASK = "**********"
TELLING = re.compile(r"key|secret|token|password|credential|authorization", re.IGNORECASE)
"""Names of what is not shown, wherever it stands."""


class Secret(str):
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


class Address(str):
    """An address that shows itself without the names, passwords and keys in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(redacted(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.plain_serializer_function_ser_schema(redacted)
        )


def hiding(given: Any, name: str = "") -> Any:
    """The same, with whatever has a telling name as a secret."""
    if isinstance(given, dict):
        return {key: hiding(value, str(key)) for key, value in given.items()}
    return Secret(given) if isinstance(given, str) and TELLING.search(name) else given


def masked(given: Any) -> Any:
    """For dumps: without what is hidden."""
    if isinstance(given, dict):
        return {key: masked(value) for key, value in given.items()}
    return MASK if isinstance(given, Secret) and given else given
