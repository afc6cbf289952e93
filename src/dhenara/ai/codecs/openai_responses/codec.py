"""The Responses codec: the body of requests, errors; background responses and token counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.structured import OutputMode, StructuredOutput
from ...types.config.call import AIModelCallConfig, Call
from ...types.config.call_policies import ContextPolicy, PromptCache
from ...types.tools.caller_tools import ComputerUse, Shell
from ...types.tools.provider_tools import ServerTool
from ...types.tools.tool import CustomTool, Tool
from ...types.tools.tool_definition import ToolChoice, ToolDefinition
from ...wire.sse import Frames, SseFrames
from ..base import EncodedRequest
from ..common.caller_tools import ToolVersion, callers_of, split_tools
from ..common.media import prepare_call
from ..common.plan import WarningCollector, is_own_part
from ..common.request import (
    dialect_effort,
    quote_segment,
    warn_unsupported_cache,
    warn_unsupported_context,
    with_reasoning_room,
    write_parameters,
)
from ..common.response_fields import Wire
from ..common.tools import extra_fields, native_schema, tool_schema
from ..error_mapping import parse_body
from ..operations.operation import OperationCodec, count_reader
from ..quirks import ResponsesQuirks
from .messages import PROTOCOL, is_user_media, write_messages
from .response import UNDER_WAY, ResponsesReader, read_error
from .tools import CUSTOM_TOOL, write_provider_tools

SEALED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
STREAM_FIELDS = {"stream": True}


def write_request(call: Call, quirks: ResponsesQuirks) -> EncodedRequest:
    """Encode the request; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    call, mode, _ = prepare_call(call, quirks, PROTOCOL, warnings, is_user_media)
    config = call.config
    body: Wire = {"model": call.endpoint.ai_model.model_name}
    if call.instructions:
        body["instructions"] = "\n\n".join(call.instructions)
    body["input"] = write_messages(call, quirks, warnings)
    # Background responses and conversations require storage.
    body["store"] = bool(config.options and (config.options.get("background") or config.options.get("conversation")))
    body |= quirks.defaults
    limited = config
    if config.max_reasoning_tokens is not None:
        limited = with_reasoning_room(call, config.max_reasoning_tokens, warnings, is_sent=False)
    body |= write_parameters(limited, quirks, warnings)
    wants_reasoning = config.wants_reasoning
    if wants_reasoning is not None:
        body |= write_reasoning(config, quirks, warnings)
    if config.tools:
        body |= write_tools(call, quirks, warnings)
    if config.structured_output is not None and mode != "tool":
        body["text"] = {"format": write_format(config.structured_output, mode, quirks, warnings)}
    if config.prompt_cache is not None:
        body |= write_cache(config.prompt_cache, config, quirks, warnings)
    if config.context_policy is not None:
        body |= write_context(config.context_policy, config, warnings)
    wanted = include_fields(call, quirks, wants_reasoning=wants_reasoning)
    if wanted:
        body["include"] = wanted
    if config.streaming:
        body["stream"] = True
    body |= call.endpoint.ai_model.parameters
    body |= config.options
    encoded = warnings.build_request(quirks.path, body, stream_fields=STREAM_FIELDS)
    return replace(encoded, background=True) if "background" in body and body["background"] is True else encoded


def write_reasoning(config: AIModelCallConfig, quirks: ResponsesQuirks, warnings: WarningCollector) -> Wire:
    """Encode the reasoning settings of a call that sets any."""
    if not config.wants_reasoning and config.reasoning_effort is None and "none" not in quirks.efforts:
        # Models without reasoning reject the field.
        return {}
    if config.max_reasoning_tokens is not None:
        warnings.translated("max_reasoning_tokens", "the budget is converted to an effort level")
    reasoning: Wire = {"effort": dialect_effort(config, quirks.efforts, warnings)}
    if quirks.summary and config.wants_reasoning:
        reasoning["summary"] = quirks.summary
    return {"reasoning": reasoning}


