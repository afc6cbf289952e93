"""Which provider has which tool that the caller runs, in which version, for which models; and deferred tools.

A model that has a search for tools gets all deferred tools marked as such, and searches them itself. Others get a
function that searches them, and the tools that the messages of the call say were found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from ...types.chat.message import Message
from ...types.config.call import AIModelCallConfig, Call
from ...types.content.parts import Content, GenericContent, ServerToolContent, ToolCallContent
from ...types.tools.provider_tools import RemoteMCP, ServerTool
from ...types.tools.tool import Tool
from ...types.tools.tool_definition import SEARCH_PARTS, ToolChoice, ToolDefinition
from .foreign_parts import drop_empty, is_failed_search, with_placeholder, without_namespace
from .plan import WarningCollector, is_own_part


@dataclass(frozen=True, slots=True)
class ToolVersion:
    """A version of a provider's tool.

    Attributes:
        version: Type of the tool in a request.
        name: Name by which the model calls it.
        family: Pattern of the models that take it, with the number of their generation as its group.
        least: The first generation that takes it.
        since: When it was published.
        beta: Feature that a request must ask for. Default None.
    """

    version: str
    name: str
    family: str
    least: tuple[int, ...]
    since: str
    beta: str | None = None

    def fits(self, model: str) -> bool:
        """Whether the model takes it."""
        match = re.search(self.family, model)
        return match is not None and numbers_of(match.group("number")) >= self.least


def numbers_of(text: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in re.split(r"[.-]", text or "") if part)


def models(name: str, *besides: str, number: str = r"\d+(?:[.-]\d{1,2})?(?!\d)") -> str:
    """Return the pattern of a family of models, without those that have one of the words `besides` in their name."""
    without = f"(?!.*(?:{'|'.join(besides)}))" if besides else ""
    return f"{name}(?P<number>{number}){without}"


CLAUDE = models("claude-(?:[a-z]+-)?")
OPUS = models("claude-opus-")
GPT = models("(?:^|/)gpt-", "image", "audio", "realtime", "tts", "transcribe")
GPT_SEARCHING = models("(?:^|/)gpt-", "image", "audio", "realtime", "tts", "transcribe", "nano")
CODEX_MINI = models("^codex-mini", number="")
PREVIEW = models("^computer-use-preview", number="")
GEMINI = models("gemini-", "image", "tts", "live", "embedding", number=r"\d+(?:\.\d+)?")
GEMINI_PREVIEW = models(r"gemini-2\.5-computer-use", number="")

EDITOR = "str_replace_based_edit_tool"
COMPUTER_2025 = "computer-use-2025-01-24"
COMPUTER_2024 = "computer-use-2024-10-22"
CUSTOM = (ToolVersion("custom", "", GPT, (5,), "2025-08-07"),)
OPENAI_SEARCH = (ToolVersion("tool_search", "", GPT_SEARCHING, (5, 4), "2026-03-05"),)
VERSIONS: Mapping[str, Mapping[str, Sequence[ToolVersion]]] = {
    "anthropic": {
        "shell": (
            ToolVersion("bash_20250124", "bash", CLAUDE, (3, 7), "2025-01-24"),
            ToolVersion("bash_20241022", "bash", CLAUDE, (3, 5), "2024-10-22", COMPUTER_2024),
        ),
        "text_editor": (
            ToolVersion("text_editor_20250728", EDITOR, CLAUDE, (4,), "2025-07-28"),
            ToolVersion("text_editor_20250124", "str_replace_editor", CLAUDE, (3, 7), "2025-01-24"),
            ToolVersion("text_editor_20241022", "str_replace_editor", CLAUDE, (3, 5), "2024-10-22", COMPUTER_2024),
        ),
        "memory": (ToolVersion("memory_20250818", "memory", CLAUDE, (4,), "2025-08-18"),),
        "computer": (
            ToolVersion("computer_20251124", "computer", OPUS, (4, 5), "2025-11-24", "computer-use-2025-11-24"),
            ToolVersion("computer_20251124", "computer", CLAUDE, (4, 6), "2025-11-24", "computer-use-2025-11-24"),
            ToolVersion("computer_20250124", "computer", CLAUDE, (3, 7), "2025-01-24", COMPUTER_2025),
            ToolVersion("computer_20241022", "computer", CLAUDE, (3, 5), "2024-10-22", COMPUTER_2024),
        ),
        "programmatic": (ToolVersion("code_execution_20260120", "code_execution", CLAUDE, (4, 5), "2026-01-20"),),
        "tool_search_bm25": (
            ToolVersion("tool_search_tool_bm25_20251119", "tool_search_tool_bm25", CLAUDE, (4, 5), "2025-11-19"),
        ),
        "tool_search_regex": (
            ToolVersion("tool_search_tool_regex_20251119", "tool_search_tool_regex", CLAUDE, (4, 5), "2025-11-19"),
        ),
    },
    "openai_responses": {
        "shell": (
            ToolVersion("shell", "shell", GPT, (5, 1), "2025-11-13"),
            ToolVersion("local_shell", "local_shell", CODEX_MINI, (), "2025-05-20"),
        ),
        "apply_patch": (ToolVersion("apply_patch", "apply_patch", GPT, (5, 1), "2025-11-13"),),
        "computer": (
            ToolVersion("computer", "computer", GPT, (5, 4), "2026-03-05"),
            ToolVersion("computer_use_preview", "computer_use_preview", PREVIEW, (), "2025-03-11"),
        ),
        "custom": CUSTOM,
        "programmatic": (ToolVersion("programmatic_tool_calling", "", GPT, (5, 6), "2026-07-22"),),
        "tool_search_bm25": OPENAI_SEARCH,
        "tool_search_regex": OPENAI_SEARCH,
    },
    "openai_chat": {"custom": CUSTOM},
    "gemini": {
        "computer": (
            ToolVersion("computerUse", "computer", GEMINI_PREVIEW, (), "2025-10-07"),
            ToolVersion("computerUse", "computer", GEMINI, (3,), "2025-12-17"),
        ),
    },
}
"""For each protocol the versions of each kind of tool, the newest one first."""

HOSTS = {
    "openai_responses": ("openai", "microsoft_openai", "microsoft_azure_ai"),
    "openai_chat": ("openai", "microsoft_openai", "microsoft_azure_ai"),
}
"""Providers that have the tools of a protocol; others have only its functions. Default: all."""

NATIVE_HOSTS = {"anthropic": ("anthropic",), "openai_responses": HOSTS["openai_responses"]}
"""Providers that search deferred tools themselves, and whose code calls tools."""


def native_version(tool: ToolDefinition, call: Call, protocol: str) -> ToolVersion | None:
    """Return the provider's own form of a tool; None if it is sent as a function."""
    kind = getattr(tool, "kind", None)
    if kind is None or str(call.endpoint.api.provider) not in HOSTS.get(protocol, (str(call.endpoint.api.provider),)):
        return None
    versions = VERSIONS.get(protocol, {}).get(kind, ())
    wanted = getattr(tool, "version", None)
    if wanted is not None:
        named = next((one for one in versions if one.version == wanted), None)
        # A version that is not in the table is sent as it is, in the form of the newest one.
        return named or (ToolVersion(wanted, versions[0].name, CLAUDE, (), "") if versions else None)
    return next((one for one in versions if one.fits(call.endpoint.ai_model.model_name)), None)


