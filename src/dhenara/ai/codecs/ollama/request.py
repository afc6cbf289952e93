"""Requests of the chat API: messages, parameters, tools, and the size of the context that they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...types.chat.message import Message
from ...types.chat.structured import OutputMode, StructuredOutput
from ...types.config.call import AIModelCallConfig, Call
from ...types.content.parts import (
    Content,
    FileContent,
    GenericContent,
    ImageContent,
    Media,
    ReasoningContent,
    ServerToolContent,
    ToolCallContent,
    ToolResultContent,
)
from ...types.tools.tool_definition import ToolDefinition
from ...types.vendor_parts.common import MESSAGE_FIELDS
from ...wire.media_types import is_text
from ..base import EncodedRequest
from ..common.fields import Wire
from ..common.media import is_remote, prepare_media, to_base64
from ..common.plan import is_own_part
from ..common.request import dialect_effort, warn_unsupported_cache, warn_unsupported_context, write_parameters
from ..common.tools import apply_output_mode, native_schema, output_mode, select_tools, tool_schema, write_raw
from ..common.warnings import WarningCollector
from .quirks import OllamaQuirks

PROTOCOL = "ollama"


def write_messages(call: Call, warnings: WarningCollector) -> list[Wire]:
    """Encode the instructions first, then every message."""
    lead = [{"role": "system", "content": "\n\n".join(call.instructions)}] if call.instructions else []
    names = {
        part.id: part.name for turn in call.messages for part in turn.contents if isinstance(part, ToolCallContent)
    }
    return [*lead, *(wire for turn in call.messages for wire in write_message(turn, names, call, warnings))]


def write_message(message: Message, names: dict[str, str], call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    match message.role:
        case "system":
            yield {"role": "system", "content": message.text}
        case "assistant":
            yield from write_answer(message, call, warnings)
        case _:
            results = [part for part in message.contents if isinstance(part, ToolResultContent)]
            options = [part for part in message.contents if not isinstance(part, ToolResultContent)]
            for result in results:
                yield write_result(result, names, warnings)
            if options or not results:
                yield {"role": "user", **write_parts(options, warnings)}


def write_answer(message: Message, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode an assistant message: text, its own reasoning, images and calls; nothing if none of it can be sent."""
    calls = [part for part in message.contents if isinstance(part, ToolCallContent)]
    thoughts = [part for part in message.contents if isinstance(part, ReasoningContent)]
    extra_fields = [
        part for part in message.contents if isinstance(part, GenericContent) and part.kind == MESSAGE_FIELDS
    ]
    rest = [part for part in message.contents if not isinstance(part, ToolCallContent | ReasoningContent)]
    rest = [part for part in rest if part not in extra_fields]
    parts = [part for part in rest if is_writable(part, warnings)]
    wire: Wire = {"role": "assistant", **write_parts(parts, warnings)}
    if any(not is_own_part(part, call, PROTOCOL) for part in thoughts):
        warnings.dropped("the reasoning of another provider", "it belongs to its origin", thoughts)
    elif thinking := "".join(part.get_text() for part in thoughts):
        wire["thinking"] = thinking
    if calls:
        wire["tool_calls"] = [write_call(part) for part in calls]
    for part in extra_fields:
        wire.update(part.data if is_own_part(part, call, PROTOCOL) else {})
    if wire["content"] or len(wire) > 2:
        yield wire


def is_writable(part: Content, warnings: WarningCollector) -> bool:
    """Whether the part can be sent: text and images can, provider-specific parts cannot."""
    if isinstance(part, ServerToolContent | GenericContent):
        warnings.dropped(f"a part of kind {part.type!r} in an answer", "only its origin knows it", part)
        return False
    return isinstance(part, Media) or bool(part.get_text())


def write_call(part: ToolCallContent) -> Wire:
    """Encode a call; arguments are an object, and ids are sent to servers that use them."""
    function = {"name": part.name, "arguments": part.arguments}
    return {"id": part.id, "function": function} if part.id else {"function": function}


