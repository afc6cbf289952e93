"""Classes and fields of version 1: objects that are built with them become objects of this version."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

from ..errors import ConfigurationError
from ..types.chat.delta import FinishReason
from ..types.chat.response import ChatResponse, ChatResponseChoice
from ..types.chat.usage import Usage
from ..types.content.parts import (
    GenericContent,
    ReasoningContent,
    StructuredContent,
    TextContent,
    ToolCallContent,
)
from ..types.operations import files
from ..types.operations.images import GeneratedImage
from ..wire import json
from .requests import ToolCallResult, read_prompt
from .responses import ChatMessageContentPart, ChatResponseStructuredOutput, ChatResponseToolCall

Fields = Mapping[str, Any]
APPLICATION_FIELDS = ("content_format", "custom_metadata", "index", "role", "storage_metadata")
"""Fields that only applications used; parts have `extras` for data of the provider."""


class StandIn(type):
    """Class of the classes that stand for one of this version."""

    stands_for: type[Any]
    read: Callable[[dict[str, Any]], dict[str, Any]]

    def __new__(cls, name: str, stands_for: type[Any], read: Callable[[dict[str, Any]], dict[str, Any]]) -> StandIn:
        made = super().__new__(cls, name, (), {"__doc__": stands_for.__doc__, "__module__": __name__})
        made.stands_for, made.read = stands_for, staticmethod(read)
        return made

    def __init__(cls, name: str, stands_for: type[Any], read: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        super().__init__(name, (), {})

    def __call__(cls, **fields: Any) -> Any:
        given = {name: value for name, value in fields.items() if name not in APPLICATION_FIELDS}
        return cls.stands_for(**cls.read(given))

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.stands_for)

    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(cls.stands_for)


def with_extras(fields: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return the fields, with `metadata` and these values as `extras`."""
    extras = {**(fields.pop("metadata", None) or {}), **{name: one for name, one in values.items() if one is not None}}
    return {**fields, "extras": extras} if extras else fields


def joined(parts: Any) -> str | None:
    """Return the text of `message_contents` or of a summary."""
    if parts is None or isinstance(parts, str):
        return parts
    return "".join(ChatMessageContentPart.model_validate(one).text or "" for one in parts)


def read_text(fields: dict[str, Any]) -> dict[str, Any]:
    text = joined(fields.pop("message_contents", None))
    fields.pop("function_call", None)
    fields = with_extras(fields, id=fields.pop("message_id", None))
    return {**fields, "text": fields.get("text") or text or ""}


def read_reasoning(fields: dict[str, Any]) -> dict[str, Any]:
    text = fields.pop("thinking_text", None) or joined(fields.pop("message_contents", None))
    summary = joined(fields.pop("thinking_summary", None))
    signature, status = fields.pop("thinking_signature", None), fields.pop("thinking_status", None)
    fields = with_extras(fields, id=fields.pop("thinking_id", None), status=status)
    texts = {"text": summary, "raw_text": text or ""} if summary else {"text": text or ""}
    return {**fields, **texts, "signature": signature}


def read_tool_call(fields: dict[str, Any]) -> dict[str, Any]:
    call = ChatResponseToolCall.model_validate(fields.pop("tool_call"))
    fields = with_extras(fields)
    return {**fields, "id": call.call_id or call.id or "", "name": call.name, "arguments": call.arguments}


def read_structured(fields: dict[str, Any]) -> dict[str, Any]:
    given = fields.pop("structured_output")
    if isinstance(given, Mapping):
        given = {name: value for name, value in given.items() if name != "config"}
    output = ChatResponseStructuredOutput.model_validate(given)
    fields = with_extras(read_text(fields))
    text = output.raw_data or json.dumps(output.structured_data).decode()
    return {**fields, "text": text, "data": output.structured_data, "error": output.parse_error}


def read_generic(fields: dict[str, Any]) -> dict[str, Any]:
    data = fields.pop("metadata", None) or {}
    return {**fields, "data": data, "kind": str(data.get("type", ""))}


def read_image(fields: dict[str, Any]) -> dict[str, Any]:
    data, encoded, url = (fields.pop(f"content_{name}", None) for name in ("bytes", "b64_json", "url"))
    fields = with_extras(fields)
    return {**fields, "data": b64decode(encoded) if data is None and encoded else data, "url": url}


