"""Enumerations of version 1. Their values are plain strings, so they compare equal to the values of this version."""

from __future__ import annotations

from enum import StrEnum

from ..types.config.api import AIModelAPIProviderEnum


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
