"""JSON Schemas of Python types, without titles that only repeat the field names."""

from __future__ import annotations

from math import isfinite
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from ...errors import ConfigurationError

UNDESCRIBABLE = (PydanticUserError, PydanticUndefinedAnnotation)


class PlainJsonSchema(GenerateJsonSchema):
    """Schema generator that leaves out default values which JSON cannot represent."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # declared as in pydantic

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, float) and not isfinite(dft):
            raise PydanticSerializationError(f"{dft} cannot be represented in JSON")
        return super().encode_default(dft)


def adapter_of(kind: Any, called: str) -> TypeAdapter[Any]:
    """Return the type adapter; `called` names the owner of the type in error messages."""
    try:
        return TypeAdapter(kind)
    except UNDESCRIBABLE as error:
        raise ConfigurationError(f"{called}: cannot create a JSON Schema: {first_line(error)}") from error


def schema_of(adapter: TypeAdapter[Any], called: str) -> dict[str, Any]:
    """Return the JSON Schema of the adapter's type."""
    try:
        schema = adapter.json_schema(schema_generator=PlainJsonSchema)
    except UNDESCRIBABLE as error:
        raise ConfigurationError(f"{called}: cannot create a JSON Schema: {first_line(error)}") from error
    return schema


def as_object(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with a root object instead of a root `$ref`."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    target = schema.get("$defs", {}).get(name)
    return {**target, **{k: v for k, v in schema.items() if k != "$ref"}} if target is not None else schema


def first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