def split_tools(
    tools: Sequence[Any], call: Call, protocol: str, warnings: WarningCollector
) -> tuple[list[ToolDefinition], list[tuple[Any, ToolVersion]]]:
    """Return the tools that are sent as functions, and those that the provider has itself."""
    functions: list[ToolDefinition] = []
    native: list[tuple[Any, ToolVersion]] = []
    for tool in tools:
        if not isinstance(tool, ToolDefinition):
            continue
        version = native_version(tool, call, protocol) if isinstance(tool, Tool) else None
        if version is not None:
            native.append((tool, version))
        elif getattr(tool, "kind", None) == "computer":
            warnings.unsupported("computer", "this model has no tool for computer use; it was left out")
        else:
            functions.append(tool)
    return functions, native


def rename_choice(choice: ToolChoice | None, native: Sequence[tuple[Any, ToolVersion]]) -> ToolChoice | None:
    """Return the choice with the names that the provider gives to its own tools."""
    if choice is None or not choice.names or not native:
        return choice
    names = {tool.name: version.name or tool.name for tool, version in native}
    return choice.model_copy(update={"names": tuple(names.get(name, name) for name in choice.names)})


def load_tools(call: Call, protocol: str, warnings: WarningCollector) -> Call:
    """Return the call with the tools that are declared: of the deferred ones those that were found, if the model does
    not search them itself, and a tool that finds others.
    """
    if call.config.tools:
        call = allow_code(call, protocol, warnings)
        if any(map(is_deferred, call.config.tools)):
            searching = search_entry(call, protocol)
            call = replace(call, config=select_deferred(call, protocol, searching))
            return convert_searches(call, protocol, warnings, keeps_own=searching is not None)
    return convert_searches(call, protocol, warnings, keeps_own=True)


