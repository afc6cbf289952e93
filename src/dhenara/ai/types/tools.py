"""Tool definitions and tool choice."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_serializer, field_validator, model_validator

from ..wire.secrets import conceal_options, mask
from .model_base import FrozenModel
from .schema_source import SchemaSource

CHECKED = {"schema": "checked"}
"""Validation context for schemas that are valid already."""


class ToolDefinition(SchemaSource):
    """A function that the model may call. `parameters` is a JSON Schema of an object."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None

    @model_validator(mode="after")
    def _check_schema(self, info: ValidationInfo) -> Self:
        """Check the schema, unless it was made from Python types or checked before."""
        if info.context is not CHECKED:
            from ..schema.definition import check_definition

            check_definition(self.parameters, f"the tool {self.name!r}")
        return self

    def _own_schema(self) -> dict[str, Any]:
        return self.parameters

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, given: Any) -> Any:
        """Accept the formats of OpenAI and Anthropic as well."""
        if not isinstance(given, Mapping):
            return given
        if given.get("type") == "function" and isinstance(given.get("function"), Mapping):
            return dict(given["function"])
        text = {key: value for key, value in given.items() if key != "type" or value not in ("function", "custom")}
        if "input_schema" in text:
            text["parameters"] = text.pop("input_schema")
        return text


class ServerTool(FrozenModel):
    """A tool that the provider runs, in the provider's format (`{"type": "web_search_20260209", …}`)."""

    spec: dict[str, Any]

    @field_validator("spec")
    @classmethod
    def _conceal_credentials(cls, spec: dict[str, Any]) -> dict[str, Any]:
        concealed: dict[str, Any] = conceal_options(spec)
        return concealed

    @field_serializer("spec")
    def _mask_credentials(self, spec: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = mask(spec)
        return masked


class ToolChoice(FrozenModel):
    """Whether and which tools must be called. `names` restricts `mode` to these tools."""

    mode: Literal["auto", "none", "required"] = "auto"
    names: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, given: Any) -> Any:
        """Read "auto", "none", "required" (or "any"); any other string is the name of the one tool to call."""
        if not isinstance(given, str):
            return given
        if given in ("auto", "none", "required"):
            return {"mode": given}
        return {"mode": "required"} if given == "any" else {"mode": "required", "names": (given,)}
