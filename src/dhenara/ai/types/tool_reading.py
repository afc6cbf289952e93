"""Reading tools: functions, model classes, schemas and dicts, as they are given, become tools of some kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, is_typeddict

from pydantic import BaseModel

from ..errors import ConfigurationError
from .tool import Tool
from .tools import ServerTool, ToolDefinition


def is_shape(given: Any) -> bool:
    """Whether this is a class whose fields say what an object holds."""
    if not isinstance(given, type):
        return False
    return issubclass(given, BaseModel) or hasattr(given, "__dataclass_fields__") or is_typeddict(given)


def as_tool(given: Any) -> Any:
    """Functions and model classes become tools; a dict in no spelling of ours is the provider's own."""
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
            raise ConfigurationError("a JSON Schema needs a title to be a tool: it becomes the tool's name")
        schema = {key: value for key, value in given.items() if key not in ("title", "description")}
        return Tool.from_schema(schema, name=str(given["title"]), description=given.get("description"))
    known = {"spec", "kind", "function", "parameters", "input_schema"} & given.keys()
    if known or ("name" in given and kind in (None, "function", "custom")):
        return given
    return {"spec": dict(given)}


def read_tools(given: Any) -> list[Any]:
    """One tool or many; no two of one name, because answers could not tell them apart."""
    one = isinstance(given, str | Mapping) or not isinstance(given, Sequence)
    tools = [check_tool(as_tool(tool)) for tool in ([given] if one else given)]
    names = [tool.name for tool in tools if isinstance(tool, ToolDefinition)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigurationError(f"two tools are called {', '.join(sorted(twice))}; give one another name=")
    return tools


def check_tool(given: Any) -> Any:
    """A tool of one of the kinds there are; dicts are read into theirs."""
    from .provider_tools import KINDS

    if isinstance(given, (ToolDefinition, ServerTool, *KINDS.values())):
        return given
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"a {type(given).__name__} is no tool; pass a function, a model class, a Tool, a dict with name and "
            "parameters, or one that the provider runs, such as WebSearch()"
        )
    if "kind" in given:
        kind = KINDS.get(given["kind"])
        if kind is None:
            raise ConfigurationError(f"there is no tool of kind {given['kind']!r}; there are {', '.join(KINDS)}")
        return kind.model_validate(given)
    return (ServerTool if "spec" in given else ToolDefinition).model_validate(given)
