"""Tool search: deferred tools are declared to a model only after it has found them.

Which of them a request declares follows from its messages alone: the results of searches, ours and those of providers,
and the calls of tools. So nothing else has to be saved, and another provider gets the same tools.

Our own search ranks with BM25 (Robertson and Walker, 1994) over names, groups, descriptions and parameters. Words of
names count more than words of descriptions; identifiers are split into words, and common endings are removed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Any, Literal

from pydantic import Field

from ...errors import ConfigurationError
from ...wire import json
from ..chat.message import Message
from ..content.parts import Content, GenericContent, ServerToolContent, ToolCallContent, ToolResultContent
from ..model_base import require_type
from .provider_tools import HostedTool, read_tools
from .tool import Tool
from .tool_definition import SEARCH_PARTS, SEARCH_TOOL, ToolDefinition

MATCHES, MOST_MATCHES, LONGEST_SUMMARY = "tools", 5, 200


class ToolSearch(HostedTool):
    """Options of tool search. Without them, deferred tools are searched with the defaults.

    Attributes:
        strategy: Which of Anthropic's searches is used: by words, or by regular expressions. Others are by words.
        native: Whether the provider's own search is used. Default None: if the model is known to have one. False
            always uses the search of this package, True the provider's for each model of a protocol that has one.
        max_results: Most tools that a search of this package finds.
        namespaces: Descriptions of groups of tools, by the name that the tools have as `namespace`.
    """

    kind: Literal["tool_search"] = "tool_search"
    """Kind of the tool; always this value."""

    strategy: Literal["bm25", "regex"] = "bm25"
    native: bool | None = None
    max_results: int = Field(default=MOST_MATCHES, gt=0)
    namespaces: dict[str, str] = Field(default_factory=dict)


CASES = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WORDS = re.compile(r"[^\W_]+")
UNSPACED = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Scripts that have no spaces between words; they are searched by pairs of characters."""

COMMON = frozenset(
    WORDS.findall("a an and any are at be by can do for from how i in is it me my of on or that the this to with")
)
ENDINGS = ("ing", "ed", "s")


def words_of(text: str) -> list[str]:
    """Return the stems of the words of a text."""
    return [stem for word in WORDS.findall(text) for part in CASES.split(word) for stem in stems_of(part.casefold())]


def stems_of(word: str) -> list[str]:
    if UNSPACED.search(word):
        return [word[at : at + 2] for at in range(max(1, len(word) - 1))]
    return [] if word in COMMON else [stem_of(word)]


