"""Attributes and methods that objects had in version 1, by class. They are found when one is read."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from ..lazy_package import missing_attribute
from ..types.chat.response import ChatResponse
from ..types.operations.images import GeneratedImage, ImageResponse
from . import models, responses
from .requests import formatted_text
from .tools import ExternalApiCallStatusEnum, ImageContentFormat, function_of

Attribute = Callable[[Any], Any]
TEXTS = ("text", "reasoning", "structured_output", "tool_call", "generic")


def as_text(response: ChatResponse) -> Callable[..., str]:
    def join(content_types: Any = None) -> str:
        """Return the texts of all parts of these types, separated by blank lines."""
        kinds = TEXTS if content_types is None else tuple(content_types)
        parts = [part for choice in response.choices for part in choice.contents if part.type in kinds]
        return "\n\n".join(filter(None, (part.get_text() for part in parts)))

    return join


def first(response: ChatResponse) -> Callable[[str], Any]:
    def find(content_type: str) -> Any:
        """Return the first part of this type, or None."""
        parts = (part for choice in response.choices for part in choice.contents)
        return next((part for part in parts if part.type == content_type), None)

    return find


def to_message_item(response: ChatResponse) -> Callable[..., Any]:
    def item(choice_index: int = 0) -> Any:
        """Return the answer as an item of `messages`; None if there is no such choice."""
        if choice_index >= len(response.choices):
            return None
        return response if choice_index == 0 else response.to_message(choice_index)

    return item


def to_prompt(response: ChatResponse) -> Callable[..., Any]:
    def prompt(choice_index: int = 0, max_words_text: int | None = None) -> Any:
        """Return the answer as an item of `context`."""
        message = response.to_message(choice_index)
        if max_words_text is None:
            return message
        text = formatted_text(str(message.text), max_words_text, {})
        return type(message)(role="assistant", text=text)

    return prompt


def preview(response: Any) -> dict[str, Any]:
    dump: dict[str, Any] = response.model_dump(exclude={"choices", "images"})
    return dump


def status(response: Any) -> responses.ExternalApiCallStatus | None:
    """The outcome: success, because failures are raised; None for a stream."""
    answer = response.full_response
    if answer is None:
        return None
    return responses.ExternalApiCallStatus(
        status=ExternalApiCallStatusEnum.RESPONSE_RECEIVED_SUCCESS,
        api_provider=answer.provider or "unknown",
        model=answer.model or "unknown",
        message="Output generated",
        code="success",
        http_status_code=response.attempts[-1].status if response.attempts else None,
    )


def thinking_summary(part: Any) -> str | None:
    return (part.text or None) if part.raw_text else None


def content_format(image: GeneratedImage) -> ImageContentFormat:
    if image.data is not None:
        return ImageContentFormat.BASE64
    return ImageContentFormat.URL if image.url else ImageContentFormat.UNKNOWN


def image_choices(response: ImageResponse) -> list[responses.ImageResponseChoice]:
    return [responses.ImageResponseChoice(contents=response.images)] if response.images else []


def nothing(_: Any) -> None:
    return None


def no_data(_: Any) -> dict[str, Any]:
    return {}


RESPONSE: dict[str, Attribute] = {
    "api_provider": lambda one: one.provider,
    "get_visible_fields": lambda one: lambda: preview(one),
    "metadata": lambda one: responses.AIModelCallResponseMetaData(provider_metadata=one.extras or None),
    "preview_dict": lambda one: lambda: preview(one),
    "provider_response": lambda one: one.extras.get("provider_response"),
    "usage_charge": lambda one: responses.usage_charge(one.cost),
}


def removed(advice: str) -> Attribute:
    """Return an attribute that raises an error with this advice."""

    def fail(owner: Any) -> Any:
        raise AttributeError(f"{type(owner).__name__!r} object lost this attribute of dhenara-ai 1.x. {advice}")

    return fail


SECRETS = "Use api_key.get_secret_value(), credentials.reveal() and reveal_config(); repr and dumps are masked."

ATTRIBUTES: dict[str, dict[str, Attribute]] = {
    "FrozenModel": {"model_dump_safe": lambda one: one.model_dump},
    "AIModelAPI": {"get_masked_credentials": removed(SECRETS), "get_provider_credentials": removed(SECRETS)},
    "SSEResponse": {"set_random_id": removed("Use SSEResponse(id=...).")},
    "AIModelCallResponse": {
        "choices": lambda one: one.chat_response.choices,
        "preview_dict": lambda one: lambda: one.full_response and preview(one.full_response),
        "status": status,
    },
    "ChatResponse": {
        **RESPONSE,
        "as_text": as_text,
        "first": first,
        "structured_pyd": lambda one: lambda: one.parsed,
        "structured_unprocessed": lambda one: (
            lambda: next(
                (responses.structured_output(part) for part in one.contents if part.type == "structured_output"), None
            )
        ),
        "to_message_item": to_message_item,
        "to_prompt": to_prompt,
        "tools": lambda one: lambda: [part for part in one.contents if part.type == "tool_call"],
    },
    "ChatResponseChoice": {"metadata": no_data},
    "ChatResponseChunk": {
        "api_provider": lambda one: one.provider,
        "get_visible_fields": lambda one: lambda: one.model_dump(exclude={"choice_deltas"}),
        "metadata": no_data,
        "usage_charge": nothing,
    },
    "Content": {
        "custom_metadata": no_data,
        "index": nothing,
        "metadata": lambda one: one.extras,
        "role": nothing,
        "storage_metadata": no_data,
    },
    "TextContent": {
        "message_contents": lambda one: responses.message_contents(one.text, one.citations),
        "message_id": lambda one: one.extras.get("id"),
    },
    "StructuredContent": {
        "message_contents": lambda one: responses.message_contents(one.text, one.citations),
        "structured_output": responses.structured_output,
    },
    "ReasoningContent": {
        "thinking_id": lambda one: one.extras.get("id"),
        "thinking_signature": lambda one: one.signature,
        "thinking_status": lambda one: one.extras.get("status"),
        "thinking_summary": thinking_summary,
        "thinking_text": lambda one: one.raw_text or one.text or None,
    },
    "ToolCallContent": {"tool_call": responses.tool_call},
    "GenericContent": {"metadata": lambda one: one.data},
    "ReasoningContentDelta": {
        "get_thinking_summary_delta": lambda one: lambda: "",
        "thinking_summary_delta": nothing,
        "thinking_text_delta": lambda one: one.reasoning_delta,
    },
    "Usage": {
        "hosted_tool_usage": responses.hosted_tool_usage,
        "number_of_images": lambda one: int(one.units.get("images", 0)),
    },
    "ImageResponse": {
        **RESPONSE,
        "choices": image_choices,
        "to_prompt": lambda one: lambda *_: one.images,
    },
    "GeneratedImage": {
        "content_b64_json": lambda one: None if one.data is None else b64encode(one.data).decode(),
        "content_bytes": lambda one: one.data,
        "content_format": content_format,
        "content_url": lambda one: one.url,
        "get_content_as_bytes": lambda one: lambda: responses.image_bytes(one),
        "validate_content": lambda one: lambda: one.data is not None or one.url is not None,
    },
    "UploadedFile": {"bytes": lambda one: one.size, "filename": lambda one: one.name},
    "ToolDefinition": {
        "function": function_of,
        "function_reference": lambda one: one._reference,
        "type": lambda one: "function",
    },
    "Tool": {"function_reference": lambda one: one.function},
    "Message": {
        "files": lambda one: [part for part in one.contents if part.type != "text"],
        "get_formatted_text": lambda one: lambda max_words=None, **_: formatted_text(str(one.text), max_words, {}),
        "variables": no_data,
    },
    "AIModel": models.MODEL_ATTRIBUTES,
    "AIModelEndpoint": models.ENDPOINT_ATTRIBUTES,
    "ChatModelSettings": models.SETTINGS_ATTRIBUTES,
    "ChatModelCostData": models.PRICE_ATTRIBUTES,
    "ImageModelCostData": models.PRICE_ATTRIBUTES,
    "AIModelCallConfig": models.CONFIG_ATTRIBUTES,
}
"""Class to the attributes that it had in version 1; a function makes the value from the object."""


def old_attribute(owner: object, name: str) -> Any:
    """Return an attribute of version 1.

    Args:
        owner: The object.
        name: Name of the attribute.

    Returns:
        Its value.

    Raises:
        AttributeError: Objects of this class had no such attribute.
    """
    for kind in type(owner).__mro__:
        make = ATTRIBUTES.get(kind.__name__, {}).get(name)
        if make is not None:
            return make(owner)
    raise missing_attribute(owner, name)