def read_usage(fields: dict[str, Any]) -> dict[str, Any]:
    reasoned = fields.get("reasoning_tokens") or 0
    return {
        "input_tokens": fields.get("prompt_tokens", 0),
        "output_tokens": fields.get("completion_tokens", 0) - reasoned,
        "reasoning_tokens": reasoned,
    }


def read_image_usage(fields: dict[str, Any]) -> dict[str, Any]:
    return {"units": {"images": fields["number_of_images"]}, "options": fields.get("options") or {}}


def read_uploaded_file(fields: dict[str, Any]) -> dict[str, Any]:
    return {{"filename": "name", "bytes": "size"}.get(name, name): value for name, value in fields.items()}


ChatResponseTextContentItem = StandIn("ChatResponseTextContentItem", TextContent, read_text)
ChatResponseReasoningContentItem = StandIn("ChatResponseReasoningContentItem", ReasoningContent, read_reasoning)
ChatResponseToolCallContentItem = StandIn("ChatResponseToolCallContentItem", ToolCallContent, read_tool_call)
ChatResponseStructuredOutputContentItem = StandIn(
    "ChatResponseStructuredOutputContentItem", StructuredContent, read_structured
)
ChatResponseGenericContentItem = StandIn("ChatResponseGenericContentItem", GenericContent, read_generic)
ImageResponseContentItem = StandIn("ImageResponseContentItem", GeneratedImage, read_image)
ChatResponseUsage = StandIn("ChatResponseUsage", Usage, read_usage)
ImageResponseUsage = StandIn("ImageResponseUsage", Usage, read_image_usage)
UploadedFile = StandIn("UploadedFile", files.UploadedFile, read_uploaded_file)

BY_TYPE = {
    "text": ChatResponseTextContentItem,
    "reasoning": ChatResponseReasoningContentItem,
    "tool_call": ChatResponseToolCallContentItem,
    "structured_output": ChatResponseStructuredOutputContentItem,
    "generic": ChatResponseGenericContentItem,
}
FINISH_REASONS = frozenset(get_args(FinishReason))


def read_response(data: Fields) -> ChatResponse:
    """Read an answer that version 1 stored: the dict or the parsed JSON of its `ChatResponse`.

    Args:
        data: What `model_dump` of version 1 returned.

    Returns:
        The answer, which may be part of a history.
    """
    fields = {name: value for name, value in data.items() if name not in ("type", "choices", "usage")}
    usage = data.get("usage")
    return ChatResponse.model_validate(
        {
            **fields,
            "choices": [read_choice(choice) for choice in data.get("choices") or ()],
            "usage": None if usage is None else ChatResponseUsage(**usage),
        }
    )


def read_choice(choice: Fields) -> ChatResponseChoice:
    reason = choice.get("finish_reason")
    return ChatResponseChoice(
        index=choice.get("index", 0),
        contents=[read_part(part) for part in choice.get("contents") or ()],
        finish_reason=reason if reason in FINISH_REASONS else None,
        raw_finish_reason=None if reason is None else str(reason),
        stop_sequence=choice.get("stop_sequence"),
    )


def read_part(part: Fields) -> Any:
    kind = BY_TYPE.get(str(part.get("type")), ChatResponseGenericContentItem)
    return kind(**{name: value for name, value in part.items() if name != "type"})


CAMEL_CASE = {
    "aiModel": "ai_model",
    "apiKey": "api_key",
    "artifactConfig": "artifact_config",
    "costData": "cost_data",
    "displayName": "display_name",
    "foundationModel": "foundation_model",
    "functionalType": "functional_type",
    "hostedTools": "hosted_tools",
    "maxOutputTokens": "max_output_tokens",
    "maxReasoningTokens": "max_reasoning_tokens",
    "maxRetryDelay": "max_retry_delay",
    "modelName": "model_name",
    "reasoningEffort": "reasoning_effort",
    "referenceNumber": "reference_number",
    "retryDelay": "retry_delay",
    "structuredOutput": "structured_output",
    "testMode": "test_mode",
    "toolChoice": "tool_choice",
    "validOptions": "valid_options",
}


def in_snake_case(given: Fields) -> dict[str, Any]:
    return {CAMEL_CASE.get(name, name): value for name, value in given.items()}


def read_config(given: Fields) -> dict[str, Any]:
    """`AIModelCallConfig`: names in camel case, and `hosted_tools`, which are ordinary tools here."""
    fields = in_snake_case(given)
    hosted = fields.pop("hosted_tools", None)
    if hosted:
        fields["tools"] = [*(fields.get("tools") or ()), *hosted]
    if fields.pop("api_version_override", None) is not None:
        raise ConfigurationError(
            "api_version_override does not exist in this version. Pass the base URL with the version to the API: "
            "AIModelAPI(..., config={'base_url': 'https://generativelanguage.googleapis.com/v1beta'})"
        )
    return fields


