"""Provider-run tools in generateContent: each is an entry of its own in the tool list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types.provider_tools import CodeExecution, FileSearch, RemoteMCP, WebSearch
from ...types.tools import ServerTool, ToolDefinition
from ..offering import AnyTool, Provided, warn_unsaid
from ..warnings import Warnings
from .quirks import GeminiQuirks

Wire = dict[str, Any]


def write_provider_tools(tools: Sequence[AnyTool], quirks: GeminiQuirks, warnings: Warnings) -> Provided:
    found = Provided()
    for tool in tools:
        match tool:
            case ToolDefinition():
                continue
            case ServerTool():
                found.entries.append(tool.spec)
            case WebSearch():
                found.entries.append({"googleSearch": write_search(tool, quirks, warnings)})
            case CodeExecution():
                warn_unsaid(tool, (), warnings)
                found.entries.append({"codeExecution": {}})
            case FileSearch():
                found.entries.append({"fileSearch": write_file_search(tool, warnings)})
            case RemoteMCP():
                found.entries.append({"mcpServers": [write_mcp(tool, warnings)]})
    return found


def write_search(search: WebSearch, quirks: GeminiQuirks, warnings: Warnings) -> Wire:
    if search.blocked_domains and quirks.excludes_domains:
        warn_unsaid(search, ("blocked_domains",), warnings)
        return {"excludeDomains": list(search.blocked_domains)}
    warn_unsaid(search, (), warnings)
    return {}


def write_file_search(search: FileSearch, warnings: Warnings) -> Wire:
    """Filters are one expression there."""
    written: Wire = {"fileSearchStoreNames": list(search.store_ids)}
    if search.max_results is not None:
        written["topK"] = search.max_results
    if search.filters is not None and isinstance(search.filters.get("metadataFilter"), str):
        written["metadataFilter"] = search.filters["metadataFilter"]
    elif search.filters is not None:
        warnings.unsupported("file_search.filters", "it takes {'metadataFilter': '...'}")
    return written


def write_mcp(server: RemoteMCP, warnings: Warnings) -> Wire:
    warn_unsaid(server, ("name", "url", "authorization", "headers"), warnings)
    headers = {name: value.get_secret_value() for name, value in server.headers.items()}
    if token := server.token():
        headers.setdefault("Authorization", f"Bearer {token}")
    transport: Wire = {"url": server.url, **({"headers": headers} if headers else {})}
    return {"name": server.name, "streamableHttpTransport": transport}
