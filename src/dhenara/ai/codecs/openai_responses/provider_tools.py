"""Provider tools in Responses; all four kinds are supported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types.provider_tools import CodeExecution, FileSearch, RemoteMCP, WebSearch
from ...types.tools import ServerTool, ToolDefinition
from ..tool_selection import AnyTool, ProviderToolsWire, user_location, warn_unsupported_settings
from ..warnings import WarningCollector
from .quirks import ResponsesQuirks

Wire = dict[str, Any]


def write_provider_tools(
    tools: Sequence[AnyTool], quirks: ResponsesQuirks, warnings: WarningCollector
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
                result.entries.append(write_code(tool))
            case FileSearch():
                result.entries.append(write_file_search(tool))
            case RemoteMCP():
                result.entries.append(write_mcp(tool))
    return result


def write_search(search: WebSearch, quirks: ResponsesQuirks, warnings: WarningCollector) -> Wire:
    text = ("allowed_domains", "context_size", "place")
    warn_unsupported_settings(search, text if quirks.blocked_domains is None else (*text, "blocked_domains"), warnings)
    written: Wire = {"type": "web_search"}
    filters: Wire = {"allowed_domains": list(search.allowed_domains)} if search.allowed_domains else {}
    if search.blocked_domains and quirks.blocked_domains:
        filters[quirks.blocked_domains] = list(search.blocked_domains)
    if filters:
        written["filters"] = filters
    if search.context_size:
        written["search_context_size"] = search.context_size
    if place := user_location(search):
        written["user_location"] = place
    return written


def write_code(code: CodeExecution) -> Wire:
    files = {"file_ids": list(code.file_ids)} if code.file_ids else {}
    return {"type": "code_interpreter", "container": code.container or {"type": "auto", **files}}


def write_file_search(search: FileSearch) -> Wire:
    written: Wire = {"type": "file_search", "vector_store_ids": list(search.store_ids)}
    if search.max_results is not None:
        written["max_num_results"] = search.max_results
    return written if search.filters is None else {**written, "filters": search.filters}


def write_mcp(server: RemoteMCP) -> Wire:
    """Encode an MCP server. Approval is turned off, because the provider calls the tools itself."""
    written: Wire = {"type": "mcp", "server_label": server.name, "server_url": server.url, "require_approval": "never"}
    if token := server.token():
        written["authorization"] = token
    if server.headers:
        written["headers"] = {name: value.get_secret_value() for name, value in server.headers.items()}
    if server.allowed_tools:
        written["allowed_tools"] = list(server.allowed_tools)
    if server.description:
        written["server_description"] = server.description
    return written
