"""Tools that the provider runs: web search, code execution, file search and MCP servers; and lists of all tools."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Literal, Self, is_typeddict
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    SerializationInfo,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from ...errors import ConfigurationError
from ...wire.secrets import SecretAddress, conceal_provider_options, mask, shown_address
from ..model_base import DISCREET, FrozenModel
from .tool import CustomTool, Tool
from .tool_definition import ToolDefinition


class ServerTool(FrozenModel):
    """A tool that the provider runs, in the provider's format (`{"type": "web_search_20260209", …}`).

    Attributes:
        spec: The tool as the provider's API describes it.
    """

    spec: dict[str, Any] = Field(min_length=1)

    @field_validator("spec")
    @classmethod
    def _conceal_credentials(cls, spec: dict[str, Any]) -> dict[str, Any]:
        concealed: dict[str, Any] = conceal_provider_options(spec)
        return concealed

    @field_serializer("spec")
    def _mask_credentials(self, spec: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = mask(spec)
        return masked


class HostedTool(FrozenModel):
    """Base class of the tools that the provider runs.

    Attributes:
        kind: Kind of the tool.
    """

    kind: Any

    @model_validator(mode="after")
    def _check_texts(self) -> Self:
        """Refuse empty texts: providers refuse them too, and some with a message that names another field."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and not text.strip():
                    raise ConfigurationError(f"{name} has an empty text. Write one, or leave it out")
        return self

    def _refuse_both(self, one: str, other: str) -> None:
        """Raise if two options are set that exclude each other."""
        if getattr(self, one) and getattr(self, other):
            raise ConfigurationError(f"{one} and {other} exclude each other. Leave out one of them")


class UserLocation(FrozenModel):
    """Approximate location of the user, for local search results.

    Attributes:
        country: Country code of two letters, such as "DE". Default None.
        region: Region or state. Default None.
        city: City. Default None.
        timezone: IANA time zone, such as "Europe/Berlin". Default None.
    """

    country: str | None = Field(default=None, min_length=2, max_length=2)
    region: str | None = None
    city: str | None = None
    timezone: str | None = None


class WebSearch(HostedTool):
    """Web search by the provider, with citations in the answer.

    Attributes:
        allowed_domains: Domains to search; empty for all.
        blocked_domains: Domains to leave out.
        max_uses: Maximum number of searches. Default None: no limit.
        context_size: How much of the results the model gets. Default None: decided by the provider.
        place: Approximate location of the user. Default None.
    """

    kind: Literal["web_search"] = "web_search"
    """Kind of the tool; always this value."""

    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    max_uses: int | None = Field(default=None, gt=0)
    context_size: Literal["low", "medium", "high"] | None = None
    place: UserLocation | None = None


class CodeExecution(HostedTool):
    """Code execution by the provider, in its own sandbox.

    Attributes:
        container: Id of an existing container, or `"new"`. Default None: that of the conversation, else a new one.
        file_ids: Ids of uploaded files that the code may read.
        skills: Ids of skills for the code, with `@` and a version where it is not to be the latest one.
        memory_limit: Memory of a new container, such as `"4g"`. Default None: decided by the provider.
    """

    kind: Literal["code_execution"] = "code_execution"
    """Kind of the tool; always this value."""

    container: str | None = None
    file_ids: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    memory_limit: Literal["1g", "4g", "16g", "64g"] | None = None


class FileSearch(HostedTool):
    """Search by the provider in documents that were uploaded to its vector stores.

    Attributes:
        store_ids: Ids of the vector stores, at least one.
        max_results: Maximum number of results. Default None: decided by the provider.
        filters: Filters in the format of the provider. Default None.
    """

    kind: Literal["file_search"] = "file_search"
    """Kind of the tool; always this value."""

    store_ids: tuple[str, ...] = Field(min_length=1)
    max_results: int | None = Field(default=None, gt=0)
    filters: dict[str, Any] | None = None


class RemoteMCP(HostedTool):
    """A remote MCP server; the provider connects to it and runs its tools.

    Attributes:
        name: Name of the server, for the model.
        url: URL of the server, with `https://` or `http://`.
        authorization: OAuth token for the server. Default None.
        headers: HTTP headers for the server; dumps mask their values.
        allowed_tools: Names of the tools that may be used; empty for all.
        description: Description for the model. Default None.
        needs_approval: Whether each call must be approved before the provider runs it, or the names of the tools whose
            calls must be. Where the provider cannot ask, the server is left out with a warning.
    """

    model_config = DISCREET

    kind: Literal["remote_mcp"] = "remote_mcp"
    """Kind of the tool; always this value."""

    name: str
    url: str
    authorization: SecretStr | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    allowed_tools: tuple[str, ...] = ()
    description: str | None = None
    needs_approval: bool | tuple[str, ...] = False

    @field_validator("url")
    @classmethod
    def _concealed(cls, given: str) -> str:
        try:
            parts = urlsplit(given)
            is_address = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        except ValueError:
            is_address = False
        if not is_address:
            raise ConfigurationError('url must be a whole address: url="https://mcp.example.com/mcp"')
        return SecretAddress(given)

    @field_serializer("url")
    def _masked(self, url: str) -> str:
        return shown_address(url)

    def token(self) -> str | None:
        """The authorization as a plain string; None if there is none."""
        return None if self.authorization is None else self.authorization.get_secret_value()


KINDS: dict[str, type[FrozenModel]] = {
    "web_search": WebSearch,
    "code_execution": CodeExecution,
    "file_search": FileSearch,
    "remote_mcp": RemoteMCP,
}


def every_kind() -> dict[str, type[FrozenModel]]:
    """Return the classes of tools by their kind. Those that few calls have are loaded when they are first needed."""
    from .caller_tools import CALLER_KINDS

    search, hosted = (import_module(f"dhenara.ai.types.tools.{name}") for name in ("tool_search", "hosted_tools"))
    return {**KINDS, "tool_search": search.ToolSearch, **hosted.HOSTED_KINDS, **CALLER_KINDS}


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
    if isinstance(given, type) and issubclass(given, HostedTool | ServerTool | ToolDefinition):
        raise ConfigurationError(f"{given.__name__} is a class of tools. Pass an object of it: {given.__name__}()")
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
        return CustomTool.model_validate(given)
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
    if isinstance(given, ToolDefinition | ServerTool | HostedTool):
        return given
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"{type(given).__name__} is not a tool. Pass a function, a model class, a Tool, a dict with name and "
            "parameters, or a provider tool such as WebSearch()"
        )
    if "kind" in given:
        named = given["kind"]
        kind = every_kind().get(named) if isinstance(named, str) else None
        if kind is None:
            raise ConfigurationError(f"unknown tool kind {named!r:.40}. Use one of {', '.join(every_kind())}")
        return kind.model_validate(given)
    return (ServerTool if "spec" in given else ToolDefinition).model_validate(given)