def write_cache(
    cache: PromptCache, config: AIModelCallConfig, quirks: ResponsesQuirks, warnings: WarningCollector
) -> Wire:
    """Encode the cache settings: cache key and lifetime; caching itself is automatic."""
    warn_unsupported_cache(config, warnings, ("key",))
    written: Wire = {} if cache.key is None else {"prompt_cache_key": cache.key}
    if cache.lifetime == "long":
        written |= {"prompt_cache_options": {"ttl": "12h"}} if quirks.cache_marks else {"prompt_cache_retention": "24h"}
    return written


def write_context(policy: ContextPolicy, config: AIModelCallConfig, warnings: WarningCollector) -> Wire:
    warn_unsupported_context(config, warnings, "compact_at", "truncation")
    written: Wire = {} if policy.truncation is None else {"truncation": policy.truncation}
    if policy.compact_at is not None:
        written["context_management"] = [{"type": "compaction", "compact_threshold": policy.compact_at}]
    return written


def include_fields(call: Call, quirks: ResponsesQuirks, *, wants_reasoning: bool | None) -> list[str]:
    """Request encrypted reasoning if there may be any: the next turn needs it."""
    wanted = [LOGPROBS] if call.config.logprobs or call.config.top_logprobs is not None else []
    if not quirks.encrypted_reasoning:
        return wanted
    settings = call.endpoint.ai_model.settings
    thinks = wants_reasoning or (settings is not None and settings.supports_reasoning) or has_reasoning(call)
    return [*wanted, SEALED] if thinks else wanted


def has_reasoning(call: Call) -> bool:
    for message in call.messages:
        for part in message.contents:
            if part.type == "reasoning" and is_own_part(part, call, PROTOCOL):
                return True
    return False