def write_result(result: ToolResultContent, names: dict[str, str], warnings: WarningCollector) -> Wire:
    """Encode a tool result, identified by the tool name, and by the call id if the server uses ids."""
    shown = [part for part in result.contents if isinstance(part, Media)] if result.output is not None else None
    written = write_parts(result.contents if shown is None else shown, warnings)
    words = result.get_text() if shown is not None else ""
    content = "\n".join(parts for parts in (words, written["content"]) if parts)
    name = result.name or names.get(result.call_id)
    wire: Wire = {"role": "tool", **written, "content": content}
    return {**wire, **({"tool_name": name} if name else {}), "tool_call_id": result.call_id}


def is_user_media(part: Media, home: bool) -> bool:
    """Never move images: every message may contain them, including assistant messages."""
    return False


def write_parts(contents: Sequence[Content], warnings: WarningCollector) -> Wire:
    """Encode all text as one string, and all images as a list."""
    words: list[str] = []
    images: list[str] = []
    for part in contents:
        match part:
            case ImageContent() if part.data is not None:
                images.append(to_base64(part))
            case ImageContent() if is_remote(part):
                warnings.fetch(part)
            case ImageContent():
                warnings.dropped(
                    f"the image at {part.url or part.file_id!r}", "only images as bytes are supported", part
                )
            case FileContent() if is_remote(part) and is_text(part.mime_type):
                warnings.fetch(part)
            case FileContent() if (parts := part.to_text()) is not None:
                words.append(parts)
            case Media() if not part.get_text():
                warnings.dropped(
                    f"a part of kind {getattr(part, 'type', 'media')!r}", "it cannot be sent to this provider", part
                )
            case _:
                words.append(part.get_text())
    wire: Wire = {"content": "\n".join(parts for parts in words if parts)}
    return {**wire, "images": images} if images else wire


# Hardly any text has fewer bytes per token, so the estimate is rather too high.
FEWEST_BYTES = 3
# Hardly any text has this many characters per token.
MANY_CHARACTERS = 6
TOKENS_OF_A_PICTURE = 1_500
ROOM_TO_ANSWER = 2_048


def context_for(body: Wire, call: Call, quirks: OllamaQuirks) -> int:
    """Return the context size for the prompt and its answer, within the model's limit.

    The size grows by doubling, because the server reloads the model for every other size.
    """
    settings = call.endpoint.ai_model.settings
    limit = (settings and settings.max_context_window_tokens) or quirks.largest_context
    prompt = sum(len(text.encode("utf-8", "replace")) for text in iter_texts(body)) // FEWEST_BYTES
    needed = prompt + count_images(body) * TOKENS_OF_A_PICTURE + (call.config.max_output_tokens or ROOM_TO_ANSWER)
    size = quirks.smallest_context
    while size < needed:
        size *= 2
    return min(size, limit)


def iter_texts(body: Wire) -> Iterator[str]:
    """Return all text of the request."""
    for message in body["messages"]:
        yield message.get("content") or ""
        yield message.get("thinking") or ""
        yield str(message.get("tool_calls") or "")
    yield str(body.get("tools") or "")


def count_images(body: Wire) -> int:
    return sum(len(message.get("images") or ()) for message in body["messages"])


def is_prompt_truncated(body: Wire, prompt_tokens: int) -> bool:
    """Whether the prompt that was read is much shorter than the one that was sent.

    The server drops the oldest messages first, then the beginning of the last one, without any notice.
    """
    size = body.get("options", {}).get("num_ctx")
    if not isinstance(size, int) or not prompt_tokens:
        return False
    if prompt_tokens > size:
        # Ollama's cloud ignores the requested context size and uses that of the model.
        return False
    if prompt_tokens == size:
        return True
    sent = sum(map(len, iter_texts(body)))
    return sent > size * FEWEST_BYTES and sent > prompt_tokens * MANY_CHARACTERS


