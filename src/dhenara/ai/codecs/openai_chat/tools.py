"""Tools: their declaration in a request, the tools of providers, and the tool calls and sources of a response."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...types.chat.delta import CitationDelta, Delta, ToolCallDelta
from ...types.config.call import Call
from ...types.tools.provider_tools import CodeExecution, RemoteMCP, ServerTool, WebSearch
from ...types.tools.tool import CustomTool
from ...types.tools.tool_definition import ToolChoice, ToolDefinition
from ...wire import json
from ...wire.partial_json import PartialJson
from ..common.caller_tools import split_tools
from ..common.plan import WarningCollector
from ..common.response_fields import Wire, build_citation, read_index, read_object, read_objects, read_text
from ..common.tools import (
    AnyTool,
    ProviderToolsWire,
    can_ask,
    extra_fields,
    select_tools,
    tool_schema,
    user_location,
    warn_unsupported_settings,
    warn_unsupported_tool,
)
from ..quirks import ChatQuirks

NOT_IN_CHAT = 'the Chat protocol has no such tool, the Responses protocol may have it (protocol="openai_responses")'


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
                if can_ask(tool, warnings):
                    result.entries.append(write_mcp(tool))
            case _:
                warn_unsupported_tool(tool, warnings, NOT_IN_CHAT)
    return result


def search_options(search: WebSearch, wire: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a body field, for models that search themselves."""
    warn_unsupported_settings(search, ("context_size", "place"), warnings)
    options: Wire = {"search_context_size": search.context_size} if search.context_size else {}
    if place := user_location(search):
        options["user_location"] = {"type": place.pop("type"), "approximate": place}
    wire.fields["web_search_options"] = options


