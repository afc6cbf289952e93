"""Tools of a request: functions, and tools of the provider, whose types contain dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...types.config.call import Call
from ...types.content.parts import ServerToolContent
from ...types.tools.caller_tools import ComputerUse
from ...types.tools.provider_tools import CodeExecution, HostedTool, RemoteMCP, ServerTool, WebSearch
from ...types.tools.tool import Tool
from ...types.tools.tool_definition import ToolChoice, ToolDefinition
from ..common.caller_tools import ToolVersion, callers_of, rename_choice, split_tools
from ..common.plan import WarningCollector, is_own_part
from ..common.response_fields import Wire
from ..common.tools import (
    AnyTool,
    ProviderToolsWire,
    can_ask,
    extra_fields,
    named_options,
    select_tools,
    tool_schema,
    user_location,
    warn_unsupported_settings,
    warn_unsupported_tool,
)
from ..quirks import MessagesQuirks

MCP_BETA = "mcp-client-2025-11-20"


def write_provider_tools(
    tools: Sequence[AnyTool], quirks: MessagesQuirks, warnings: WarningCollector
) -> ProviderToolsWire:
    result = ProviderToolsWire()
    calls_tools = any(isinstance(tool, ToolDefinition) and "code" in tool.called_by for tool in tools)
    for tool in tools:
        match tool:
            case ToolDefinition() | HostedTool(kind="tool_search"):
                continue
            case ServerTool():
                result.entries.append(tool.spec)
            case WebSearch():
                result.entries.append(write_search(tool, quirks, warnings))
            case CodeExecution():
                write_code(tool, calls_tools, quirks, result, warnings)
            case RemoteMCP():
                if can_ask(tool, warnings):
                    write_mcp(tool, result, warnings)
            case HostedTool(kind="web_fetch"):
                result.entries.append(write_fetch(tool, quirks, warnings))
            case _:
                warn_unsupported_tool(tool, warnings)
    return result


def write_search(search: WebSearch, quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    """Encode web search; domains are either allowed or blocked, not both."""
    warn_unsupported_settings(search, ("allowed_domains", "blocked_domains", "max_uses", "place"), warnings)
    written: Wire = {"type": quirks.web_search, "name": "web_search"}
    if search.allowed_domains:
        written["allowed_domains"] = list(search.allowed_domains)
    if search.blocked_domains and search.allowed_domains:
        warnings.unsupported("web_search.blocked_domains", "it cannot be combined with allowed_domains")
    elif search.blocked_domains:
        written["blocked_domains"] = list(search.blocked_domains)
    if search.max_uses is not None:
        written["max_uses"] = search.max_uses
    if place := user_location(search):
        written["user_location"] = place
    return written


FETCH_FIELDS = {name: name for name in ("allowed_domains", "blocked_domains", "max_uses", "max_content_tokens")}


def write_fetch(fetch: HostedTool, quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    """Encode web fetch. Only newer versions can leave the cache."""
    written = named_options(fetch, {**FETCH_FIELDS, "citations": "citations", "use_cache": "use_cache"}, warnings)
    version = quirks.web_fetch_uncached if "use_cache" in written else quirks.web_fetch
    if "citations" in written:
        written["citations"] = {"enabled": written["citations"]}
    return {"type": version, "name": "web_fetch", **written}


SKILLS_BETAS = ("code-execution-2025-08-25", "skills-2025-10-02")


def write_code(
    code: CodeExecution, calls_tools: bool, quirks: MessagesQuirks, wire: ProviderToolsWire, warnings: WarningCollector
) -> None:
    """Encode code execution; code that calls tools needs a newer version."""
    warn_unsupported_settings(code, ("container", "skills"), warnings)
    version = quirks.calling_code if calls_tools else quirks.code_execution
    wire.entries.append({"type": version, "name": "code_execution"})
    if code.container not in (None, NEW):
        wire.fields["container"] = code.container
    if code.skills:
        named = {"id": code.container} if code.container not in (None, NEW) else {}
        wire.fields["container"] = {**named, "skills": [write_skill(skill) for skill in code.skills]}
        wire.fields["betas"] = [*wire.fields.get("betas", ()), *SKILLS_BETAS]


NEW = "new"


def write_skill(skill: str) -> Wire:
    """Encode a skill; Anthropic's own ones have no prefix in their ids."""
    name, _, version = skill.partition("@")
    kind = "custom" if name.startswith("skill_") else "anthropic"
    return {"type": kind, "skill_id": name, "version": version or "latest"}


