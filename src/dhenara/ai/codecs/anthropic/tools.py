"""Provider tools in Messages: web search, code execution and MCP servers; their types contain dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types.tools.definitions import CodeExecution, RemoteMCP, ServerTool, ToolDefinition, WebSearch
from ..common.tools import AnyTool, ProviderToolsWire, user_location, warn_unsupported_settings, warn_unsupported_tool
from ..common.warnings import WarningCollector
from .quirks import MessagesQuirks

Wire = dict[str, Any]
MCP_BETA = "mcp-client-2025-11-20"


def write_provider_tools(
    tools: Sequence[AnyTool], quirks: MessagesQuirks, warnings: WarningCollector
) -> ProviderToolsWire:
    result = ProviderToolsWire()
    for tool in tools:
        match tool:
            case ToolDefinition():
                continue
            case ServerTool():
                result.entries.append(tool.spec)
            case WebSearch():
                result.entries.append(write_search(tool, quirks, warnings))
            case CodeExecution():
                write_code(tool, quirks, result, warnings)
            case RemoteMCP():
                write_mcp(tool, result, warnings)
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


def write_code(
    code: CodeExecution, quirks: MessagesQuirks, match: ProviderToolsWire, warnings: WarningCollector
) -> None:
    warn_unsupported_settings(code, ("container",), warnings)
    match.entries.append({"type": quirks.code_execution, "name": "code_execution"})
    if code.container is not None:
        match.fields["container"] = code.container


def write_mcp(server: RemoteMCP, match: ProviderToolsWire, warnings: WarningCollector) -> None:
    """Encode an MCP server in the body, and its allowed tools in the tool list."""
    warn_unsupported_settings(server, ("name", "url", "authorization", "allowed_tools"), warnings)
    address: Wire = {"type": "url", "name": server.name, "url": server.url}
    if token := server.token():
        address["authorization_token"] = token
    match.fields["mcp_servers"] = [*match.fields.get("mcp_servers", ()), address]
    match.fields["betas"] = [MCP_BETA]
    toolset: Wire = {"type": "mcp_toolset", "mcp_server_name": server.name}
    if server.allowed_tools:
        toolset["default_config"] = {"enabled": False}
        toolset["configs"] = {name: {"enabled": True} for name in server.allowed_tools}
    match.entries.append(toolset)
