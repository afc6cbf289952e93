"""Messages, tools and settings of pydantic-ai: read as ours; and answers written as its parts."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import SecretStr
from pydantic_ai import messages as m, native_tools as native
from pydantic_ai.exceptions import UserError
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.usage import RequestUsage

from ..types.chat.message import Message
from ..types.chat.response import AIModelCallResponse
from ..types.chat.structured import StructuredOutput
from ..types.chat.usage import Usage
from ..types.config.call_policies import PromptCache, Timeouts
from ..types.content.parsing import read_parts
from ..types.content.parts import ContentItem
from ..types.tools.hosted_tools import WebFetch, XSearch
from ..types.tools.provider_tools import CodeExecution, FileSearch, RemoteMCP, UserLocation, WebSearch
from ..types.tools.tool_definition import ToolChoice, ToolDefinition
from . import PARTS, call_facts, new_call, restore_parts, store_parts

SETTINGS = {
    "max_tokens": "max_output_tokens",
    "max_retries": "retries",
    "stop_sequences": "stop",
    "extra_headers": "headers",
    "extra_body": "options",
    **{name: name for name in ("temperature", "top_p", "top_k", "parallel_tool_calls", "seed", "service_tier")},
    **{name: name for name in ("presence_penalty", "frequency_penalty", "logit_bias")},
}
"""Settings of pydantic-ai, and the call options that they are here."""


def write_part(part: ContentItem, system: str) -> Iterator[m.ModelResponsePart]:
    """Write a part of an answer; those without a counterpart stand in the details of the response."""
    match part.type:
        case "text" | "structured_output" | "refusal":
            yield m.TextPart(part.text)
        case "reasoning":
            yield m.ThinkingPart(part.get_text(), signature=part.signature, provider_name=system)
        case "tool_call":
            arguments = part.arguments if part.arguments_text is None else part.arguments_text
            known: Any = {"tool_call_id": part.id} if part.id else {}
            yield m.ToolCallPart(part.name, arguments, **known)
        case "server_tool":
            about: Any = {"provider_name": system, **({"tool_call_id": part.id} if part.id else {})}
            yield m.NativeToolCallPart(part.name, part.arguments, **about)
            if part.data:
                yield m.NativeToolReturnPart(part.name, part.data, **about)
        case "image" | "audio" | "video" | "file" if part.data:
            media_type = part.mime_type or "application/octet-stream"
            yield m.FilePart(m.BinaryContent(part.data, media_type=media_type), provider_name=system)


def to_usage(response: AIModelCallResponse) -> RequestUsage:
    usage: Usage = response.usage
    if not usage.known:
        return RequestUsage()
    return RequestUsage(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens + usage.cache_write_1h_tokens,
        output_tokens=usage.completion_tokens,
        input_audio_tokens=usage.input_audio_tokens,
        output_audio_tokens=usage.output_audio_tokens,
        details={"reasoning_tokens": usage.reasoning_tokens} if usage.reasoning_tokens else {},
    )


def to_details(response: AIModelCallResponse) -> dict[str, Any]:
    """The parts for the way back, and what pydantic-ai has no place for."""
    choices = response.chat_response.choices
    raw = {"finish_reason": choices[0].raw_finish_reason} if choices and choices[0].raw_finish_reason else {}
    stored = store_parts(response.chat_response.contents)
    return {"dhenara": call_facts(response), **raw, **({PARTS: stored} if stored else {})}


def read_request(
    messages: Sequence[m.ModelMessage], settings: Mapping[str, Any], parameters: ModelRequestParameters
) -> dict[str, Any]:
    """Return the arguments of `generate`."""
    call: dict[str, Any] = {SETTINGS[name]: value for name, value in settings.items() if name in SETTINGS}
    timeout = settings.get("timeout")
    if isinstance(timeout, int | float):
        call["timeout"] = timeout
    elif timeout is not None:
        call["timeout"] = Timeouts(connect=timeout.connect, idle=timeout.read)
    thinking = parameters.thinking
    if thinking is not None:
        call["reasoning" if isinstance(thinking, bool) else "reasoning_effort"] = thinking
    if parameters.cache:
        call["prompt_cache"] = PromptCache(automatic=True, lifetime="long" if parameters.cache == "1h" else "short")
    if parameters.output_mode == "native" and (wanted := parameters.output_object) is not None:
        known = {"name": wanted.name, "description": wanted.description, "strict": wanted.strict}
        shape = {name: value for name, value in known.items() if value is not None}
        call["structured_output"] = StructuredOutput.of(dict(wanted.json_schema), **shape)
    call |= read_tools(settings, parameters)
    instructions = [part.content for part in parameters.instruction_parts or ()]
    if parameters.instruction_parts is None:
        last = next((one for one in reversed(messages) if isinstance(one, m.ModelRequest)), None)
        instructions = [last.instructions] if last is not None and last.instructions else []
    read = [one for message in messages for one in read_message(message)]
    further = dict(settings.get("dhenara_options", {}))
    if "tools" in further:
        more = further.pop("tools")
        call["tools"] = [*call.get("tools", ()), *(more if isinstance(more, list | tuple) else [more])]
    return {"messages": read, "instructions": instructions, **call, **further}


def read_tools(settings: Mapping[str, Any], parameters: ModelRequestParameters) -> dict[str, Any]:
    """Return the tools, and which of them the model may or must call."""
    known = [*parameters.declared_function_tools, *parameters.output_tools]
    tools: list[Any] = [
        ToolDefinition(
            name=one.name, description=one.description, parameters=one.parameters_json_schema, strict=one.strict
        )
        for one in known
    ]
    tools += [read_native(one) for one in parameters.native_tools]
    if not known:
        return {"tools": tools} if tools else {}
    outputs = tuple(tool.name for tool in parameters.output_tools)
    mode: Any = "auto" if parameters.allow_text_output or parameters.allow_image_output else "required"
    choice = settings.get("tool_choice")
    names: tuple[str, ...] = ()
    if choice in ("none", []):
        mode, names = (mode, outputs) if outputs else ("none", ())
    elif choice == "required":
        mode, names = "required", tuple(tool.name for tool in parameters.declared_function_tools)
    elif isinstance(choice, list):
        mode, names = "required", tuple(choice)
    elif choice not in (None, "auto"):
        names = (*choice.function_tools, *outputs)
    return {"tools": tools, "tool_choice": ToolChoice(mode=mode, names=() if len(names) == len(known) else names)}


def read_native(tool: native.AbstractNativeTool) -> Any:
    """Read a tool that the provider runs.

    Raises:
        UserError: If the tool, or a setting of it, has no counterpart here.
    """
    for name in ("provider_settings", "external_web_access"):
        if getattr(tool, name, None) is not None:
            raise UserError(
                f"{name} of {type(tool).__name__} cannot be sent. Leave it out, or pass a tool in dhenara_options"
            )
    match tool:
        case native.WebFetchTool():
            return WebFetch(
                allowed_domains=tuple(tool.allowed_domains or ()),
                blocked_domains=tuple(tool.blocked_domains or ()),
                max_uses=tool.max_uses,
                max_content_tokens=tool.max_content_tokens,
                citations=tool.enable_citations or None,
            )
        case native.XSearchTool():
            return XSearch(
                allowed_handles=tuple(tool.allowed_x_handles or ()),
                excluded_handles=tuple(tool.excluded_x_handles or ()),
                from_date=tool.from_date.date() if tool.from_date else None,
                to_date=tool.to_date.date() if tool.to_date else None,
                images=tool.enable_image_understanding or None,
                videos=tool.enable_video_understanding or None,
            )
        case native.WebSearchTool():
            return WebSearch(
                allowed_domains=tuple(tool.allowed_domains or ()),
                blocked_domains=tuple(tool.blocked_domains or ()),
                max_uses=tool.max_uses,
                context_size=tool.search_context_size,
                place=UserLocation(**tool.user_location) if tool.user_location else None,
            )
        case native.FileSearchTool():
            return FileSearch(store_ids=tuple(tool.file_store_ids), max_results=tool.max_num_results)
        case native.MCPServerTool():
            return RemoteMCP(
                name=tool.id,
                url=tool.url,
                authorization=SecretStr(tool.authorization_token) if tool.authorization_token else None,
                headers={name: SecretStr(value) for name, value in (tool.headers or {}).items()},
                allowed_tools=tuple(tool.allowed_tools or ()),
                description=tool.description,
            )
        case native.CodeExecutionTool():
            return CodeExecution(file_ids=tuple(file.file_id for file in tool.files or ()))
    raise UserError(f"{type(tool).__name__} is not supported")


def read_message(message: m.ModelMessage) -> Iterator[Any]:
    """Read a message as those that `generate` takes."""
    if isinstance(message, m.ModelResponse):
        parts = read_answer(message)
        if parts:
            yield Message(role="assistant", contents=parts)
        return
    for part in message.parts:
        match part:
            case m.SystemPromptPart():
                yield {"role": "system", "content": part.content}
            case m.UserPromptPart():
                yield {"role": "user", "content": read_content(part.content)}
            case m.ToolReturnPart():
                result = {"type": "tool_result", "call_id": part.tool_call_id, "name": part.tool_name}
                pieces = part.content_items(mode="str") if part.files else ()
                shown = {"contents": read_content(pieces)} if pieces else {"output": part.model_response_str()}
                yield {"role": "tool", "contents": [{**result, **shown, "is_error": part.outcome == "failed"}]}
            case m.RetryPromptPart() if part.tool_name is not None:
                result = {"type": "tool_result", "call_id": part.tool_call_id, "name": part.tool_name}
                yield {"role": "tool", "contents": [{**result, "output": part.model_response(), "is_error": True}]}
            case m.RetryPromptPart():
                yield {"role": "user", "content": part.model_response()}
            case _:
                raise UserError(f"{type(part).__name__} cannot be sent")


def read_content(content: str | Sequence[Any]) -> Any:
    """Read what a user or a tool wrote: texts, files and addresses of files."""
    if isinstance(content, str):
        return content
    read: list[dict[str, Any]] = []
    for one in content:
        match one:
            case str():
                read.append({"type": "text", "text": one})
            case m.CachePoint():
                if read:
                    read[-1]["cache"] = "long" if one.ttl == "1h" else "short"
            case m.TextContent():
                read.append({"type": "text", "text": one.content})
            case m.BinaryContent():
                read.append({"type": kind_of(one.media_type), "data": one.data, "mime_type": one.media_type})
            case m.UploadedFile():
                stored = {"file_id": one.file_id, "stored_at": one.provider_name}
                read.append({"type": kind_of(one.media_type), **stored})
            case m.ImageUrl() | m.AudioUrl() | m.VideoUrl() | m.DocumentUrl():
                read.append({"type": one.kind.removesuffix("-url").replace("document", "file"), "url": one.url})
            case _:
                raise UserError(f"{type(one).__name__} cannot be sent")
    return read


def kind_of(media_type: str) -> str:
    kind = media_type.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "file"


def read_answer(message: m.ModelResponse) -> list[Any]:
    """Read an answer: its stored parts with what was changed since, or what another model wrote."""
    calls = [part for part in message.parts if isinstance(part, m.ToolCallPart)]
    known = [{"id": call.tool_call_id, "name": call.tool_name, "args": call.args_as_dict()} for call in calls]
    stored = (message.provider_details or {}).get(PARTS)
    if stored is not None:
        text = "".join(part.content for part in message.parts if isinstance(part, m.TextPart))
        files = [part.content for part in message.parts if isinstance(part, m.FilePart)]
        return restore_parts(stored, text, known, [base64.b64encode(file.data).decode() for file in files])
    read: list[Any] = []
    for part in message.parts:
        match part:
            case m.TextPart() if part.content:
                read.append({"type": "text", "text": part.content})
            case m.ThinkingPart() if part.signature and part.provider_name == "anthropic":
                read.append({"type": "thinking", "thinking": part.content, "signature": part.signature})
            case m.ThinkingPart() if part.content:
                read.append({"type": "reasoning", "text": part.content})
            case m.FilePart():
                read += read_content([part.content])
    return [*read_parts(read), *map(new_call, known)]
