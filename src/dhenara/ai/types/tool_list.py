"""The `tools` field of a config; imported only when a call has tools."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, SerializationInfo
from pydantic_core import CoreSchema, core_schema


class ToolList:
    """Marks a field as a list of tools in any accepted form."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(write, info_arg=True)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "array"}


def read(given: Any) -> Any:
    if not given:
        return ()
    from .tool_reading import read_tools

    return tuple(read_tools(given))


def write(tools: Any, info: SerializationInfo) -> list[Any]:
    """Serialise the tools as definitions, because functions cannot be serialised."""
    return [
        tool.model_dump(
            mode=info.mode, exclude_none=bool(info.exclude_none), exclude_defaults=bool(info.exclude_defaults)
        )
        for tool in tools
        if isinstance(tool, BaseModel)
    ]
