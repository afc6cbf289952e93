"""Names and values of span attributes, after OpenTelemetry's conventions for generative AI."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic_core import to_json

from dhenara.ai import Target
from dhenara.ai.types import (
    PARAMETERS,
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
from ..value_types import Json, JsonObject

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
INSTRUCTIONS = "gen_ai.system_instructions"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"

# The conventions have no names for these.
COST = "ai_utilities.cost.usd"
SAVED_COST = "ai_utilities.cost.saved_usd"
CACHED = "ai_utilities.cached"
ATTEMPTS = "ai_utilities.attempts"
TAG = "ai_utilities.tag."
ROUTE = "ai_utilities.route.name"
DEPLOYMENT = "ai_utilities.route.deployment"
CHOICE = "ai_utilities.route.reason"

OPERATIONS = {"embed": "embeddings"}
"""Operations that have another name in the conventions."""

DURATION = "gen_ai.client.operation.duration"
DURATIONS = {"chat": "gen_ai.client.inference.duration", "embed": "gen_ai.client.embeddings.duration"}
"""Operations with their own instrument."""

EMBEDDED_TOKENS = "gen_ai.client.embeddings.operation.input_tokens"
DIMENSIONS = "gen_ai.embeddings.dimension.count"
TIME_TO_FIRST_CHUNK = "gen_ai.client.inference.time_to_first_chunk"
SECONDS = tuple(0.01 * 2**step for step in range(14))
TOKENS = tuple(4**step for step in range(14))
COUNTERS = {
    "prompt_tokens": "gen_ai.client.inference.usage.input_tokens",
    "completion_tokens": "gen_ai.client.inference.usage.output_tokens",
    "cache_read_tokens": "gen_ai.client.inference.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.client.inference.usage.cache_write.input_tokens",
    "reasoning_tokens": "gen_ai.client.inference.usage.reasoning.output_tokens",
}

PROVIDERS = {
    "google_ai": "gcp.gemini",
    "google_vertex_ai": "gcp.vertex_ai",
    "amazon_bedrock": "aws.bedrock",
    "microsoft_openai": "azure.ai.openai",
    "microsoft_azure_ai": "azure.ai.inference",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "moonshot": "moonshot_ai",
}
"""Providers that have another name in the conventions."""

REQUEST = {
    name: f"gen_ai.request.{parameter.telemetry}" for name, parameter in PARAMETERS.items() if parameter.telemetry
}

USAGE = {
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "completion_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_write.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}
"""Input tokens include cached ones, output tokens include reasoning."""


AttributeValue = str | bool | int | float | Sequence[str]
Attributes = dict[str, AttributeValue]
PORTS = {"http": 80, "https": 443}


def request_attributes(target: Target, operation: str) -> Attributes:
    """Return provider, model and operation, for spans and metrics."""
    origin, address = target.origin, urlsplit(target.base_url)
    attributes: Attributes = {
        OPERATION: OPERATIONS.get(operation, operation),
        PROVIDER: PROVIDERS.get(origin.provider, origin.provider),
        REQUEST_MODEL: origin.model,
    }
    if address.hostname:
        attributes |= {SERVER_ADDRESS: address.hostname, SERVER_PORT: address.port or PORTS.get(address.scheme, 0)}
    return attributes


def call_attributes(call: Call) -> Attributes:
    """Return the settings of the call and its tags."""
    tags = {TAG + name: value for name, value in tags_now(call).items()}
    own = config_attributes(call) if call.operation == "chat" else operation_attributes(call)
    if call.deployment is not None:
        own |= {ROUTE: str(call.route), DEPLOYMENT: call.deployment, CHOICE: str(call.choice)}
    return own | tags


def config_attributes(call: Call) -> Attributes:
    config = call.config
    attributes = {name: getattr(config, field) for field, name in REQUEST.items() if getattr(config, field) is not None}
    if config.stop:
        attributes["gen_ai.request.stop_sequences"] = list(config.stop)
    attributes["gen_ai.request.stream"] = config.streaming
    if config.structured_output is not None:
        attributes["gen_ai.output.type"] = "json"
    return attributes


def operation_attributes(call: Call) -> Attributes:
    """Return the settings of an operation other than chat."""
    dimensions = getattr(call.request, "dimensions", None)
    return {} if dimensions is None else {DIMENSIONS: dimensions}


def response_attributes(answer: ChatResponse) -> Attributes:
    attributes: Attributes = {}
    if answer.choices:
        attributes[FINISH_REASONS] = [choice.finish_reason or "" for choice in answer.choices]
    if answer.id:
        attributes[RESPONSE_ID] = answer.id
    if answer.model:
        attributes[RESPONSE_MODEL] = answer.model
    if answer.usage:
        attributes |= {USAGE[field]: count for field, count in token_attributes(answer).items()}
    if answer.cost.amount is not None:
        attributes[COST] = float(answer.cost.amount)
    if answer.cached:
        attributes[CACHED] = True
        if answer.cost.saved is not None:
            attributes[SAVED_COST] = float(answer.cost.saved)
    return attributes


def prompt_attributes(call: Call) -> Attributes:
    attributes: Attributes = {INPUT_MESSAGES: to_json_text([message_attributes(message) for message in call.messages])}
    if call.instructions:
        attributes[INSTRUCTIONS] = to_json_text([{"type": "text", "content": text} for text in call.instructions])
    return attributes


def answer_attributes(answer: ChatResponse) -> Attributes:
    messages = [
        {
            "role": "assistant",
            "parts": list(map(part_attributes, choice.contents)),
            "finish_reason": choice.finish_reason or "",
        }
        for choice in answer.choices
    ]
    return {OUTPUT_MESSAGES: to_json_text(messages)}


def message_attributes(message: Message) -> JsonObject:
    return {"role": message.role, "parts": [part_attributes(content) for content in message.contents]}


def part_attributes(content: Content) -> JsonObject:
    """Return a content part in the format of the conventions; other kinds by type only."""
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
    """Return token counts as the conventions define them, without zeros except input and output."""
    usage, sums = answer.usage or Usage(), ("prompt_tokens", "completion_tokens") if answer.choices else ()
    counts = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }
    return {field: count for field, count in counts.items() if count or field in sums}


def to_json_text(value: Json) -> str:
    """Return JSON text, because attributes are flat."""
    return to_json(value).decode()
