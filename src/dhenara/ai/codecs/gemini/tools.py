"""Provider tools in generateContent: each is one entry of the tool list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types.tools.definitions import CodeExecution, FileSearch, RemoteMCP, ServerTool, ToolDefinition, WebSearch
from ..common.tools import AnyTool, ProviderToolsWire, warn_unsupported_settings
from ..common.warnings import WarningCollector
from .quirks import GeminiQuirks

Wire = dict[str, Any]


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
                result.entries.append({"mcpServers": [write_mcp(tool, warnings)]})
    return result


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
    warn_unsupported_settings(server, ("name", "url", "authorization", "headers"), warnings)
    headers = {name: value.get_secret_value() for name, value in server.headers.items()}
    if token := server.token():
        headers.setdefault("Authorization", f"Bearer {token}")
    transport: Wire = {"url": server.url, **({"headers": headers} if headers else {})}
    return {"name": server.name, "streamableHttpTransport": transport}