def write_tools(call: Call, quirks: ResponsesQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools of a call that has any."""
    config = call.config
    functions, native = split_tools(config.tools, call, "openai_responses", warnings)
    own = write_functions(functions, config, quirks, warnings)
    own += [write_native(tool, version, quirks, warnings) for tool, version in native]
    provider_tools = write_provider_tools(config.tools, quirks, warnings)
    written: Wire = {"tools": [*own, *provider_tools.entries], **provider_tools.fields}
    if any(version.version == "computer_use_preview" for _, version in native):
        written["truncation"] = "auto"  # required with this tool
    if config.tool_choice is not None:
        written["tool_choice"] = write_choice(config.tool_choice, native)
    return written


def write_functions(
    tools: Sequence[ToolDefinition], config: AIModelCallConfig, quirks: ResponsesQuirks, warnings: WarningCollector
) -> list[Wire]:
    """Encode functions. With a search for tools, those of one group are in a namespace, at the place of the first."""
    searches = any(isinstance(tool, ServerTool) and tool.spec.get("type") == "tool_search" for tool in config.tools)
    chosen = config.tool_choice.names if config.tool_choice is not None else ()
    about: Mapping[str, str] = next(
        (tool.namespaces for tool in config.tools if getattr(tool, "kind", None) == "tool_search"), {}
    )
    written: list[Wire] = []
    groups: dict[str, list[Wire]] = {}
    for tool in tools:
        function, name = write_tool(tool, quirks, warnings), tool.namespace
        if name is None or not searches or tool.name in chosen:
            written.append(function)
            continue
        if name not in groups:
            groups[name] = []
            group = {"type": "namespace", "name": name, "description": about.get(name) or f"Tools of {name}."}
            written.append({**group, "tools": groups[name]})
        groups[name].append(function)
    return written


ENVIRONMENTS = {"mobile": "browser"}


def write_native(tool: Tool, version: ToolVersion, quirks: ResponsesQuirks, warnings: WarningCollector) -> Wire:
    """Encode a tool that the API defines and the caller runs."""
    written: Wire = {"type": version.version}
    match tool:
        case Shell() if version.version == "shell":
            written["environment"] = {"type": "local"}
        case ComputerUse() if version.version == "computer_use_preview":
            written["display_width"], written["display_height"] = tool.width, tool.height
            written["environment"] = ENVIRONMENTS.get(tool.environment, tool.environment)
        case CustomTool():
            written["name"] = tool.name
            if tool.description is not None:
                written["description"] = tool.description
            if tool.grammar is not None:
                written["format"] = {"type": "grammar", "syntax": tool.syntax, "definition": tool.grammar}
    return {**extra_fields(tool, quirks, warnings, ("environment",)), **written}


def write_tool(tool: ToolDefinition, quirks: ResponsesQuirks, warnings: WarningCollector) -> Wire:
    """Encode a tool. The API's default is strict, which changes the schema; here the default is off."""
    schema, strict = tool_schema(tool, quirks, warnings)
    written: Wire = {"type": "function", "name": tool.name, "parameters": schema, "strict": bool(strict)}
    if tool.description is not None:
        written["description"] = tool.description
    if tool.deferred:
        written["defer_loading"] = True
    written.update(callers_of(tool, {"model": "direct", "code": "programmatic"}))
    return {**extra_fields(tool, quirks, warnings), **written}


def write_choice(choice: ToolChoice, native: Sequence[tuple[Tool, ToolVersion]]) -> str | Wire:
    own: dict[str, Wire] = {tool.name: {"type": version.version} for tool, version in native}
    own |= {tool.name: {"type": CUSTOM_TOOL, "name": tool.name} for tool, _ in native if isinstance(tool, CustomTool)}
    if len(choice.names) == 1 and choice.mode == "required":
        return own.get(choice.names[0]) or {"type": "function", "name": choice.names[0]}
    if choice.names and choice.mode != "none":
        allowed = [own.get(name) or {"type": "function", "name": name} for name in choice.names]
        return {"type": "allowed_tools", "mode": choice.mode, "tools": allowed}
    return choice.mode


def write_format(
    shape: StructuredOutput, mode: OutputMode | None, quirks: ResponsesQuirks, warnings: WarningCollector
) -> Wire:
    if mode == "prompt":
        return {"type": "json_object"}
    schema, strict = native_schema(shape, quirks, warnings)
    written: Wire = {"type": "json_schema", "name": shape.name, "schema": schema, "strict": strict}
    return written if shape.description is None else {**written, "description": shape.description}


class OpenAIResponses:
    """Stateless codec; one instance is enough."""

    name = "openai_responses"

    def encode(self, call: Call, quirks: ResponsesQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: ResponsesQuirks) -> ResponsesReader:
        return ResponsesReader(quirks)

    def is_pending(self, body: Any) -> bool:
        """Whether the response is not finished yet."""
        return isinstance(body, dict) and body.get("status") in UNDER_WAY

    def retrieve_request(self, answer_id: str, quirks: ResponsesQuirks, after: int | None = None) -> EncodedRequest:
        """Request a response by id: its current state, or a stream of the events after one."""
        query = "" if after is None else f"?stream=true&starting_after={after}"
        return EncodedRequest(f"{quirks.path}/{quote_segment(answer_id)}{query}", {}, method="GET", background=True)

    def stop(self, answer_id: str, quirks: ResponsesQuirks) -> EncodedRequest:
        """Request to cancel a response."""
        return EncodedRequest(f"{quirks.path}/{quote_segment(answer_id)}/cancel", {})

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = OpenAIResponses()


COUNTED = frozenset(
    {
        *("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning"),
        *("text", "truncation", "conversation", "previous_response_id", "personality"),
    }
)


def write_count(call: Call, quirks: ResponsesQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    body = {name: value for name, value in request.body.items() if name in COUNTED}
    return replace(request, path=f"{request.path}/input_tokens", body=body)


COUNT_TOKENS = OperationCodec("openai_responses.count_tokens", write_count, count_reader("input_tokens"), read_error)
