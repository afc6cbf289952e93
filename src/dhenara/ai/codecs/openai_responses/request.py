"""Requests: a call written as a Responses body. Nothing is stored there unless the options say so."""

from __future__ import annotations

from typing import Any

from ...dataclass import replace
from ...types.call import Call
from ...types.call_config import AIModelCallConfig
from ...types.content import ReasoningContent
from ...types.structured import OutputMode, StructuredOutput
from ...types.tools import ToolChoice, ToolDefinition
from ..base import Outgoing
from ..context import unoffered
from ..effort import spoken_effort
from ..marks import unknown_to_cache
from ..origin import at_home
from ..packing import packed
from ..parameters import write_parameters
from ..shaping import native_schema, output_mode, tool_schema, with_shape
from ..warnings import Warnings
from .items import write_items
from .parts import PROTOCOL, shown_by_user
from .provider_tools import write_provider_tools
from .quirks import ResponsesQuirks

Wire = dict[str, Any]
SEALED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
STREAM_FIELDS = {"stream": True}


def write_request(call: Call, quirks: ResponsesQuirks) -> Outgoing:
    """The whole request; what Responses cannot be told is in the warnings."""
    warnings = Warnings(str(call.endpoint.api.provider))
    mode, call = output_mode(call, quirks), with_shape(call, quirks, warnings)
    call = packed(call, quirks, PROTOCOL, warnings, shown_by_user)
    config = call.config
    body: Wire = {"model": call.endpoint.ai_model.model_name}
    if call.instructions:
        body["instructions"] = "\n\n".join(call.instructions)
    body["input"] = write_items(call, quirks, warnings)
    # What is made in the background, or added to a conversation, must be kept somewhere.
    body["store"] = bool(config.options.get("background") or config.options.get("conversation"))
    body.update(quirks.defaults)
    body.update(write_parameters(config, quirks, warnings))
    body.update(write_reasoning(config, quirks, warnings))
    body.update(write_tools(config, quirks, warnings))
    if config.structured_output is not None and mode != "tool":
        body["text"] = {"format": write_format(config.structured_output, mode, quirks, warnings)}
    body.update(write_cache(config, quirks, warnings))
    body.update(write_context(config, warnings))
    wanted = included(call, quirks)
    if wanted:
        body["include"] = wanted
    if config.streaming:
        body["stream"] = True
    body.update(call.endpoint.ai_model.parameters)
    body.update(config.options)
    outgoing = warnings.outgoing(quirks.path, body, stream_fields=STREAM_FIELDS)
    return replace(outgoing, lasts=True) if body.get("background") is True else outgoing


def write_reasoning(config: AIModelCallConfig, quirks: ResponsesQuirks, warnings: Warnings) -> Wire:
    if config.wants_reasoning is None:
        return {}
    if not config.wants_reasoning and config.reasoning_effort is None and "none" not in quirks.efforts:
        # Models that do not reason refuse even to be told so.
        return {}
    if config.max_reasoning_tokens is not None:
        warnings.translated("max_reasoning_tokens", "a budget becomes an effort level")
    said: Wire = {"effort": spoken_effort(config, quirks.efforts, warnings)}
    if quirks.summary and config.wants_reasoning:
        said["summary"] = quirks.summary
    return {"reasoning": said}


def write_cache(config: AIModelCallConfig, quirks: ResponsesQuirks, warnings: Warnings) -> Wire:
    """Prompts are cached by themselves there; what can be said is where, and for how long."""
    unknown_to_cache(config, warnings, ("key",))
    cache = config.prompt_cache
    if cache is None:
        return {}
    written: Wire = {} if cache.key is None else {"prompt_cache_key": cache.key}
    if cache.lifetime == "long":
        written |= {"prompt_cache_options": {"ttl": "12h"}} if quirks.cache_marks else {"prompt_cache_retention": "24h"}
    return written


def write_context(config: AIModelCallConfig, warnings: Warnings) -> Wire:
    policy = config.context_policy
    if policy is None:
        return {}
    unoffered(config, warnings, "compact_at", "truncation")
    written: Wire = {} if policy.truncation is None else {"truncation": policy.truncation}
    if policy.compact_at is not None:
        written["context_management"] = [{"type": "compaction", "compact_threshold": policy.compact_at}]
    return written


def included(call: Call, quirks: ResponsesQuirks) -> list[str]:
    """Sealed thinking is asked for wherever there may be thinking: without it, the next turn could not hear it."""
    wanted = [LOGPROBS] if call.config.logprobs or call.config.top_logprobs is not None else []
    settings = call.endpoint.ai_model.settings
    thinks = call.config.wants_reasoning or (settings is not None and settings.supports_reasoning) or has_thought(call)
    return [*wanted, SEALED] if thinks and quirks.encrypted_reasoning else wanted


def has_thought(call: Call) -> bool:
    return any(
        isinstance(part, ReasoningContent) and at_home(part, call, PROTOCOL)
        for message in call.messages
        for part in message.contents
    )


def write_tools(config: AIModelCallConfig, quirks: ResponsesQuirks, warnings: Warnings) -> Wire:
    if not config.tools:
        return {}
    own = [write_tool(tool, quirks, warnings) for tool in config.tools if isinstance(tool, ToolDefinition)]
    provided = write_provider_tools(config.tools, quirks, warnings)
    written: Wire = {"tools": [*own, *provided.entries], **provided.fields}
    if config.tool_choice is not None:
        written["tool_choice"] = write_choice(config.tool_choice)
    return written


def write_tool(tool: ToolDefinition, quirks: ResponsesQuirks, warnings: Warnings) -> Wire:
    """Strictness is on by default there, which changes what a schema means; here it is off unless asked for."""
    schema, strict = tool_schema(tool, quirks, warnings)
    written: Wire = {"type": "function", "name": tool.name, "parameters": schema, "strict": bool(strict)}
    return written if tool.description is None else {**written, "description": tool.description}


def write_choice(choice: ToolChoice) -> str | Wire:
    if len(choice.names) == 1 and choice.mode == "required":
        return {"type": "function", "name": choice.names[0]}
    if choice.names and choice.mode != "none":
        allowed = [{"type": "function", "name": name} for name in choice.names]
        return {"type": "allowed_tools", "mode": choice.mode, "tools": allowed}
    return choice.mode


def write_format(shape: StructuredOutput, mode: OutputMode | None, quirks: ResponsesQuirks, warnings: Warnings) -> Wire:
    if mode == "prompt":
        return {"type": "json_object"}
    schema, strict = native_schema(shape, quirks, warnings)
    said: Wire = {"type": "json_schema", "name": shape.name, "schema": schema, "strict": strict}
    return said if shape.description is None else {**said, "description": shape.description}
