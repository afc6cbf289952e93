"""Lists of tools: functions, classes, dicts in any known format, and tools of this library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, is_typeddict

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, SerializationInfo
from pydantic_core import CoreSchema, core_schema

from ...errors import ConfigurationError
from .caller_tools import CALLER_KINDS
from .provider_tools import KINDS, ServerTool
from .tool import Tool
from .tool_definition import ToolDefinition

EVERY_KIND = {**KINDS, **CALLER_KINDS}


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


def is_shape(given: Any) -> bool:
    """Whether this is a class with fields, such as a pydantic model or dataclass."""
    if not isinstance(given, type):
        return False
    return issubclass(given, BaseModel) or hasattr(given, "__dataclass_fields__") or is_typeddict(given)


def as_tool(given: Any) -> Any:
    """Convert functions and model classes to tools; a dict in an unknown format is a provider tool."""
    if is_shape(given):
        return Tool.from_type(given)
    if isinstance(given, Mapping):
        return as_definition(given)
    if callable(given) and not isinstance(given, BaseModel | type):
        return Tool.from_function(given)
    return given


def as_definition(given: Mapping[str, Any]) -> Any:
    kind = given.get("type")
    if "properties" in given and "name" not in given:
        if not given.get("title"):
            raise ConfigurationError("the JSON Schema of a tool has no title. Add one: it becomes the name of the tool")
        schema = {key: value for key, value in given.items() if key not in ("title", "description")}
        return Tool.from_schema(schema, name=str(given["title"]), description=given.get("description"))
    if kind == "custom" and not {"input_schema", "parameters"} & given.keys():
        return CALLER_KINDS["custom"].model_validate(given)
    known = {"spec", "kind", "function", "parameters", "input_schema"} & given.keys()
    if known or ("name" in given and kind in (None, "function", "custom")):
        return given
    return {"spec": dict(given)}


def read_tools(given: Any) -> list[Any]:
    """Read one or more tools; names must be unique, because calls refer to tools by name."""
    one = isinstance(given, str | Mapping) or not isinstance(given, Sequence)
    tools = [check_tool(as_tool(tool)) for tool in ([given] if one else given)]
    names = [tool.name for tool in tools if isinstance(tool, ToolDefinition)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigurationError(f"duplicate tool name {', '.join(sorted(twice))}. Pass name= for one of them")
    return tools


def check_tool(given: Any) -> Any:
    """Validate a tool; dicts are converted to their class."""
    if isinstance(given, (ToolDefinition, ServerTool, *KINDS.values())):
        return given
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"{type(given).__name__} is not a tool. Pass a function, a model class, a Tool, a dict with name and "
            "parameters, or a provider tool such as WebSearch()"
        )
    if "kind" in given:
        kind = EVERY_KIND.get(given["kind"])
        if kind is None:
            raise ConfigurationError(f"unknown tool kind {given['kind']!r}. Use one of {', '.join(EVERY_KIND)}")
        return kind.model_validate(given)
    return (ServerTool if "spec" in given else ToolDefinition).model_validate(given)