def stem_of(word: str) -> str:
    """Return a word without its ending: `files`, `file` and `filing` are the same."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    for ending in ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


NAME, GROUP, TEXT, PARAMETER = 3, 2, 1, 1
SATURATION, LENGTH_SHARE = 1.2, 0.75
"""The parameters k1 and b of BM25."""

LEAST_SHARE = 0.25
"""Tools whose score is below this share of the best one are left out."""


def weigh_words(tool: ToolDefinition) -> Counter[str]:
    weights: Counter[str] = Counter()
    for text, weight in texts_of(tool):
        for word in words_of(text):
            weights[word] += weight
    return weights


def texts_of(tool: ToolDefinition) -> Iterator[tuple[str, int]]:
    yield tool.name, NAME
    yield tool.namespace or "", GROUP
    yield tool.description or "", TEXT
    properties = tool.parameters.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        yield str(name), PARAMETER
        if isinstance(schema, Mapping) and isinstance(text := schema.get("description"), str):
            yield text, PARAMETER


class ToolIndex:
    """Tools that can be searched. The words are counted at the first search."""

    def __init__(self, tools: Iterable[ToolDefinition]) -> None:
        self._tools = tuple(tools)

    @cached_property
    def _counted(self) -> list[tuple[Counter[str], int]]:
        return [(weights, weights.total()) for weights in map(weigh_words, self._tools)]

    @cached_property
    def _rarity(self) -> dict[str, float]:
        """How much a word tells: less, the more tools have it."""
        having = Counter(word for weights, _ in self._counted for word in weights)
        most = len(self._tools)
        return {word: log(1 + (most - count + 0.5) / (count + 0.5)) for word, count in having.items()}

    def find(self, query: str, most: int = MOST_MATCHES) -> list[ToolDefinition]:
        """Return the tools that match best, the best one first; only those that are named if any is."""
        names = set(re.split(r"[\s,;'\"`()]+", query))
        if named := [tool for tool in self._tools if tool.name in names]:
            return named[:most]
        words = Counter(words_of(query))
        average = sum(length for _, length in self._counted) / max(1, len(self._counted)) or 1
        scored = [
            (self._score(words, weights, length / average), place)
            for place, (weights, length) in enumerate(self._counted)
        ]
        best = sorted((one for one in scored if one[0] > 0), key=lambda one: (-one[0], one[1]))[:most]
        return [self._tools[place] for score, place in best if score >= best[0][0] * LEAST_SHARE]

    def _score(self, words: Counter[str], weights: Counter[str], length: float) -> float:
        damping = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length)
        return sum(
            times * self._rarity[word] * weights[word] * (SATURATION + 1) / (weights[word] + damping)
            for word, times in words.items()
            if word in weights
        )


def deferred_tools(tools: Iterable[Any]) -> list[ToolDefinition]:
    require_type("tool search", "tools", tools, Iterable, "the tools of a call")
    return [tool for tool in tools if isinstance(tool, ToolDefinition) and tool.deferred]


def defer_tools(tools: Any, *, namespace: str | None = None) -> list[Any]:
    """Return the tools as deferred ones, such as all tools of an MCP server.

    Args:
        tools: Functions, model classes, dicts or `Tool`s.
        namespace: Group of the tools for tool search. Default None: that of each tool.

    Returns:
        The tools; those that a provider runs are not changed.
    """
    given = {"deferred": True} if namespace is None else {"deferred": True, "namespace": namespace}
    every = read_tools(tools)
    return [tool.model_copy(update=given) if isinstance(tool, ToolDefinition) else tool for tool in every]


def find_tools(query: str, tools: Iterable[Any], *, most: int = MOST_MATCHES) -> list[ToolDefinition]:
    """Search deferred tools by words, as runs do where a provider has no search of its own.

    Args:
        query: Words of what the tool does, or its name.
        tools: The tools of a call. Those that are not deferred are left out.
        most: Most tools to return.

    Returns:
        The tools that match best, the best one first; none if no word matches.

    Raises:
        ConfigurationError: The query is no text, or the tools are none.
    """
    require_type("find_tools", "query", query, str, "the words to search for")
    return ToolIndex(deferred_tools(tools)).find(query, most)


QUERY = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "Words of what the tool should do, or its name."}},
    "required": ["query"],
    "additionalProperties": False,
}


def make_search_tool(tools: Sequence[Any]) -> Tool:
    """Return the tool that searches the deferred ones of these tools, for models without a search of their own.

    Raises:
        ConfigurationError: Another tool has its name.
    """
    if any(isinstance(tool, ToolDefinition) and tool.name == SEARCH_TOOL for tool in tools):
        raise ConfigurationError(
            f"the tool name {SEARCH_TOOL!r} is taken by the search of deferred tools. Rename your tool, or use "
            "deferred=False"
        )
    options = search_options(tools)
    index = ToolIndex(deferred_tools(tools))

    def search(query: str) -> dict[str, Any]:
        return describe_matches(index.find(query, options.max_results))

    return Tool.from_schema(
        QUERY, search, name=SEARCH_TOOL, description=describe_search(deferred_tools(tools), options)
    )


def search_options(tools: Iterable[Any]) -> ToolSearch:
    return next((tool for tool in tools if isinstance(tool, ToolSearch)), None) or ToolSearch()


def describe_search(tools: Sequence[ToolDefinition], options: ToolSearch) -> str:
    """Return the description for the model, with the groups of the tools."""
    text = (
        f"Searches {len(tools)} further tools by words of their names and descriptions. Tools that were found can be "
        "called from then on. Search before you answer that something cannot be done."
    )
    groups = dict.fromkeys(tool.namespace for tool in tools if tool.namespace)
    if not groups:
        return text
    lines = [f"- {name}: {options.namespaces[name]}" if name in options.namespaces else f"- {name}" for name in groups]
    return "\n".join([f"{text} Groups of tools:", *lines])


def describe_matches(tools: Sequence[ToolDefinition]) -> dict[str, Any]:
    """Return the result of a search for the model; `loaded_tools` reads it."""
    if not tools:
        return {MATCHES: [], "hint": "No tool matches. Search with other words."}
    return {MATCHES: [{"name": tool.name, "description": (tool.description or "")[:LONGEST_SUMMARY]} for tool in tools]}


def answer_tool_search(call: ToolCallContent, tools: Sequence[Any]) -> ToolResultContent:
    """Answer a call of the search for deferred tools, where no run does it.

    The tools that it names are declared with the next call that has this result in its messages.

    Args:
        call: A call whose name is `"tool_search"`.
        tools: The tools of the call that was answered with it.

    Returns:
        The result, for the next prompt.

    Raises:
        ConfigurationError: It is a call of another tool, or an argument is of another type.
    """
    require_type("answer_tool_search", "call", call, ToolCallContent, "a tool call, such as response.tool_calls[0]")
    if call.name != SEARCH_TOOL:
        raise ConfigurationError(f"{call.name!r} is not a search for tools. Answer calls whose name is {SEARCH_TOOL!r}")
    query = call.arguments.get("query")
    result = ToolIndex(deferred_tools(tools)).find(str(query or ""), search_options(tools).max_results)
    return ToolResultContent(call_id=call.id, name=call.name, output=describe_matches(result))


@dataclass(frozen=True, slots=True)
class LoadedTools:
    """Names of tools that the messages loaded: by searches of the provider of a call, and in other ways."""

    here: tuple[str, ...]
    elsewhere: tuple[str, ...]


def loaded_tools(messages: Iterable[Message], is_own: Callable[[Content], bool]) -> LoadedTools:
    """Return the tools that a model has found or called, in the order in which it did.

    Args:
        messages: The messages of a call.
        is_own: Whether a part comes from the provider of the call, which then has loaded the tools itself.

    Returns:
        The names of the tools; they need not exist any more.
    """
    here: dict[str, None] = {}
    elsewhere: dict[str, None] = {}
    calls: dict[str, ToolCallContent] = {}
    for message in messages:
        for part in message.contents:
            match part:
                case ToolCallContent():
                    calls[part.id] = part
                    elsewhere[part.name] = None
                case ToolResultContent():
                    call = calls.get(part.call_id)
                    if (part.name or (call and call.name)) == SEARCH_TOOL:
                        elsewhere.update(dict.fromkeys(names_in(part.output)))
                    elif call is not None and call.extras.get("tool_type") == OPENAI_CALL:
                        (here if is_own(call) else elsewhere).update(dict.fromkeys(names_in(part.output)))
                case ServerToolContent() | GenericContent() if is_search_part(part):
                    (here if is_own(part) else elsewhere).update(dict.fromkeys(names_in(part.data)))
    return LoadedTools(tuple(here), tuple(name for name in elsewhere if name not in here))


INSIDE = (MATCHES, "tool_references", "content")
"""Fields of the results of searches that hold tools."""

OPENAI_CALL = "tool_search_call"


def is_search_part(part: Content) -> bool:
    """Whether the part is a search of a provider, or its result."""
    match part:
        case ServerToolContent():
            return part.name in SEARCH_PARTS
        case GenericContent():
            return part.kind in SEARCH_PARTS
    return False


def names_in(result: Any) -> Iterator[str]:
    """Return the names of tools in the result of a search, ours or that of a provider."""
    if isinstance(result, str):
        try:
            result = json.loads(result, json.DEEPEST_INSIDE)
        except ValueError:
            return
    if isinstance(result, list):
        for one in result:
            yield from names_in(one)
    elif isinstance(result, Mapping):
        name = result.get("tool_name", result.get("name"))
        inside = [result[key] for key in INSIDE if key in result]
        if isinstance(name, str) and not inside:
            yield name
        yield from names_in(inside)


def keep_names(result: Any, names: Set[str]) -> Any:
    """Return the result of a provider's search without the tools that do not exist any more."""
    if isinstance(result, list):
        inner = [(one, set(names_in(one))) for one in result]
        return [keep_names(one, names) for one, named in inner if not named or named & names]
    if isinstance(result, Mapping):
        return {key: keep_names(value, names) if key in INSIDE else value for key, value in result.items()}
    return result
