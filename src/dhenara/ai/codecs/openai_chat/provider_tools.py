"""Provider tools in Chat Completions; each provider has its own format, most have none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...types.provider_tools import CodeExecution, RemoteMCP, WebSearch
from ...types.tools import ServerTool, ToolDefinition
from ..tool_selection import AnyTool, ProviderToolsWire, user_location, warn_unsupported_settings, warn_unsupported_tool
from ..warnings import WarningCollector
from .quirks import ChatQuirks

Wire = dict[str, Any]


def write_provider_tools(tools: Sequence[AnyTool], quirks: ChatQuirks, warnings: WarningCollector) -> ProviderToolsWire:
    result = ProviderToolsWire()
    for tool in tools:
        match tool:
            case ToolDefinition():
                continue
            case ServerTool():
                result.entries.append(tool.spec)
            case WebSearch() if quirks.web_search != "none":
                SEARCHES[quirks.web_search](tool, result, quirks, warnings)
            case CodeExecution() if quirks.runs_code:
                warn_unsupported_settings(tool, (), warnings)
                result.entries.append({"type": "code_interpreter", "container": {"type": "auto"}})
            case RemoteMCP() if quirks.connects_mcp:
                result.entries.append(write_mcp(tool, warnings))
            case _:
                warn_unsupported_tool(tool, warnings, " in this protocol")
    return result


def search_options(search: WebSearch, match: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a body field, for models that search themselves."""
    warn_unsupported_settings(search, ("context_size", "place"), warnings)
    options: Wire = {"search_context_size": search.context_size} if search.context_size else {}
    if place := user_location(search):
        options["user_location"] = {"type": place.pop("type"), "approximate": place}
    match.fields["web_search_options"] = options


def search_always(search: WebSearch, match: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode settings of a model that always searches as body fields."""
    warn_unsupported_settings(search, ("context_size", "place", "allowed_domains", "blocked_domains"), warnings)
    options: Wire = {"search_context_size": search.context_size} if search.context_size else {}
    if place := user_location(search):
        options["user_location"] = {name: value for name, value in place.items() if name != "type"}
    if options:
        match.fields["web_search_options"] = options
    domains = [*search.allowed_domains, *(f"-{domain}" for domain in search.blocked_domains)]
    if domains:
        match.fields["search_domain_filter"] = domains


def search_entry(search: WebSearch, match: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a tool entry with parameters."""
    warn_unsupported_settings(
        search, ("context_size", "place", "allowed_domains", "blocked_domains", "max_uses"), warnings
    )
    text = {
        "search_context_size": search.context_size,
        "allowed_domains": list(search.allowed_domains),
        "excluded_domains": list(search.blocked_domains),
        "max_uses": search.max_uses,
        "user_location": user_location(search),
    }
    parameters = {name: value for name, value in text.items() if value}
    match.entries.append({"type": quirks.web_search_type, **({"parameters": parameters} if parameters else {})})


def search_bare(search: WebSearch, match: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a tool entry without parameters."""
    warn_unsupported_settings(search, (), warnings)
    match.entries.append({"type": quirks.web_search_type})


def search_switch(search: WebSearch, match: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a boolean."""
    warn_unsupported_settings(search, (), warnings)
    match.fields["enable_search"] = True


def search_nested(search: WebSearch, match: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a tool entry with nested settings; at most one domain."""
    warn_unsupported_settings(search, ("allowed_domains",), warnings)
    text: Wire = {"enable": True}
    if search.allowed_domains:
        text["search_domain_filter"] = search.allowed_domains[0]
    if len(search.allowed_domains) > 1:
        warnings.clamped("web_search.allowed_domains", "only the first one is used")
    match.entries.append({"type": "web_search", "web_search": text})


SEARCHES: dict[str, Callable[[WebSearch, ProviderToolsWire, ChatQuirks, WarningCollector], None]] = {
    "options": search_options,
    "always": search_always,
    "entry": search_entry,
    "bare": search_bare,
    "switch": search_switch,
    "nested": search_nested,
}


def write_mcp(server: RemoteMCP, warnings: WarningCollector) -> Wire:
    """Encode an MCP server; its secrets are sent to the provider, which connects to it."""
    headers = {name: value.get_secret_value() for name, value in server.headers.items()}
    if token := server.token():
        headers.setdefault("Authorization", f"Bearer {token}")
    written: Wire = {"type": "mcp", "server_label": server.name, "server_url": server.url, "require_approval": "never"}
    if headers:
        written["headers"] = headers
    if server.allowed_tools:
        written["allowed_tools"] = list(server.allowed_tools)
    if server.description:
        written["server_description"] = server.description
    return written
