"""Values of tools and of runs that can only be a mistake are refused where they are written, with a typed error."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest

from ai_utilities import AiClient
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    CodeExecution,
    FileSearch,
    GoogleMaps,
    ImageGeneration,
    RemoteMCP,
    Run,
    ServerTool,
    Tool,
    ToolDefinition,
    UserLocation,
    WebFetch,
    WebSearch,
    XSearch,
    answer_tool_search,
    find_tools,
    read_mcp_calls,
)
from support.worlds import endpoint

JANUARY, MARCH = datetime.date(2026, 1, 31), datetime.date(2026, 3, 1)


def weather(city: str) -> str:
    """The weather in a city."""
    return city


def short_repr(value: Any) -> str:
    """An id that is the same in each process: the beginning of the `repr`, without addresses."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))[:30]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: XSearch(from_date=MARCH, to_date=JANUARY), "from_date 2026-03-01 is after to_date 2026-01-31"),
        (
            lambda: XSearch(allowed_handles=("a",), excluded_handles=("b",)),
            "and excluded_handles exclude",
        ),
        (
            lambda: WebFetch(allowed_domains=("a.example",), blocked_domains=("b.example",)),
            "and blocked_domains exclude",
        ),
        (lambda: GoogleMaps(latitude=52.5), "GoogleMaps: longitude is missing"),
        (lambda: GoogleMaps(longitude=13.4), "GoogleMaps: latitude is missing"),
        (lambda: RemoteMCP(name="docs", url="x"), 'RemoteMCP: url must be a whole address: url="https://'),
        (lambda: RemoteMCP(name="docs", url="ftp://docs.example"), "RemoteMCP: url must be a whole address"),
        (lambda: RemoteMCP(name="docs", url="https://"), "RemoteMCP: url must be a whole address"),
        (lambda: RemoteMCP(name="docs", url="https://[::1"), "RemoteMCP: url must be a whole address"),
        (lambda: RemoteMCP(name=" ", url="https://docs.example/mcp"), "RemoteMCP: name has an empty text"),
        (lambda: RemoteMCP(name="docs", url="https://docs.example", allowed_tools=("",)), "allowed_tools has an empty"),
        (lambda: WebSearch(allowed_domains=("",)), "WebSearch: allowed_domains has an empty text"),
        (lambda: FileSearch(store_ids=("",)), "FileSearch: store_ids has an empty text"),
        (lambda: CodeExecution(container=""), "CodeExecution: container has an empty text"),
        (lambda: ImageGeneration(model=""), "ImageGeneration: model has an empty text"),
        (lambda: ServerTool(spec={}), "spec"),
        (lambda: ToolDefinition(name=""), "name"),
        (lambda: Tool(name=""), "name"),
    ],
)
def test_a_tool_that_no_provider_takes_is_refused_when_it_is_made(make: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        make()


def test_tools_with_both_ends_of_a_range_are_made() -> None:
    assert XSearch(from_date=JANUARY, to_date=JANUARY).to_date == JANUARY
    assert GoogleMaps(latitude=0, longitude=0).latitude == 0
    assert RemoteMCP(name="docs", url="http://localhost:8000/mcp").name == "docs"
    assert WebSearch(allowed_domains=("a.example",), blocked_domains=("b.a.example",)).blocked_domains


WRONG_TOOLS: list[Any] = [
    *(5, True, [5], "weather", ["weather"], [None], [int], [object()], [[weather]], [b"x"], [{}], [{5: 5}]),
    *([{"kind": 5}], [{"kind": []}], [{"name": 5}], [{"properties": 5, "title": 5}], [weather, weather]),
]


@pytest.mark.parametrize("tools", WRONG_TOOLS, ids=short_repr)
def test_what_is_no_tool_is_refused_before_anything_is_sent(tools: Any, server: FakeServer) -> None:
    with AIModelClient(endpoint(server.url)) as client:
        for act in (client.run, client.generate):
            with pytest.raises(ConfigurationError):
                act("?", tools=tools)
        with pytest.raises(ConfigurationError):
            client.as_tool("research", "Finds out.", tools=tools)
    assert server.exchanges == []


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Tool.from_function(5), "a tool is made from a function, not int"),  # type: ignore[arg-type]
        (lambda: Tool.from_function(weather, name=5), "invalid tool name 5"),  # type: ignore[arg-type]
        (lambda: Tool.from_function(weather, name=""), "invalid tool name ''"),
        (lambda: Tool.from_type(5), "made from a class with fields, not 5"),  # type: ignore[arg-type]
        (lambda: Tool.from_type(dict, 5), "a tool is made from a function, not int"),  # type: ignore[arg-type]
        (lambda: Tool.from_schema({"type": "object"}, name=5), "invalid tool name 5"),  # type: ignore[arg-type]
        (lambda: Tool.from_schema({"type": "object"}, 5, name="a"), "from a function, not int"),  # type: ignore[arg-type]
        (lambda: Tool.from_schema(5, name="a"), "the tool 'a'"),  # type: ignore[arg-type]
        (lambda: Run.load(5), "takes the path of a file, not int"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments_of_tools_are_named(make: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        make()


SETTINGS: list[tuple[str, Any]] = [
    *[(name, value) for name in ("step", "approve", "on_event", "on_end", "store") for value in (5, "runs.sqlite")],
    *[("validators", value) for value in (5, True, [5], "check", {"a": 1})],
    *[("instructions", value) for value in (5, [5], {"a": 1}, [None], [lambda run: "a", 5])],
    *[("tags", value) for value in (5, ["a"], {"a": 1}, {1: "a"})],
    *[("limits", value) for value in (5, {"rounds": "x"}, {5: 5}, {"round": 1})],
    *[("run_id", 5), ("run_id", ""), ("repairs", "x"), ("repairs", -1), ("tool_errors", []), ("resume", 5)],
    *[("output", 5), ("context", 5), ("messages", 5), ("tool_choice", 5)],
]


@pytest.mark.parametrize(("name", "value"), SETTINGS, ids=short_repr)
def test_wrong_settings_of_a_run_are_refused_before_anything_is_sent(name: str, value: Any, server: FakeServer) -> None:
    given: Any = {name: value, "tools": [weather]}
    with AIModelClient(endpoint(server.url)) as client:
        with pytest.raises(ConfigurationError):
            client.run(None if name in ("resume", "messages") else "?", **given)
        with pytest.raises(ConfigurationError):
            client.as_tool("research", "Finds out.", **given)
        with pytest.raises(ConfigurationError):
            list(client.run_streaming(None if name in ("resume", "messages") else "?", **given))
    assert server.exchanges == []


@pytest.mark.parametrize(
    ("name", "value"), [one for one in SETTINGS if one[0] not in ("output", "messages")], ids=short_repr
)
def test_the_kit_refuses_them_too(name: str, value: Any, server: FakeServer) -> None:
    server.add_replies(Answer(text="no"))
    name = "system" if name == "instructions" else name
    prompt: Any = () if name == "resume" else ("?",)
    with (
        AiClient("openai/gpt-5.4-mini", api_key="k", base_url=f"{server.url}/v1") as client,
        pytest.raises(ConfigurationError),
    ):
        client.ask(*prompt, tools=[weather], **{name: value})
    assert server.exchanges == []


def test_an_agent_has_a_name_a_description_and_a_yes_or_no(server: FakeServer) -> None:
    with AIModelClient(endpoint(server.url)) as client:
        for arguments in ((5, "Finds out."), (None, "Finds out."), ("research", 5)):
            with pytest.raises(ConfigurationError):
                client.as_tool(*arguments)  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match="needs_approval must be True or False, not 5"):
            client.as_tool("research", "Finds out.", needs_approval=5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: UserLocation(country="Germany"), "country"),
        (lambda: UserLocation(country="D"), "country"),
        (lambda: ToolDefinition(name="a b"), "invalid tool name 'a b': use letters, digits, _ and -"),
        (lambda: Tool(name="a\tb"), "invalid tool name"),
        (lambda: find_tools(3, []), "takes the words to search for, not int"),  # type: ignore[arg-type]
        (lambda: find_tools("words", None), "takes the tools of a call, not NoneType"),  # type: ignore[arg-type]
        (lambda: answer_tool_search("x", []), "takes a tool call"),  # type: ignore[arg-type]
        (lambda: read_mcp_calls(None), "takes parts of an answer"),  # type: ignore[arg-type]
    ],
)
def test_values_of_tools_and_searches_that_can_only_be_mistakes(mistake: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        mistake()


def test_a_country_has_two_letters() -> None:
    assert UserLocation(country="DE").country == "DE"
