"""Tool definitions, and which tools a model may or must call."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from ...errors import ConfigurationError
from ...schema.keywords import SchemaRules
from ...schema.transform import TransformedSchema, transform_schema
from ...schema.validate_schema import check_object_definition
from ...wire.text import similar_names
from ..model_base import FrozenModel, read_old_fields
from .json_schema import check_function, documented_object, function_name, legal_name, read_docstring, read_signature


class SchemaSource(FrozenModel):
    """A schema that is transformed on first use."""

    def transformed(self, rules: SchemaRules) -> TransformedSchema:
        """Return the schema in the form that these rules allow.

        Args:
            rules: What the provider's JSON Schema allows.
        """
        if rules not in self._fits:
            self._fits[rules] = transform_schema(self._own_schema(), rules)
        return self._fits[rules]

    def _own_schema(self) -> dict[str, Any]:
        raise NotImplementedError

    @cached_property
    def _fits(self) -> dict[SchemaRules, TransformedSchema]:
        return {}


CHECKED = {"schema": "checked"}
"""Validation context for schemas that are valid already."""


SEARCH_TOOL = "tool_search"
"""Name of the tool that finds deferred tools."""

SEARCH_PARTS = frozenset(
    {"tool_search_call", "tool_search_output", "tool_search_tool_result"}
    | {"tool_search_tool_bm25", "tool_search_tool_regex"}
)
"""Kinds of the parts that providers' searches for tools have."""


class ToolDefinition(SchemaSource):
    """A function that the model may call. `parameters` is a JSON Schema of an object.

    Attributes:
        name: Name of the tool, without spaces.
        description: Description for the model. Default None.
        parameters: JSON Schema of the arguments, an object. Default: no arguments.
        strict: Whether the provider must enforce the schema. Default None: enforced if the provider supports
            the schema.
        deferred: Whether the model gets the tool only after it has found it with tool search. Default False.
        namespace: Group of the tool for tool search, such as the name of its server. Default None.
        called_by: Who may call the tool: the model, code that the provider runs (programmatic tool calling), or both.
        extras: Further fields in the provider's format, such as `{"input_examples": [...]}`. Fields that are not
            known here are sent with a warning; those of another provider are left out with a warning.
    """

    name: str = Field(min_length=1)
    description: str | None = None
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None
    deferred: bool = False
    namespace: str | None = None
    called_by: tuple[Literal["model", "code"], ...] = Field(default=("model",), min_length=1)
    extras: dict[str, Any] = Field(default_factory=dict)
    _reference: Callable[..., Any] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _check_schema(self, info: ValidationInfo) -> Self:
        """Check the schema, unless it was made from Python types or checked before."""
        if any(map(str.isspace, self.name)):
            raise ConfigurationError(f"invalid tool name {self.name!r:.90}: use letters, digits, _ and -")
        if info.context is not CHECKED:
            check_object_definition(self.parameters, f"the tool {self.name!r}")
        return self

    @classmethod
    def from_callable(cls, func: Callable[..., Any]) -> "ToolDefinition":
        """Create the definition of a function, whose calls the caller runs; `Tool.from_function` also runs them.

        Args:
            func: The function, sync or async.

        Returns:
            The definition.
        """
        check_function(func, "ToolDefinition.from_callable(get_weather)")
        called, docs = legal_name(function_name(func)), read_docstring(documented_object(func))
        parameters = read_signature(func, called, docs).schema
        fields = {"name": called, "description": docs.description, "parameters": parameters}
        definition = ToolDefinition.model_validate(fields, context=CHECKED)
        definition._reference = func
        return definition

    def _own_schema(self) -> dict[str, Any]:
        return self.parameters

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, given: Any) -> Any:
        """Accept the formats of OpenAI and Anthropic as well; fields that are not ours become extras."""
        if not isinstance(given, Mapping):
            return given
        function = given.get("function")
        if isinstance(function, ToolDefinition):
            return {name: getattr(function, name) for name in ToolDefinition.model_fields}
        if isinstance(function, Mapping) and given.get("type", "function") == "function":
            return with_extras({**{key: value for key, value in given.items() if key not in CALLABLE}, **function}, cls)
        text = {key: value for key, value in given.items() if key != "type" or value not in ("function", "custom")}
        if "input_schema" in text:
            text["parameters"] = text.pop("input_schema")
        return with_extras(text, cls)


CALLABLE = ("type", "function")


def with_extras(given: dict[Any, Any], kind: type[ToolDefinition]) -> dict[Any, Any]:
    """Move the fields that a tool does not have to its extras, except misspelled names of its fields."""
    own = kind.model_fields
    further = {
        name: value
        for name, value in given.items()
        if isinstance(name, str) and name not in own and not similar_names(name, own)
    }
    extras = given.get("extras", {})
    if not further or not isinstance(extras, Mapping):
        return given
    known = {name: value for name, value in given.items() if name not in further}
    return {**known, "extras": {**extras, **further}}


class ToolChoice(FrozenModel):
    """Whether and which tools must be called. `names` restricts `mode` to these tools.

    Attributes:
        mode: `"auto"` (the model decides), `"none"` (no calls) or `"required"` (at least one call). Default
            `"auto"`.
        names: Tools that may be called; empty for all.
    """

    mode: Literal["auto", "none", "required"] = "auto"
    names: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, given: Any) -> Any:
        """Read "auto", "none", "required" (or "any"); any other string is the name of the one tool to call."""
        if isinstance(given, Mapping) and ("type" in given or "specific_tool_name" in given):
            return read_vendor_choice(given) or read_old_fields("ToolChoice", given)
        if isinstance(given, ToolDefinition):
            given = given.name
        elif callable(given):
            given = given.__name__
        if not isinstance(given, str):
            return given
        if given in ("auto", "none", "required"):
            return {"mode": given}
        return {"mode": "required"} if given == "any" else {"mode": "required", "names": (given,)}


def read_vendor_choice(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """A tool choice as OpenAI and Anthropic write it; None for anything else."""
    function = given.get("function", given)
    name = function.get("name") if isinstance(function, Mapping) else None
    match given.get("type"):
        case "function" | "tool" if isinstance(name, str):
            return {"mode": "required", "names": (name,)}
        case "any":
            return {"mode": "required"}
        case "auto" | "none" | "required":
            return {"mode": given["type"]}
    return None
