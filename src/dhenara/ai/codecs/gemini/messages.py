"""Messages and tools of requests in the format of Gemini."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...types.chat.message import Message
from ...types.config.call import AIModelCallConfig, Call
from ...types.content.parts import (
    Content,
    FileContent,
    GenericContent,
    Media,
    ReasoningContent,
    ServerToolContent,
    ToolCallContent,
    ToolResultContent,
)
from ...types.tools.provider_tools import CodeExecution, FileSearch, HostedTool, RemoteMCP, ServerTool, WebSearch
from ...types.tools.tool_definition import ToolChoice, ToolDefinition
from ...wire.media_types import is_youtube
from ..common.caller_tools import split_tools
from ..common.foreign_parts import PLACEHOLDER_TEXT, with_vendor_fields
from ..common.media import is_remote, to_base64
from ..common.plan import WarningCollector, is_own_part
from ..common.response_fields import Wire
from ..common.tools import (
    AnyTool,
    ProviderToolsWire,
    can_ask,
    extra_fields,
    named_options,
    tool_schema,
    warn_unsupported_settings,
    warn_unsupported_tool,
)
from ..quirks import GeminiQuirks

PROTOCOL = "gemini"
SIGNATURE = "thought_signature"
UNSIGNED = "skip_thought_signature_validator"
"""Value that Google documents for calls that Gemini did not make."""
MIME_OF_KIND = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4", "file": "application/pdf"}
FETCHED_THERE = re.compile(r"https://(((www|m)\.)?youtube\.com|youtu\.be|generativelanguage\.googleapis\.com)/")


def write_messages(call: Call, quirks: GeminiQuirks, warnings: WarningCollector) -> tuple[str, list[Wire]]:
    """Encode system text and turns; neighbours with the same role are merged."""
    systems = list(call.instructions)
    turns: list[Wire] = []
    names = {p.id: p.name for m in call.messages for p in m.contents if p.type == "tool_call"}
    for message in call.messages:
        if message.role == "system" and not turns:
            systems.append(message.text)
            continue
        if message.role == "system":
            warnings.rewritten("a system message in the middle", "it is sent as a user message", message.contents)
        role = "model" if message.role == "assistant" else "user"
        parts = list(write_parts(message, call, quirks, names, warnings))
        if not parts:
            continue
        if role == "model" and not turns:
            warnings.rewritten("the beginning of the conversation", "a user turn was inserted before the first answer")
            turns.append({"role": "user", "parts": [{"text": PLACEHOLDER_TEXT}]})
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"].extend(parts)
        else:
            turns.append({"role": role, "parts": parts})
    return "\n\n".join(filter(None, systems)), turns


def write_parts(
    message: Message, call: Call, quirks: GeminiQuirks, names: dict[str, str], warnings: WarningCollector
) -> Iterator[Wire]:
    """Encode the parts. The first call of a turn needs a signature; calls of other models get a fixed one."""
    signed = False
    for part in message.contents:
        if part.type == "text" and not part.extras:
            if part.text:
                yield {"text": part.text}
            continue
        is_own = is_own_part(part, call, PROTOCOL)
        for plain in write_part(part, is_own, quirks, names, warnings):
            written = with_vendor_fields(plain, part, PROTOCOL)
            signature = part.extras.get(SIGNATURE) if is_own else None
            if (
                signature is None
                and "functionCall" in written
                and not signed
                and not (is_own and is_same_model(part, call))
            ):
                signature = UNSIGNED
            signed = signed or "functionCall" in written
            yield {"thoughtSignature": signature, **written} if signature is not None else written


def is_same_model(part: Content, call: Call) -> bool:
    return part.origin is not None and part.origin.model == call.endpoint.ai_model.model_name


def write_part(
    part: Content, is_own: bool, quirks: GeminiQuirks, names: dict[str, str], warnings: WarningCollector
) -> Iterator[Wire]:
    match part:
        case ReasoningContent():
            if is_own:
                yield {"text": part.text, "thought": True}
            else:
                warnings.dropped("the reasoning of another provider", "it belongs to its origin", part)
        case ToolCallContent():
            named = {"id": part.id} if part.id and quirks.call_ids else {}
            yield {"functionCall": {**named, "name": part.name, "args": part.arguments}}
        case ToolResultContent():
            yield write_result(part, quirks, names, warnings)
        case ServerToolContent() | GenericContent():
            if is_own:
                yield dict(part.data)
            else:
                name = part.name if isinstance(part, ServerToolContent) else part.kind
                warnings.dropped(f"{name!r}, which the provider ran or made itself", "only its origin accepts it", part)
        case Media() if is_ours_to_fetch(part, quirks):
            warnings.fetch(part)
        case Media():
            yield write_media(part)
        case _:
            text = part.get_text()
            if text or (is_own and SIGNATURE in part.extras):
                yield {"text": text}


def write_result(
    part: ToolResultContent, quirks: GeminiQuirks, names: dict[str, str], warnings: WarningCollector
) -> Wire:
    """Encode a tool result. Results are objects, so other values are wrapped; images follow separately."""
    output: Any = part.output if part.output is not None else part.get_text()
    response = output if isinstance(output, dict) else {"error" if part.is_error else "result": output}
    # Calls without ids are matched by name and order.
    known = part.call_id in names or part.name not in (None, part.call_id)
    named = {"id": part.call_id} if quirks.call_ids and part.call_id and known else {}
    result: Wire = {**named, "name": part.name or names.get(part.call_id) or part.call_id, "response": response}
    media = []
    for content in part.contents:
        if isinstance(content, Media) and is_ours_to_fetch(content, quirks):
            warnings.fetch(content)
        elif isinstance(content, Media):
            media.append(write_media(content))
    if media:
        result["parts"] = media
    return {"functionResponse": result}


def is_user_media(part: Media, is_own: bool) -> bool:
    """Whether to move the part to a user message; the model needs its own images back in place, with their
    signature.
    """
    return not is_own and part.origin is not None


def is_ours_to_fetch(part: Media, quirks: GeminiQuirks) -> bool:
    """Whether the provider cannot fetch this URL."""
    return is_remote(part) and not quirks.fetches and not FETCHED_THERE.match(part.url or "")


def write_media(part: Media) -> Wire:
    """Encode media: text files as text with their name, bytes inline, everything else as a URL."""
    kind = str(getattr(part, "type", "file"))
    mime = part.mime_type or MIME_OF_KIND.get(kind, "application/octet-stream")
    if part.data is None and part.mime_type is None and is_youtube(part.url or ""):
        return {"fileData": {"fileUri": part.url}}
    if part.data is None:
        return {"fileData": {"fileUri": part.url or part.file_id or "", "mimeType": mime}}
    if isinstance(part, FileContent) and (words := part.to_text()) is not None:
        return {"text": words}
    return {"inlineData": {"mimeType": mime, "data": to_base64(part)}}


def write_provider_tools(
    tools: Sequence[AnyTool], quirks: GeminiQuirks, warnings: WarningCollector
) -> ProviderToolsWire:
    result = ProviderToolsWire()
    for tool in tools:
        match tool:
            case ToolDefinition():
                continue
            case ServerTool():
                result.entries.append(tool.spec)
            case WebSearch():
                result.entries.append({"googleSearch": write_search(tool, quirks, warnings)})
            case CodeExecution():
                warn_unsupported_settings(tool, (), warnings)
                result.entries.append({"codeExecution": {}})
            case FileSearch():
                result.entries.append({"fileSearch": write_file_search(tool, warnings)})
            case RemoteMCP():
                if can_ask(tool, warnings):
                    result.entries.append({"mcpServers": [write_mcp(tool, warnings)]})
            case _:
                write_hosted(tool, result, warnings)
    return result


def write_hosted(tool: HostedTool, wire: ProviderToolsWire, warnings: WarningCollector) -> None:
    """Encode tools with few options; the place of a search on maps stands beside the tools."""
    match tool.kind:
        case "web_fetch":
            warn_unsupported_settings(tool, (), warnings)
            wire.entries.append({"urlContext": {}})
        case "google_maps":
            wire.entries.append({"googleMaps": {}})
            if place := named_options(tool, {"latitude": "latitude", "longitude": "longitude"}, warnings):
                wire.fields["retrievalConfig"] = {"latLng": place}
        case _:
            warn_unsupported_tool(tool, warnings)


def write_search(search: WebSearch, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    if search.blocked_domains and quirks.excludes_domains:
        warn_unsupported_settings(search, ("blocked_domains",), warnings)
        return {"excludeDomains": list(search.blocked_domains)}
    warn_unsupported_settings(search, (), warnings)
    return {}


def write_file_search(search: FileSearch, warnings: WarningCollector) -> Wire:
    """Encode file search; the filter is one expression."""
    written: Wire = {"fileSearchStoreNames": list(search.store_ids)}
    if search.max_results is not None:
        written["topK"] = search.max_results
    if search.filters is not None and isinstance(search.filters.get("metadataFilter"), str):
        written["metadataFilter"] = search.filters["metadataFilter"]
    elif search.filters is not None:
        warnings.unsupported("file_search.filters", "use {'metadataFilter': '...'}")
    return written


def write_mcp(server: RemoteMCP, warnings: WarningCollector) -> Wire:
    warn_unsupported_settings(server, ("name", "url", "authorization", "headers", "needs_approval"), warnings)
    headers = {name: value.get_secret_value() for name, value in server.headers.items()}
    if token := server.token():
        headers.setdefault("Authorization", f"Bearer {token}")
    transport: Wire = {"url": server.url, **({"headers": headers} if headers else {})}
    return {"name": server.name, "streamableHttpTransport": transport}


MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


COMPUTER_FIELDS = ("excludedPredefinedFunctions", "enablePromptInjectionDetection", "disabledSafetyPolicies")
ENVIRONMENTS = {"browser": "BROWSER", "mobile": "MOBILE"}


def write_tools(call: Call, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools: all functions in one entry, each provider tool in its own."""
    config = call.config
    shown, native = split_tools(config.tools, call, "gemini", warnings)
    functions = [write_tool(tool, quirks, warnings) for tool in shown]
    tools: list[Wire] = [{"functionDeclarations": functions}] if functions else []
    for tool, version in native:
        place = f"ENVIRONMENT_{ENVIRONMENTS.get(tool.environment, 'DESKTOP')}"
        tools.append({version.version: {**extra_fields(tool, quirks, warnings, COMPUTER_FIELDS), "environment": place}})
    provider_tools = write_provider_tools(config.tools, quirks, warnings)
    tools += provider_tools.entries
    if not tools:
        return {}
    settings = provider_tools.fields
    if config.tool_choice is not None and functions:
        settings["functionCallingConfig"] = write_choice(config.tool_choice, config, warnings)
    elif any(isinstance(tool, ToolDefinition) and tool.strict for tool in config.tools):
        settings["functionCallingConfig"] = {"mode": "VALIDATED"}
    return {"tools": tools, **({"toolConfig": settings} if settings else {})}


def write_tool(tool: ToolDefinition, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    schema, _ = tool_schema(tool, quirks, warnings)
    written: Wire = {"name": tool.name, "parametersJsonSchema": schema}
    if tool.description is not None:
        written["description"] = tool.description
    return {**extra_fields(tool, quirks, warnings), **written}


def write_choice(choice: ToolChoice, config: AIModelCallConfig, warnings: WarningCollector) -> Wire:
    mode = MODES[choice.mode]
    if choice.names and choice.mode == "auto":
        # Names are only allowed if a call is forced or validated.
        mode = "VALIDATED"
    return {"mode": mode, **({"allowedFunctionNames": list(choice.names)} if choice.names and mode != "NONE" else {})}
