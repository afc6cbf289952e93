"""Names and values of span attributes, by OpenTelemetry's conventions for generative AI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import to_json

from .pipeline.middleware import Target, read_call_tags
from .types.chat.message import Message
from .types.chat.response import ChatResponse
from .types.chat.run import Run, ToolRun
from .types.chat.usage import Usage
from .types.config.call import Call
from .types.config.parameters import PARAMETERS
from .types.content.media import AudioContent, Content, ImageContent, Media, TextContent, VideoContent
from .types.content.parts import (
    ReasoningContent,
    RefusalContent,
    ServerToolContent,
    StructuredContent,
    ToolCallContent,
    ToolResultContent,
)
from .types.tools.tool_definition import ToolDefinition
from .wire.secrets import MASK, OPTION_NAMES, redact_secrets

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
OUTPUT_TYPE = "gen_ai.output.type"
CONVERSATION = "gen_ai.conversation.id"
STOP_SEQUENCES = "gen_ai.request.stop_sequences"
STREAM = "gen_ai.request.stream"
DIMENSIONS = "gen_ai.embeddings.dimension.count"
DATA_SOURCE = "gen_ai.data_source.id"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
INSTRUCTIONS = "gen_ai.system_instructions"
TOOL_DEFINITIONS = "gen_ai.tool.definitions"
TOOL_NAME = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
TOOL_DESCRIPTION = "gen_ai.tool.description"
TOOL_CALL_ID = "gen_ai.tool.call.id"
TOOL_ARGUMENTS = "gen_ai.tool.call.arguments"
TOOL_RESULT = "gen_ai.tool.call.result"
AGENT_NAME = "gen_ai.agent.name"
TOKEN_TYPE = "gen_ai.token.type"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"

# The conventions have no names for these.
COST = "dhenara.cost.usd"
SAVED_COST = "dhenara.cost.saved_usd"
CACHED = "dhenara.cached"
ATTEMPTS = "dhenara.attempts"
TAG = "dhenara.tag."
ROUTE = "dhenara.route.name"
DEPLOYMENT = "dhenara.route.deployment"
CHOICE = "dhenara.route.reason"
PURPOSE = "dhenara.route.purpose"
STOPPED = "dhenara.run.stopped"
STEPS = "dhenara.run.steps"
OUTCOME = "dhenara.tool.outcome"
TOKEN_KIND = "dhenara.token.kind"

CHAT, EMBEDDINGS, CONTENT = "chat", "embeddings", "generate_content"
AGENT, TOOL = "invoke_agent", "execute_tool"
OPERATIONS = {"embed": EMBEDDINGS, "image": CONTENT, "speak": CONTENT, "search_vector_store": "retrieval"}
"""Operations that have another name in the conventions."""

OUTPUT_TYPES = {"image": "image", "speak": "speech"}

PROVIDERS = {
    "google_ai": "gcp.gemini",
    "google_vertex_ai": "gcp.vertex_ai",
    "amazon_bedrock": "aws.bedrock",
    "microsoft_openai": "azure.ai.openai",
    "microsoft_azure_ai": "azure.ai.inference",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
"""Providers that have another name in the conventions."""

REQUEST = {
    name: f"gen_ai.request.{parameter.telemetry}" for name, parameter in PARAMETERS.items() if parameter.telemetry
}

USAGE = {
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "completion_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}
"""Input tokens include cached ones, output tokens include reasoning."""

TOKEN_TYPES = {"prompt_tokens": "input", "completion_tokens": "output"}
TOKEN_KINDS = {"cache_read_tokens": "cache_read", "cache_write_tokens": "cache_write", "reasoning_tokens": "reasoning"}

AttributeValue = str | bool | int | float | Sequence[str]
Attributes = dict[str, AttributeValue]
PORTS = {"http": 80, "https": 443}


def request_attributes(target: Target, operation: str) -> Attributes:
    """Return provider, model and operation, for spans and metrics."""
    origin, address = target.origin, urlsplit(target.base_url)
    name = CONTENT if operation == CHAT and origin.protocol == "gemini" else OPERATIONS.get(operation, operation)
    attributes: Attributes = {
        OPERATION: name,
        PROVIDER: PROVIDERS.get(origin.provider, origin.provider),
        REQUEST_MODEL: origin.model,
    }
    if address.hostname:
        attributes |= {SERVER_ADDRESS: address.hostname, SERVER_PORT: address.port or PORTS.get(address.scheme, 0)}
    return attributes


def call_attributes(call: Call) -> Attributes:
    """Return the settings of the call and its tags."""
    own = config_attributes(call) if call.operation == "chat" else operation_attributes(call)
    if call.deployment is not None:
        own |= {ROUTE: str(call.route), DEPLOYMENT: call.deployment, CHOICE: str(call.choice), PURPOSE: call.purpose}
    return own | tag_attributes(call)


def tag_attributes(call: Call) -> Attributes:
    return {TAG + name: value for name, value in read_call_tags(call).items()}


def config_attributes(call: Call) -> Attributes:
    """Return the parameters of a chat call."""
    config = call.config
    attributes = {name: getattr(config, field) for field, name in REQUEST.items() if getattr(config, field) is not None}
    if config.stop:
        attributes[STOP_SEQUENCES] = list(config.stop)
    if config.streaming:
        attributes[STREAM] = True
    if config.structured_output is not None:
        attributes[OUTPUT_TYPE] = "json"
    stored = config.options.get("conversation")
    stored = stored.get("id") if isinstance(stored, Mapping) else stored
    if isinstance(stored, str):
        attributes[CONVERSATION] = stored
    return attributes


def operation_attributes(call: Call) -> Attributes:
    """Return the settings of an operation other than chat."""
    kind, dimensions = OUTPUT_TYPES.get(call.operation), getattr(call.request, "dimensions", None)
    store = getattr(call.request, "store_id", None)
    return {
        **({DATA_SOURCE: store} if store is not None else {}),
        **({OUTPUT_TYPE: kind} if kind else {}),
        **({DIMENSIONS: dimensions} if dimensions is not None else {}),
    }


def response_attributes(answer: ChatResponse) -> Attributes:
    """Return what is known of an answer beside its contents."""
    attributes: Attributes = {}
    if answer.choices:
        attributes[FINISH_REASONS] = [choice.finish_reason or "error" for choice in answer.choices]
    if answer.id:
        attributes[RESPONSE_ID] = answer.id
    if answer.model:
        attributes[RESPONSE_MODEL] = answer.model
    if answer.usage:
        attributes |= usage_attributes(answer.usage, chat=bool(answer.choices))
    if answer.cost.amount is not None:
        attributes[COST] = float(answer.cost.amount)
    if answer.cached:
        attributes[CACHED] = True
        if answer.cost.saved is not None:
            attributes[SAVED_COST] = float(answer.cost.saved)
    return attributes


def usage_attributes(usage: Usage, *, chat: bool) -> Attributes:
    return {USAGE[field]: count for field, count in count_tokens(usage, chat=chat).items()}


def run_attributes(run: Run[Any]) -> Attributes:
    """Return what is known of a run at its end."""
    attributes: Attributes = {STOPPED: run.stopped, STEPS: sum(step.number > 0 for step in run.steps)}
    answer = run.response
    if answer is not None and answer.choices:
        attributes[FINISH_REASONS] = [choice.finish_reason or "error" for choice in answer.choices]
    if run.usage.known and run.steps:
        attributes |= usage_attributes(run.usage, chat=True)
    if run.cost.amount is not None:
        attributes[COST] = float(run.cost.amount)
    return attributes


def tool_attributes(call: ToolCallContent, tool: ToolDefinition | None) -> Attributes:
    """Return what is known of a tool call before it runs."""
    attributes: Attributes = {OPERATION: TOOL, TOOL_NAME: call.name, TOOL_TYPE: "function", TOOL_CALL_ID: call.id}
    if tool is not None and tool.description:
        attributes[TOOL_DESCRIPTION] = tool.description
    return attributes


def tool_contents(run: ToolRun) -> Attributes:
    """Return arguments and result of a tool call."""
    result = None if run.result is None else run.result.get_text()
    return {
        TOOL_ARGUMENTS: to_json_text(run.call.arguments),
        **({} if result is None else {TOOL_RESULT: redact_secrets(result)}),
    }


def prompt_contents(call: Call) -> Attributes:
    """Return messages, instructions and tools of a call."""
    attributes: Attributes = {INPUT_MESSAGES: to_json_text([to_message(message) for message in call.messages])}
    if call.instructions:
        attributes[INSTRUCTIONS] = to_json_text([{"type": "text", "content": text} for text in call.instructions])
    if call.config.tools:
        attributes[TOOL_DEFINITIONS] = to_json_text([to_definition(tool) for tool in call.config.tools])
    return attributes


def answer_contents(answer: ChatResponse) -> Attributes:
    """Return the messages of an answer."""
    messages = [
        {
            "role": "assistant",
            "parts": [to_part(part) for part in choice.contents],
            "finish_reason": choice.finish_reason or "error",
        }
        for choice in answer.choices
    ]
    return {OUTPUT_MESSAGES: to_json_text(messages)}


def to_definition(tool: Any) -> dict[str, Any]:
    """Return a tool as the conventions describe it; provider-run tools by name only."""
    if isinstance(tool, ToolDefinition):
        described = {} if tool.description is None else {"description": tool.description}
        return {"type": "function", "name": tool.name, **described, "parameters": tool.parameters}
    name = getattr(tool, "name", None) or getattr(tool, "kind", None) or type(tool).__name__
    return {"type": "extension", "name": str(name)}


def to_message(message: Message) -> dict[str, Any]:
    return {"role": message.role, "parts": [to_part(content) for content in message.contents]}


def to_part(content: Content) -> dict[str, Any]:
    """Return a content part in the format of the conventions. Bytes of media are left out."""
    match content:
        case TextContent() | RefusalContent() | StructuredContent():
            return {"type": "text", "content": content.text}
        case ReasoningContent():
            return {"type": "reasoning", "content": content.text}
        case ToolCallContent():
            return {"type": "tool_call", "id": content.id, "name": content.name, "arguments": content.arguments}
        case ToolResultContent():
            return {"type": "tool_call_response", "id": content.call_id, "response": content.get_text()}
        case ServerToolContent():
            call = {"type": content.name, "arguments": content.arguments}
            return {"type": "server_tool_call", "id": content.id, "name": content.name, "server_tool_call": call}
        case Media():
            return to_media_part(content)
        case _:
            return {"type": getattr(content, "type", "unknown")}


def to_media_part(media: Media) -> dict[str, Any]:
    kinds = ((ImageContent, "image"), (AudioContent, "audio"), (VideoContent, "video"))
    modality = next((name for kind, name in kinds if isinstance(media, kind)), "document")
    about = {"mime_type": media.mime_type, "modality": modality}
    if media.file_id is not None:
        return {"type": "file", **about, "file_id": media.file_id}
    if media.url is not None and not media.url.startswith("data:"):
        # What follows the path may be a signature, and a name before the host a password.
        address = urlsplit(media.url)
        host = address.netloc.rpartition("@")[2]
        return {"type": "uri", **about, "uri": address._replace(netloc=host, query="", fragment="").geturl()}
    return {"type": "blob", **about, **({} if media.data is None else {"size": len(media.data)})}


def count_tokens(usage: Usage, *, chat: bool) -> dict[str, int]:
    """Return token counts as the conventions define them, without zeros except input and output of chats."""
    counts = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }
    return {field: count for field, count in counts.items() if count or (chat and field in TOKEN_TYPES)}


def to_json_text(value: Any) -> str:
    """Return JSON text without secrets, because attributes are flat."""
    return to_json(without_secrets(value), fallback=str, inf_nan_mode="strings").decode()


def without_secrets(value: Any, name: str = "") -> Any:
    """Return the value with everything masked that looks like a secret, or is named like one."""
    if isinstance(value, str):
        return MASK if name and OPTION_NAMES.search(name) else redact_secrets(value)
    if isinstance(value, Mapping):
        return {key: without_secrets(one, str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(one, name) for one in value]
    return value