def is_deferred(tool: Any) -> bool:
    """Whether the tool is found by a search, or finds others."""
    return getattr(tool, "kind", None) == "tool_search" or getattr(tool, "deferred", False)


def allow_code(call: Call, protocol: str, warnings: WarningCollector) -> Call:
    """Add what a provider needs to let its code call tools; elsewhere the model calls them."""
    tools = call.config.tools
    if all(tool.called_by == MODEL for tool in tools if isinstance(tool, ToolDefinition)):
        return call
    versions = VERSIONS.get(protocol, {}).get("programmatic", ())
    if not versions or not is_known(versions[0], call, protocol):
        warnings.translated("tools.called_by", "the model calls the tools itself")
        changed = [as_called_by_model(tool) for tool in tools]
    else:
        spec = {"type": versions[0].version, **({"name": versions[0].name} if versions[0].name else {})}
        runs_code = any(runs_own_code(tool, versions[0]) for tool in tools)
        changed = [*tools, *(() if runs_code else (ServerTool(spec=spec),))]
    return replace(call, config=call.config.model_copy(update={"tools": tuple(changed)}))


MODEL = ("model",)


def as_called_by_model(tool: Any) -> Any:
    return tool.model_copy(update={"called_by": MODEL}) if isinstance(tool, ToolDefinition) else tool


def runs_own_code(tool: Any, version: ToolVersion) -> bool:
    """Whether the tool is what a provider needs to run code that calls tools."""
    if isinstance(tool, ServerTool):
        kind = str(tool.spec.get("type"))
        return kind == version.version or (bool(version.name) and kind.startswith(version.name))
    return bool(version.name) and getattr(tool, "kind", None) == version.name


def callers_of(tool: ToolDefinition, names: Mapping[str, str]) -> dict[str, Any]:
    """Return who may call a tool, under the names of the provider; nothing if only the model may."""
    return {} if tool.called_by == MODEL else {"allowed_callers": [names[one] for one in tool.called_by]}


def is_known(version: ToolVersion, call: Call, protocol: str) -> bool:
    hosts = NATIVE_HOSTS.get(protocol, ())
    return str(call.endpoint.api.provider) in hosts and version.fits(call.endpoint.ai_model.model_name)


def is_search_spec(spec: Mapping[str, Any]) -> bool:
    return str(spec.get("type")).startswith("tool_search")


def search_entry(call: Call, protocol: str) -> ServerTool | None:
    """Return the provider's own search for tools; None if the model has none that is known, or it is not wanted."""
    given = next((one for one in call.config.tools if isinstance(one, ServerTool) and is_search_spec(one.spec)), None)
    if given is not None:
        return given
    options = import_module(TOOL_SEARCH).search_options(call.config.tools)
    versions = VERSIONS.get(protocol, {}).get(f"tool_search_{options.strategy}", ())
    if options.native is False or not versions:
        return None
    if options.native is None and not is_known(versions[0], call, protocol):
        return None
    name = {"name": versions[0].name} if versions[0].name else {}
    return ServerTool(spec={"type": versions[0].version, **name})


TOOL_SEARCH = "dhenara.ai.types.tools.tool_search"
"""Loaded with the first call that has deferred tools."""