METADATA_FIELDS = ("beta", "enabled", "order", "reference_number")


def read_model(given: Fields) -> dict[str, Any]:
    """`AIModel`: the facts of `foundation_model`, and fields for applications, which are metadata here."""
    fields = in_snake_case(given)
    base = fields.pop("foundation_model", None)
    notes = {name: fields.pop(name) for name in METADATA_FIELDS if name in fields}
    if base is not None:
        known = {name: getattr(base, name) for name in ("provider", "functional_type", "settings", "cost_data")}
        fields = {**{name: value for name, value in known.items() if value is not None}, **fields}
        fields.setdefault("base_model", base.model_name)
    return {**fields, "metadata": {**notes, **(fields.get("metadata") or {})}}


def read_settings(given: Fields) -> dict[str, Any]:
    """`ChatModelSettings`: one list of efforts, and one limit of output tokens."""
    dropped = ("max_output_tokens_reasoning_mode", "reasoning_control", "supported_reasoning_efforts")
    fields = {name: value for name, value in given.items() if name not in dropped}
    if given.get("reasoning_control") in ("effort", "none"):
        fields.pop("max_reasoning_tokens", None)
    limits = [given.get("max_output_tokens"), given.get("max_output_tokens_reasoning_mode")]
    if any(limits):
        fields["max_output_tokens"] = max(limit for limit in limits if limit)
    if given.get("supported_reasoning_efforts"):
        fields["reasoning_efforts"] = given["supported_reasoning_efforts"]
    return fields


CHOICES = {"zero_or_more": "auto", "one_or_more": "required", None: "none"}


def read_tool_choice(given: Fields) -> dict[str, Any]:
    """`ToolChoice`: `type` and `specific_tool_name`."""
    kind, name = given.get("type", "zero_or_more"), given.get("specific_tool_name")
    if kind == "specific":
        return {"mode": "required", "names": (name,) if name else ()}
    if kind not in CHOICES:
        raise ConfigurationError(
            f"unknown type of tool choice {kind!r}. Use ToolChoice(mode='auto'), 'required' or 'none'"
        )
    return {"mode": CHOICES[kind]}


def read_endpoint(given: Fields) -> dict[str, Any]:
    """`AIModelEndpoint`: `reference_number` is `reference` here; `order` and `enabled` were never used by calls."""
    fields = in_snake_case(given)
    reference = fields.get("reference_number")
    fields = {name: value for name, value in fields.items() if name not in ("order", "enabled", "reference_number")}
    return fields if reference is None else {**fields, "reference": reference}


def read_api(given: Fields) -> dict[str, Any]:
    """`AIModelAPI`: `order`, `enabled` and `reference_number` were for applications."""
    fields = in_snake_case(given)
    return {name: value for name, value in fields.items() if name not in ("order", "enabled", "reference_number")}


def read_chat_response(given: Fields) -> dict[str, Any]:
    """`ChatResponse`: what is calculated here, and the provider's body, which is in `extras`."""
    calculated = ("api_provider", "metadata", "provider_response", "usage_charge")
    fields = {name: value for name, value in given.items() if name not in calculated}
    if given.get("provider_response") is not None:
        fields["extras"] = {**(fields.get("extras") or {}), "provider_response": given["provider_response"]}
    return fields


def read_message(given: Fields) -> dict[str, Any]:
    """`Message`: a prompt, or the results of tools, as version 1 dumped them."""
    kind = given.get("type")
    if kind == "tool_results":
        return {"role": "tool", "contents": [ToolCallResult.model_validate(one) for one in given.get("results") or ()]}
    if kind == "tool_result":
        result = {name: value for name, value in given.items() if name != "role"}
        return {"role": "tool", "contents": [ToolCallResult.model_validate(result)]}
    return read_prompt(given)


READERS: dict[str, Callable[[Fields], dict[str, Any]]] = {
    "AIModel": read_model,
    "AIModelAPI": read_api,
    "AIModelCallConfig": read_config,
    "AIModelEndpoint": read_endpoint,
    "ChatModelSettings": read_settings,
    "ChatResponse": read_chat_response,
    "Message": read_message,
    "ToolChoice": read_tool_choice,
}
"""Class to the function that translates its fields."""
