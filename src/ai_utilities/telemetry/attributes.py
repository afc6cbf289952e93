"""What a span says of a call and of its answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic_core import to_json

from dhenara.ai import Target
from dhenara.ai.types import (
    Call,
    ChatResponse,
    Content,
    Message,
    ReasoningContent,
    RefusalContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
    Usage,
)

from ..usage.data import tags_now
from . import names

Attributes = dict[str, Any]
PORTS = {"http": 80, "https": 443}


def request_attributes(target: Target, operation: str) -> Attributes:
    """Who is asked for what: on spans and on metrics alike."""
    origin, where = target.origin, urlsplit(target.base_url)
    text: Attributes = {
        names.OPERATION: names.OPERATIONS.get(operation, operation),
        names.PROVIDER: names.PROVIDERS.get(origin.provider, origin.provider),
        names.REQUEST_MODEL: origin.model,
    }
    if where.hostname:
        text |= {names.SERVER_ADDRESS: where.hostname, names.SERVER_PORT: where.port or PORTS.get(where.scheme, 0)}
    return text


def request(call: Call) -> Attributes:
    """The settings that were chosen, and the tags."""
    tags = {names.TAG + name: value for name, value in tags_now().items()}
    return (config_attributes(call) if call.operation == "chat" else operation_attributes(call)) | tags


def config_attributes(call: Call) -> Attributes:
    config = call.config
    text = {name: getattr(config, field) for field, name in names.REQUEST.items() if getattr(config, field) is not None}
    if config.stop:
        text["gen_ai.request.stop_sequences"] = list(config.stop)
    text["gen_ai.request.stream"] = config.streaming
    if config.structured_output is not None:
        text["gen_ai.output.type"] = "json"
    return text


def operation_attributes(call: Call) -> Attributes:
    """The settings of a question mean nothing to other operations."""
    dimensions = getattr(call.request, "dimensions", None)
    return {} if dimensions is None else {names.DIMENSIONS: dimensions}


def response(answer: ChatResponse) -> Attributes:
    text: Attributes = {}
    if answer.choices:
        text[names.FINISH_REASONS] = [choice.finish_reason or "" for choice in answer.choices]
    if answer.id:
        text[names.RESPONSE_ID] = answer.id
    if answer.model:
        text[names.RESPONSE_MODEL] = answer.model
    if answer.usage is not None:
        text |= {names.USAGE[field]: count for field, count in token_attributes(answer).items()}
    if answer.cost is not None and answer.cost.amount is not None:
        text[names.COST] = float(answer.cost.amount)
    if answer.cached:
        text[names.CACHED] = True
        if answer.cost is not None and answer.cost.saved is not None:
            text[names.SAVED_COST] = float(answer.cost.saved)
    return text


def prompt_attributes(call: Call) -> Attributes:
    options = {names.INPUT_MESSAGES: to_json_text([message(one) for one in call.messages])}
    if call.instructions:
        options[names.INSTRUCTIONS] = to_json_text([{"type": "text", "content": text} for text in call.instructions])
    return options


def answer_attributes(answer: ChatResponse) -> Attributes:
    spoken = [
        {"role": "assistant", "parts": list(map(part, choice.contents)), "finish_reason": choice.finish_reason or ""}
        for choice in answer.choices
    ]
    return {names.OUTPUT_MESSAGES: to_json_text(spoken)}


def message(given: Message) -> Attributes:
    return {"role": given.role, "parts": [part(content) for content in given.contents]}


def part(content: Content) -> Attributes:
    """A part of a message in the conventions' shape; what they have no shape for is named only."""
    match content:
        case TextContent() | RefusalContent():
            return {"type": "text", "content": content.text}
        case ReasoningContent():
            return {"type": "reasoning", "content": content.text}
        case ToolCallContent():
            return {"type": "tool_call", "id": content.id, "name": content.name, "arguments": content.arguments}
        case ToolResultContent():
            return {"type": "tool_call_response", "id": content.call_id, "response": content.text}
        case _:
            return {"type": getattr(content, "type", "unknown")}


def token_attributes(answer: ChatResponse) -> dict[str, int]:
    """Tokens as the conventions count them; what is nothing is left out, except the two sums of a spoken answer."""
    usage, sums = answer.usage or Usage(), ("prompt_tokens", "completion_tokens") if answer.choices else ()
    counts = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }
    return {field: count for field, count in counts.items() if count or field in sums}


def to_json_text(value: Any) -> str:
    """As JSON text: attributes are flat."""
    return to_json(value).decode()