def search_always(search: WebSearch, wire: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode settings of a model that always searches as body fields."""
    warn_unsupported_settings(search, ("context_size", "place", "allowed_domains", "blocked_domains"), warnings)
    options: Wire = {"search_context_size": search.context_size} if search.context_size else {}
    if place := user_location(search):
        options["user_location"] = {name: value for name, value in place.items() if name != "type"}
    if options:
        wire.fields["web_search_options"] = options
    domains = [*search.allowed_domains, *(f"-{domain}" for domain in search.blocked_domains)]
    if domains:
        wire.fields["search_domain_filter"] = domains


def search_entry(search: WebSearch, wire: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a tool entry with parameters."""
    warn_unsupported_settings(
        search, ("context_size", "place", "allowed_domains", "blocked_domains", "max_uses"), warnings
    )
    written = {
        "search_context_size": search.context_size,
        "allowed_domains": list(search.allowed_domains),
        "excluded_domains": list(search.blocked_domains),
        "max_uses": search.max_uses,
        "user_location": user_location(search),
    }
    parameters = {name: value for name, value in written.items() if value}
    wire.entries.append({"type": quirks.web_search_type, **({"parameters": parameters} if parameters else {})})


def search_bare(search: WebSearch, wire: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a tool entry without parameters."""
    warn_unsupported_settings(search, (), warnings)
    wire.entries.append({"type": quirks.web_search_type})


def search_switch(search: WebSearch, wire: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a boolean."""
    warn_unsupported_settings(search, (), warnings)
    wire.fields["enable_search"] = True


def search_nested(search: WebSearch, wire: ProviderToolsWire, quirks: ChatQuirks, warnings: WarningCollector) -> None:
    """Encode web search as a tool entry with nested settings; at most one domain."""
    warn_unsupported_settings(search, ("allowed_domains",), warnings)
    written: Wire = {"enable": True}
    if search.allowed_domains:
        written["search_domain_filter"] = search.allowed_domains[0]
    if len(search.allowed_domains) > 1:
        warnings.clamped("web_search.allowed_domains", "only the first one is used")
    wire.entries.append({"type": "web_search", "web_search": written})


SEARCHES: dict[str, Callable[[WebSearch, ProviderToolsWire, ChatQuirks, WarningCollector], None]] = {
    "options": search_options,
    "always": search_always,
    "entry": search_entry,
    "bare": search_bare,
    "switch": search_switch,
    "nested": search_nested,
}


def write_mcp(server: RemoteMCP) -> Wire:
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


def write_tools(call: Call, quirks: ChatQuirks, warnings: WarningCollector) -> dict[str, Any]:
    config = call.config
    chosen = select_tools(config.tools, config.tool_choice, warnings, one_by_name=quirks.named_tool_choice)
    functions, native = split_tools(chosen, call, "openai_chat", warnings)
    own = [write_tool(tool, quirks, warnings) for tool in functions]
    own += [write_custom(tool, quirks, warnings) for tool, _ in native]
    provider_tools = write_provider_tools(chosen, quirks, warnings)
    if not (own or provider_tools.entries):
        return provider_tools.fields
    written: dict[str, Any] = {"tools": [*own, *provider_tools.entries], **provider_tools.fields}
    if config.tool_choice is not None:
        written.update(write_choice(config.tool_choice, quirks, warnings, {tool.name for tool, _ in native}))
    return written


def write_tool(tool: ToolDefinition, quirks: ChatQuirks, warnings: WarningCollector) -> dict[str, Any]:
    if tool.strict and not quirks.strict_tools:
        warnings.unsupported("tools.strict")
        tool = tool.model_copy(update={"strict": None})
    schema, strict = tool_schema(tool, quirks, warnings)
    function: dict[str, Any] = {"name": tool.name, "parameters": schema}
    if tool.description is not None:
        function["description"] = tool.description
    if strict is not None and quirks.strict_tools:
        function["strict"] = strict
    return {**extra_fields(tool, quirks, warnings), "type": "function", "function": function}


def write_custom(tool: CustomTool, quirks: ChatQuirks, warnings: WarningCollector) -> dict[str, Any]:
    """Encode a tool whose input is text."""
    custom: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        custom["description"] = tool.description
    if tool.grammar is not None:
        grammar = {"syntax": tool.syntax, "definition": tool.grammar}
        custom["format"] = {"type": "grammar", "grammar": grammar}
    return {**extra_fields(tool, quirks, warnings), "type": CUSTOM, CUSTOM: custom}


def write_choice(
    choice: ToolChoice, quirks: ChatQuirks, warnings: WarningCollector, custom: Collection[str] = ()
) -> dict[str, Any]:
    if len(choice.names) == 1 and choice.mode == "required" and quirks.named_tool_choice:
        if choice.names[0] in custom:
            return {"tool_choice": {"type": CUSTOM, CUSTOM: {"name": choice.names[0]}}}
        return {"tool_choice": {"type": "function", "function": {"name": choice.names[0]}}}
    word = quirks.tool_choice_words.get(choice.mode, choice.mode)
    if word is None:
        warnings.unsupported("tool_choice", f"{choice.mode!r} is not supported; the model decides")
        return {}
    return {"tool_choice": word}


CUSTOM = "custom"


@dataclass(slots=True, eq=False)
class OpenCall:
    """The call at one index of the stream. Its arguments are stored only if no ids separate the calls."""

    part: str
    id: str | None
    name: str | None
    arguments: PartialJson | None = None

    def add(self, text: str) -> None:
        """Add the next piece of the arguments."""
        if self.arguments is None:
            self.arguments = PartialJson()
        self.arguments.feed(text)

    def is_complete(self) -> bool:
        """Whether the arguments are complete, so that the next name starts another call."""
        return self.arguments is not None and self.arguments.complete


class CallReader:
    """Tracks which call a piece belongs to."""

    __slots__ = ("_calls", "_choice", "_legacy", "_open")

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._calls = 0
        self._legacy = False
        self._open: dict[int, OpenCall] = {}

    @property
    def called(self) -> bool:
        """Whether there was any call."""
        return self._calls > 0 or self._legacy

    def read(self, message: Wire, *, whole: bool) -> Iterator[Delta]:
        """Read the calls of a message; a complete message has each call once, a stream sends pieces by index."""
        for position, tool in enumerate(read_objects(message, "tool_calls")):
            yield self._call(tool, None if whole else read_index(tool, "index", 0 if "index" in tool else position))
        legacy = read_object(message, "function_call")
        if legacy.get("name") or legacy.get("arguments"):
            self._legacy = True
            yield self._call_delta("function", None, read_text(legacy, "name") or None, legacy.get("arguments"), None)

    def _call(self, tool: Wire, at: int | None) -> Delta:
        function, extras = self._function(tool)
        given, name = read_text(tool, "id") or None, read_text(function, "name") or None
        arguments = function.get("arguments")
        part = self._open_call(given, name).part if at is None else self._part_of(at, given, name, arguments)
        return self._call_delta(part, given, name, arguments, extras)

    def _function(self, tool: Wire) -> tuple[Wire, Wire | None]:
        """Return name and arguments; custom tools have text arguments, and some providers omit the nested object."""
        custom, function = read_object(tool, CUSTOM), read_object(tool, "function")
        if custom.get("name") or (custom.get("input") and not function.get("name")):
            called = {"name": custom.get("name"), "arguments": custom.get("input")}
            return called, {"type": CUSTOM}
        extras = {"extra_content": tool["extra_content"]} if tool.get("extra_content") else None
        return function or tool, extras

    def _part_of(self, at: int, given: str | None, name: str | None, arguments: Any) -> str:
        """Return the part of a call. Some servers use index 0 for all calls: a new id with a name starts a new
        call.
        """
        known = self._open.get(at)
        if known is None or is_new_call(known, given, name):
            known = self._open[at] = self._open_call(given, name)
        known.id, known.name = known.id or given, known.name or name
        if known.id is None and isinstance(arguments, str):
            known.add(arguments)
        return known.part

    def _open_call(self, given: str | None, name: str | None) -> OpenCall:
        part, self._calls = f"call{self._calls}", self._calls + 1
        return OpenCall(part, given, name)

    def _call_delta(self, part: str, given: str | None, name: str | None, arguments: Any, extras: Wire | None) -> Delta:
        is_text = isinstance(arguments, str) or arguments is None
        written = arguments if isinstance(arguments, str) else json.dumps(arguments).decode() if arguments else ""
        return ToolCallDelta(part, given, name, written, is_text, self._choice, extras)


def is_new_call(known: OpenCall, given: str | None, name: str | None) -> bool:
    """Whether this name starts another call at the same index."""
    if not name:
        return False
    if given or known.id:
        return bool(given and known.id and given != known.id)
    return known.name is not None and (known.name != name or known.is_complete())


def read_sources(body: Wire, known: set[str], part: str) -> Iterator[Delta]:
    """Read sources next to the choices, numbered as in the text; streams repeat them in every event."""
    titles = {read_text(r, "url"): read_text(r, "title") or None for r in read_objects(body, "search_results")}
    given = [one for one in (body.get("citations"), body.get("search_results")) if isinstance(one, list) and one]
    for source in given[0] if given else ():
        url, title = address(source)
        if url and url not in known:
            known.add(url)
            yield CitationDelta(part, build_citation(url=url, title=title or titles.get(url)))


def address(source: Any) -> tuple[str, str | None]:
    if isinstance(source, str):
        return source, None
    data: Wire = source if isinstance(source, dict) else {}
    return read_text(data, "url"), read_text(data, "title") or None