def reuse_container(call: Call, body: Wire) -> None:
    """Use the container of the conversation again, where the call does not name one. Calls of code need it."""
    code = [tool for tool in call.config.tools if isinstance(tool, CodeExecution)]
    runs = any(str(tool.get("type", "")).startswith("code_execution") for tool in body.get("tools", ()))
    given = body.get("container")
    if not runs or isinstance(given, str) or (given and "id" in given) or any(one.container == NEW for one in code):
        return
    for message in reversed(call.messages):
        for part in message.contents:
            known = part.extras.get("container") if isinstance(part, ServerToolContent) else None
            if isinstance(known, Mapping) and "id" in known and is_own_part(part, call, "anthropic"):
                body["container"] = {**given, "id": known["id"]} if given else known["id"]
                return


def write_mcp(server: RemoteMCP, wire: ProviderToolsWire, warnings: WarningCollector) -> None:
    """Encode an MCP server in the body, and its allowed tools in the tool list."""
    warn_unsupported_settings(server, ("name", "url", "authorization", "allowed_tools", "needs_approval"), warnings)
    address: Wire = {"type": "url", "name": server.name, "url": server.url}
    if token := server.token():
        address["authorization_token"] = token
    wire.fields["mcp_servers"] = [*wire.fields.get("mcp_servers", ()), address]
    wire.fields["betas"] = [*wire.fields.get("betas", ()), MCP_BETA]
    toolset: Wire = {"type": "mcp_toolset", "mcp_server_name": server.name}
    if server.allowed_tools:
        toolset["default_config"] = {"enabled": False}
        toolset["configs"] = {name: {"enabled": True} for name in server.allowed_tools}
    wire.entries.append(toolset)


def write_tools(call: Call, quirks: MessagesQuirks, warnings: WarningCollector, *, thinks: bool) -> Wire:
    config = call.config
    if not config.tools:
        return {}
    shown = select_tools(config.tools, config.tool_choice, warnings, one_by_name=not thinks)
    functions, native = split_tools(shown, call, "anthropic", warnings)
    choice = rename_choice(config.tool_choice, native)
    own = [write_tool(tool, quirks, warnings) for tool in functions]
    own += [write_native(tool, version, quirks, warnings) for tool, version in native]
    provider_tools = write_provider_tools(shown, quirks, warnings)
    if betas := list(dict.fromkeys(version.beta for _, version in native if version.beta)):
        provider_tools.fields["betas"] = [*provider_tools.fields.get("betas", ()), *betas]
    if not (own or provider_tools.entries):
        return {}
    written: Wire = {"tools": [*own, *provider_tools.entries], **provider_tools.fields}
    chosen = write_choice(choice, warnings, thinks=thinks)
    if config.parallel_tool_calls is not None and chosen.get("type") != "none":
        chosen = {**(chosen or {"type": "auto"}), "disable_parallel_tool_use": not config.parallel_tool_calls}
    if chosen:
        written["tool_choice"] = chosen
    return written


def write_tool(tool: ToolDefinition, quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    schema, strict = tool_schema(tool, quirks, warnings)
    written: Wire = {"name": tool.name}
    if tool.description is not None:
        written["description"] = tool.description
    written["input_schema"] = schema
    if strict is not None:
        written["strict"] = strict
    return {**extra_fields(tool, quirks, warnings), **loading_fields(tool, quirks), **written}


def loading_fields(tool: ToolDefinition, quirks: MessagesQuirks) -> Wire:
    """Encode when a tool is loaded, and who may call it."""
    deferred = {"defer_loading": True} if tool.deferred else {}
    return {**deferred, **callers_of(tool, {"model": "direct", "code": quirks.calling_code})}


NATIVE_FIELDS = frozenset({"max_characters", "display_number", "enable_zoom", "configs"})


def write_native(tool: Tool, version: ToolVersion, quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    """Encode a tool that the API defines and the caller runs."""
    written: Wire = {"type": version.version}
    if "toolset" not in version.version:
        written["name"] = version.name
        if isinstance(tool, ComputerUse):
            written["display_width_px"], written["display_height_px"] = tool.width, tool.height
    return {**extra_fields(tool, quirks, warnings, NATIVE_FIELDS), **loading_fields(tool, quirks), **written}


def write_choice(choice: ToolChoice | None, warnings: WarningCollector, *, thinks: bool) -> Wire:
    if choice is None:
        return {}
    if choice.mode == "required" and thinks:
        warnings.translated("tool_choice", "a tool cannot be forced when the model reasons; the model decides")
        return {"type": "auto"}
    if choice.mode == "required" and len(choice.names) == 1:
        return {"type": "tool", "name": choice.names[0]}
    return {"type": {"auto": "auto", "none": "none", "required": "any"}[choice.mode]}
