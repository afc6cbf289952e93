"""Tools and enumerations of version 1."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from ..types.chat.structured import StructuredOutput
from ..types.config.api import AIModelAPIProviderEnum
from ..types.model_base import FrozenModel
from ..types.tools.tool_definition import ToolDefinition

SCHEMA_NAMES = {"allowed_values": "enum"}


class FunctionParameter(FrozenModel):
    """One parameter of a function.

    Attributes:
        type: JSON type, such as `"string"`.
        format: Format, such as `"date"`.
        description: Description for the model.
        required: Whether the parameter is required.
        allowed_values: The values that are allowed.
        default: Default value.
        items: JSON Schema of the items of an array.
    """

    type: str
    format: str | None = None
    description: str | None = None
    required: bool = False
    allowed_values: list[Any] | None = None
    default: Any = None
    items: dict[str, Any] | None = None

    def json_schema(self) -> dict[str, Any]:
        """Return the parameter as JSON Schema."""
        fields = self.model_dump(exclude={"required"}, exclude_none=True)
        return {SCHEMA_NAMES.get(name, name): value for name, value in fields.items()}


class FunctionParameters(FrozenModel):
    """The parameters of a function.

    Attributes:
        properties: Each parameter by its name.
        required: Names of required parameters, in addition to those with `required=True`.
    """

    type: Literal["object"] = "object"
    properties: dict[str, FunctionParameter] = Field(default_factory=dict)
    required: list[str] | None = Field(default_factory=list)

    def json_schema(self) -> dict[str, Any]:
        """Return the parameters as JSON Schema of an object."""
        marked = [name for name, one in self.properties.items() if one.required]
        required = list(dict.fromkeys([*(self.required or []), *marked]))
        properties = {name: one.json_schema() for name, one in self.properties.items()}
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}


class FunctionDefinition(ToolDefinition):
    """A function that the model may call: a `ToolDefinition` whose `parameters` may be `FunctionParameters`."""

    @model_validator(mode="before")
    @classmethod
    def _read_parameters(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and isinstance(given.get("parameters"), FunctionParameters):
            return {**given, "parameters": given["parameters"].json_schema()}
        return given


class StructuredOutputConfig(StructuredOutput):
    """Schema of a structured answer, with the names of version 1.

    Attributes:
        allow_post_process_on_error: Not used; invalid answers are given back to the model by `generate_typed`.
    """

    model_config = ConfigDict(frozen=False)

    allow_post_process_on_error: bool = Field(default=False, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _read_old_fields(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        fields = dict(given)
        if (kind := fields.pop("model_class_reference", None)) is not None:
            fields["model_class"] = kind
        return fields

    @classmethod
    def from_model(cls, model_class: type[Any]) -> Self:
        """Create the configuration from a pydantic model class."""
        return cls.model_validate({"model_class": model_class})

    @property
    def model_class_reference(self) -> Any:
        """The class; None if only a schema was given."""
        return self.model_class

    def get_schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return self.output_schema

    def get_model_class(self) -> Any:
        """Return the class; None if only a schema was given."""
        return self.model_class


def function_parameter_from_json_schema(
    schema: Mapping[str, Any], *, required: bool = False, default: Any = None, description: str | None = None
) -> FunctionParameter:
    """Return the parameter that a JSON Schema describes.

    Args:
        schema: JSON Schema of the parameter.
        required: Whether it is required.
        default: Default value. Default None: that of the schema.
        description: Description. Default None: that of the schema.

    Returns:
        The parameter.
    """
    inner: Mapping[str, Any] = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), {})
    schema = {**inner, **schema}
    kind = schema.get("type", "string")
    return FunctionParameter(
        type=kind if isinstance(kind, str) else next(one for one in kind if one != "null"),
        format=schema.get("format"),
        description=description or schema.get("description"),
        required=required,
        allowed_values=schema.get("enum"),
        default=schema.get("default") if default is None else default,
        items=schema.get("items"),
    )


def function_of(tool: ToolDefinition) -> OldFunction:
    """Return the function of a tool as version 1 showed it."""
    required = tool.parameters.get("required") or []
    properties = {
        name: function_parameter_from_json_schema(one, required=name in required)
        for name, one in tool.parameters.get("properties", {}).items()
    }
    parameters = FunctionParameters(properties=properties, required=list(required))
    return OldFunction(name=tool.name, description=tool.description, parameters=parameters)


class OldFunction(FrozenModel):
    """`tool.function` of version 1: name, description and parameters.

    Attributes:
        name: Name of the function.
        description: Description for the model.
        parameters: The parameters.
    """

    name: str
    description: str | None = None
    parameters: FunctionParameters


class BaseEnum(StrEnum):
    """Base class of the enumerations of version 1."""

    @classmethod
    def values(cls) -> set[str]:
        """Return the values of all members."""
        return {member.value for member in cls}


class AIModelProviderEnum(BaseEnum):
    """Who makes a model. The values are those of `AIModel.provider`."""

    CUSTOM = "custom"
    OPEN_AI = "openai"
    GOOGLE_AI = "google"
    ANTHROPIC = "anthropic"
    DEEPSEEK = "deepseek"
    META = "meta"
    COHERE = "cohere"


class AIModelFunctionalTypeEnum(BaseEnum):
    """What a model generates. The values are those of `AIModel.functional_type`."""

    TEXT_GENERATION = "text_generation"
    IMAGE_GENERATION = "image_generation"
    VIDEO_GENERATION = "video_generation"
    TEXT_TO_SPEECH = "text_to_speech"
    SPEECH_TO_TEXT = "speech_to_text"


class PromptMessageRoleEnum(BaseEnum):
    """Who a message is from."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class OpenAiMessageRoleEnum(BaseEnum):
    """Roles of messages of OpenAI and Anthropic."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class GoogleAiMessageRoleEnum(BaseEnum):
    """Roles of messages of Gemini."""

    USER = "user"
    MODEL = "model"


class ContentType(BaseEnum):
    """What an `InputContent` returns."""

    TEXT = "text"
    LIST = "list"
    DICT = "dict"
    JSONL = "jsonl"


class ChatResponseContentItemType(BaseEnum):
    """Types of the parts of an answer. The values are those of `part.type`."""

    TEXT = "text"
    REASONING = "reasoning"
    GENERIC = "generic"
    TOOL_CALL = "tool_call"
    STRUCTURED_OUTPUT = "structured_output"


class ImageContentFormat(BaseEnum):
    """How the data of an image arrived."""

    URL = "url"
    BASE64 = "base64"
    BYTES = "bytes"
    UNKNOWN = "unknown"


class ExternalApiCallStatusEnum(BaseEnum):
    """Outcome of a call. This version raises errors, so that responses always have RESPONSE_RECEIVED_SUCCESS."""

    REQUEST_SEND = "request_send"
    REQUEST_NOT_SEND = "request_not_send"
    RESPONSE_RECEIVED_SUCCESS = "response_received_success"
    RESPONSE_RECEIVED_API_ERROR = "response_received_api_error"
    RESPONSE_TIMEOUT = "response_timeout"
    INTERNAL_PROCESSING_ERROR = "internal_processing_error"


class ResourceConfigItemTypeEnum(BaseEnum):
    """What a `ResourceConfigItem` names. Only endpoints of models exist."""

    ai_model_endpoint = "ai_model_endpoint"
    rag_endpoint = "rag_endpoint"
    search_endpoint = "search_endpoint"


class ResourceQueryFieldsEnum(BaseEnum):
    """Fields that a query for an endpoint may have."""

    model_name = "model_name"
    model_display_name = "model_display_name"
    api_provider = "api_provider"
    reference_number = "reference_number"


class PlatformEnvTypeEnum(BaseEnum):
    """Kind of environment of an application."""

    test = "test"
    live = "live"


_API = AIModelAPIProviderEnum

MODEL_TO_API_MAPPING: dict[str, tuple[AIModelAPIProviderEnum, ...]] = {
    AIModelProviderEnum.ANTHROPIC: (_API.ANTHROPIC, _API.AMAZON_BEDROCK, _API.GOOGLE_VERTEX_AI),
    AIModelProviderEnum.OPEN_AI: (_API.OPEN_AI, _API.MICROSOFT_OPENAI),
    AIModelProviderEnum.GOOGLE_AI: (_API.GOOGLE_VERTEX_AI, _API.GOOGLE_AI),
    AIModelProviderEnum.DEEPSEEK: (_API.DEEPSEEK, _API.MICROSOFT_OPENAI),
}
"""APIs that serve the models of a maker, the preferred one first."""
