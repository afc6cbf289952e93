"""Provider-run tools in Messages: search, code and MCP servers; their types carry dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types.provider_tools import CodeExecution, RemoteMCP, WebSearch
from ...types.tools import ServerTool, ToolDefinition
from ..offering import AnyTool, Provided, place_of, warn_absent, warn_unsaid
from ..warnings import Warnings
from .quirks import MessagesQuirks

Wire = dict[str, Any]
MCP_BETA = "mcp-client-2025-11-20"


def write_provider_tools(tools: Sequence[AnyTool], quirks: MessagesQuirks, warnings: Warnings) -> Provided:
    found = Provided()
    for tool in tools:
        match tool:
            case ToolDefinition():
                continue
            case ServerTool():
                found.entries.append(tool.spec)
            case WebSearch():
                found.entries.append(write_search(tool, quirks, warnings))
            case CodeExecution():
                write_code(tool, quirks, found, warnings)
            case RemoteMCP():
                write_mcp(tool, found, warnings)
            case _:
                warn_absent(tool, warnings)
    return found


def write_search(search: WebSearch, quirks: MessagesQuirks, warnings: Warnings) -> Wire:
    """Domains are either allowed or blocked, never both."""
    warn_unsaid(search, ("allowed_domains", "blocked_domains", "max_uses", "place"), warnings)
    written: Wire = {"type": quirks.web_search, "name": "web_search"}
    if search.allowed_domains:
        written["allowed_domains"] = list(search.allowed_domains)
    if search.blocked_domains and search.allowed_domains:
        warnings.unsupported("web_search.blocked_domains", "it cannot be said beside allowed_domains")
    elif search.blocked_domains:
        written["blocked_domains"] = list(search.blocked_domains)
    if search.max_uses is not None:
        written["max_uses"] = search.max_uses
    if place := place_of(search):
        written["user_location"] = place
    return written


def write_code(code: CodeExecution, quirks: MessagesQuirks, found: Provided, warnings: Warnings) -> None:
    warn_unsaid(code, ("container",), warnings)
    found.entries.append({"type": quirks.code_execution, "name": "code_execution"})
    if code.container is not None:
        found.fields["container"] = code.container


def write_mcp(server: RemoteMCP, found: Provided, warnings: Warnings) -> None:
    """The server stands in the body, and what may be used of it in the tool list."""
    warn_unsaid(server, ("name", "url", "authorization", "allowed_tools"), warnings)
    address: Wire = {"type": "url", "name": server.name, "url": server.url}
    if token := server.token():
        address["authorization_token"] = token
    found.fields["mcp_servers"] = [*found.fields.get("mcp_servers", ()), address]
    found.fields["betas"] = [MCP_BETA]
    toolset: Wire = {"type": "mcp_toolset", "mcp_server_name": server.name}
    if server.allowed_tools:
        toolset["default_config"] = {"enabled": False}
        toolset["configs"] = {name: {"enabled": True} for name in server.allowed_tools}
    found.entries.append(toolset)
