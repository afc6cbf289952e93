"""JSON Schemas of Python types: without the titles that only repeat names."""

from __future__ import annotations

from math import isfinite
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from ..errors import ConfigurationError

UNDESCRIBABLE = (PydanticUserError, PydanticUndefinedAnnotation)


class PlainJsonSchema(GenerateJsonSchema):
    """Defaults that JSON has no word for are left out in silence: the function knows them anyway."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # as pydantic declares it

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, float) and not isfinite(dft):
            raise PydanticSerializationError(f"JSON has no word for {dft}")
        return super().encode_default(dft)


def adapter_of(kind: Any, called: str) -> TypeAdapter[Any]:
    """What reads values of this type; `called` says whose it is where that cannot be."""
    try:
        return TypeAdapter(kind)
    except UNDESCRIBABLE as error:
        raise ConfigurationError(f"{called} cannot be described to a model: {first_line(error)}") from error


def schema_of(adapter: TypeAdapter[Any], called: str) -> dict[str, Any]:
    """The JSON Schema of what it reads."""
    try:
        schema = adapter.json_schema(schema_generator=PlainJsonSchema)
    except UNDESCRIBABLE as error:
        raise ConfigurationError(f"{called} cannot be described to a model: {first_line(error)}") from error
    return schema


def as_object(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with an object at its root, where it is only a reference to one."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    target = schema.get("$defs", {}).get(name)
    return {**target, **{k: v for k, v in schema.items() if k != "$ref"}} if target is not None else schema


def first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