def select_deferred(call: Call, protocol: str, searching: ServerTool | None) -> AIModelCallConfig:
    """Return the config with the tools in the order in which they are declared.

    Tools that were found come last, in the order in which they were: so the beginning of a prompt stays the same.
    """
    search, config = import_module(TOOL_SEARCH), call.config
    loaded = search.loaded_tools(call.messages, lambda part: is_own_part(part, call, protocol))
    chosen = config.tool_choice.names if config.tool_choice is not None else ()
    deferred = {tool.name: tool for tool in search.deferred_tools(config.tools)}
    names = [*chosen, *loaded.elsewhere] if searching else [*chosen, *loaded.elsewhere, *loaded.here]
    revealed = {name: deferred[name].model_copy(update={"deferred": False}) for name in names if name in deferred}
    rest = [one for one in config.tools if getattr(one, "kind", None) != "tool_search" and one is not searching]
    if searching is not None:
        options = [one for one in config.tools if getattr(one, "kind", None) == "tool_search"]
        tools = [
            *(revealed.get(getattr(one, "name", ""), one) for one in rest),
            *([searching] if deferred else ()),
            *options,
        ]
    else:
        tools = [one for one in rest if not getattr(one, "deferred", False)]
        tools += [*([search.make_search_tool(config.tools)] if deferred else ()), *revealed.values()]
    return config.model_copy(update={"tools": tuple(tools)})


def convert_searches(call: Call, protocol: str, warnings: WarningCollector, *, keeps_own: bool) -> Call:
    """Leave out the searches of other providers, and those of the own one if tools are searched here now.

    No information is lost, because the tools that they found are declared.
    """
    parts = [part for message in call.messages for part in message.contents if part.type in SEARCHING]
    if not parts or not any(map(is_search, parts)):
        return call
    specified = not call.config.tools or any(
        isinstance(tool, ServerTool | RemoteMCP) and not is_search_spec(spec_of(tool)) for tool in call.config.tools
    )
    names = None if specified else {tool.name for tool in call.config.tools if isinstance(tool, ToolDefinition)}

    def convert(part: Content) -> Content | None:
        is_own = is_own_part(part, call, protocol)
        if isinstance(part, ToolCallContent):
            return without_namespace(part) if is_own and not keeps_own else part
        if is_own and keeps_own:
            return part if names is None else without_unknown(part, names)
        if is_failed_search(part):
            warnings.dropped("a tool search that failed", "it found no tools", part)
        else:
            warnings.omit_silently(part, "the tools that it found are declared")
        return None

    made = [convert_message(message, convert) for message in call.messages]
    pairs = zip(made, call.messages, strict=True)
    emptied = {id(new) for new, old in pairs if old.contents and not new.contents}
    left = drop_empty(made, lambda message: id(message) not in emptied) if emptied else made
    return replace(call, messages=tuple(with_placeholder(one) if id(one) in emptied else one for one in left))


def convert_message(message: Message, convert: Callable[[Content], Content | None]) -> Message:
    parts = [(part, convert(part) if is_search(part) else part) for part in message.contents]
    if all(new is old for old, new in parts):
        return message
    return message.model_copy(update={"contents": [new for _, new in parts if new is not None]})


SEARCHING = frozenset({"server_tool", "generic", "tool_call"})
"""Types of parts that may belong to a search."""


def is_search(part: Content) -> bool:
    """Whether the part is a search of a provider, its result, or a call that names the group of its tool."""
    match part:
        case ServerToolContent():
            return part.name in SEARCH_PARTS
        case GenericContent():
            return part.kind in SEARCH_PARTS
        case ToolCallContent() if part.extras:
            item = part.extras.get("item")
            return isinstance(item, Mapping) and "namespace" in item
    return False


def spec_of(tool: ServerTool | RemoteMCP) -> Mapping[str, Any]:
    return tool.spec if isinstance(tool, ServerTool) else {}


def without_unknown(part: Content, names: Set[str]) -> Content:
    """Return the result of a search without tools that are not declared any more, which the provider would refuse."""
    search = import_module(TOOL_SEARCH)
    if not isinstance(part, ServerToolContent | GenericContent) or names >= set(search.names_in(part.data)):
        return part
    return part.model_copy(update={"data": search.keep_names(part.data, names)})
