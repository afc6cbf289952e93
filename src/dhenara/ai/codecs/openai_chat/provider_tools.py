"""Provider-run tools in Chat Completions: every host has its own way, and most have none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...types.provider_tools import CodeExecution, RemoteMCP, WebSearch
from ...types.tools import ServerTool, ToolDefinition
from ..offering import AnyTool, Provided, place_of, warn_absent, warn_unsaid
from ..warnings import Warnings
from .quirks import ChatQuirks

Wire = dict[str, Any]


def write_provider_tools(tools: Sequence[AnyTool], quirks: ChatQuirks, warnings: Warnings) -> Provided:
    found = Provided()
    for tool in tools:
        match tool:
            case ToolDefinition():
                continue
            case ServerTool():
                found.entries.append(tool.spec)
            case WebSearch() if quirks.web_search != "none":
                SEARCHES[quirks.web_search](tool, found, quirks, warnings)
            case CodeExecution() if quirks.runs_code:
                warn_unsaid(tool, (), warnings)
                found.entries.append({"type": "code_interpreter", "container": {"type": "auto"}})
            case RemoteMCP() if quirks.connects_mcp:
                found.entries.append(write_mcp(tool, warnings))
            case _:
                warn_absent(tool, warnings, " in this protocol")
    return found


def search_options(search: WebSearch, found: Provided, quirks: ChatQuirks, warnings: Warnings) -> None:
    """A field of the body, for models that search by themselves."""
    warn_unsaid(search, ("context_size", "place"), warnings)
    options: Wire = {"search_context_size": search.context_size} if search.context_size else {}
    if place := place_of(search):
        options["user_location"] = {"type": place.pop("type"), "approximate": place}
    found.fields["web_search_options"] = options


def search_always(search: WebSearch, found: Provided, quirks: ChatQuirks, warnings: Warnings) -> None:
    """It searches anyway; how can be said in fields of the body."""
    warn_unsaid(search, ("context_size", "place", "allowed_domains", "blocked_domains"), warnings)
    options: Wire = {"search_context_size": search.context_size} if search.context_size else {}
    if place := place_of(search):
        options["user_location"] = {name: value for name, value in place.items() if name != "type"}
    if options:
        found.fields["web_search_options"] = options
    domains = [*search.allowed_domains, *(f"-{domain}" for domain in search.blocked_domains)]
    if domains:
        found.fields["search_domain_filter"] = domains


def search_entry(search: WebSearch, found: Provided, quirks: ChatQuirks, warnings: Warnings) -> None:
    """An entry of the tool list with parameters of its own."""
    warn_unsaid(search, ("context_size", "place", "allowed_domains", "blocked_domains", "max_uses"), warnings)
    said = {
        "search_context_size": search.context_size,
        "allowed_domains": list(search.allowed_domains),
        "excluded_domains": list(search.blocked_domains),
        "max_uses": search.max_uses,
        "user_location": place_of(search),
    }
    parameters = {name: value for name, value in said.items() if value}
    found.entries.append({"type": quirks.web_search_type, **({"parameters": parameters} if parameters else {})})


def search_bare(search: WebSearch, found: Provided, quirks: ChatQuirks, warnings: Warnings) -> None:
    """An entry of the tool list, and nothing to set."""
    warn_unsaid(search, (), warnings)
    found.entries.append({"type": quirks.web_search_type})


def search_switch(search: WebSearch, found: Provided, quirks: ChatQuirks, warnings: Warnings) -> None:
    """On or off."""
    warn_unsaid(search, (), warnings)
    found.fields["enable_search"] = True


def search_nested(search: WebSearch, found: Provided, quirks: ChatQuirks, warnings: Warnings) -> None:
    """An entry of the tool list whose settings stand inside it; one domain at most."""
    warn_unsaid(search, ("allowed_domains",), warnings)
    said: Wire = {"enable": True}
    if search.allowed_domains:
        said["search_domain_filter"] = search.allowed_domains[0]
    if len(search.allowed_domains) > 1:
        warnings.clamped("web_search.allowed_domains", "only the first one can be said")
    found.entries.append({"type": "web_search", "web_search": said})


SEARCHES: dict[str, Callable[[WebSearch, Provided, ChatQuirks, Warnings], None]] = {
    "options": search_options,
    "always": search_always,
    "entry": search_entry,
    "bare": search_bare,
    "switch": search_switch,
    "nested": search_nested,
}


def write_mcp(server: RemoteMCP, warnings: Warnings) -> Wire:
    """The connection is the provider's; the secrets in it are sent to it."""
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