# Top-level fields; all other options are model options.
OWN = frozenset(
    {"format", "options", "keep_alive", "think", "truncate", "shift", "logprobs", "top_logprobs", "template", "system"}
    | {"model", "messages", "stream", "tools", "raw"}
)


def write_request(call: Call, quirks: OllamaQuirks) -> EncodedRequest:
    """Encode the request, always with a context size; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    mode, call = output_mode(call, quirks), apply_output_mode(call, quirks, warnings)
    call = prepare_media(call, quirks, PROTOCOL, warnings, is_user_media)
    config = call.config
    body: Wire = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, warnings),
        "stream": config.streaming,
    }
    body.update(write_tools(config, quirks, warnings))
    if config.structured_output is not None and mode != "tool":
        body["format"] = write_format(config.structured_output, mode, quirks, warnings)
    body.update(write_thinking(config, quirks, warnings))
    if config.strict:
        # A prompt that does not fit is then an error instead of being truncated.
        body["truncate"] = False
    options: Wire = {"num_ctx": context_for(body, call, quirks)}
    settings = write_parameters(config, quirks, warnings)
    if settings.get("top_logprobs") is not None:
        settings.setdefault("logprobs", True)
    for text in (quirks.defaults, settings, call.endpoint.ai_model.parameters, config.options):
        place_settings(text, body, options)
    body["options"] = options
    warn_unsupported_cache(config, warnings, ())
    warn_unsupported_context(config, warnings)
    return warnings.build_request(quirks.path, body, stream_fields={"stream": config.streaming})


def place_settings(fields: Mapping[str, Any], body: Wire, options: Wire) -> None:
    """Put each setting at the top level or among the model options."""
    for name, value in fields.items():
        if name == "options" and isinstance(value, Mapping):
            options.update(value)
        elif name in OWN:
            body[name] = value
        else:
            options[name] = value


def write_thinking(config: AIModelCallConfig, quirks: OllamaQuirks, warnings: WarningCollector) -> Wire:
    if config.wants_reasoning is None:
        return {}
    if quirks.thinking == "levels":
        if not config.wants_reasoning:
            warnings.translated("reasoning", "this model cannot turn reasoning off; the lowest level is used")
        elif config.max_reasoning_tokens is not None:
            warnings.translated("max_reasoning_tokens", "the budget is converted to a level")
        return {"think": dialect_effort(config, quirks.levels, warnings)}
    if config.max_reasoning_tokens is not None:
        warnings.unsupported("max_reasoning_tokens", "reasoning can only be turned on or off")
    if config.wants_reasoning and config.reasoning_effort is not None:
        warnings.translated("reasoning_effort", "reasoning can only be turned on or off")
    return {"think": config.wants_reasoning}


def write_tools(config: AIModelCallConfig, quirks: OllamaQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools. Calls cannot be forced; named tools are chosen by sending no others."""
    choice = config.tool_choice
    if choice is not None and choice.mode == "none":
        return {}
    if choice is not None and choice.mode == "required" and config.tools:
        warnings.unsupported("tool_choice", "tool calls cannot be required; the model decides")
    shown = select_tools(config.tools, choice, warnings, one_by_name=False)
    own = [write_tool(tool, quirks, warnings) for tool in shown if isinstance(tool, ToolDefinition)]
    tools = own + write_raw(shown, warnings)
    return {"tools": tools} if tools else {}


def write_tool(tool: ToolDefinition, quirks: OllamaQuirks, warnings: WarningCollector) -> Wire:
    if tool.strict:
        warnings.unsupported("tools.strict")
    schema, _ = tool_schema(tool, quirks, warnings)
    function: Wire = {"name": tool.name, "parameters": schema}
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def write_format(
    shape: StructuredOutput, mode: OutputMode | None, quirks: OllamaQuirks, warnings: WarningCollector
) -> Any:
    return "json" if mode == "prompt" else native_schema(shape, quirks, warnings)[0]
