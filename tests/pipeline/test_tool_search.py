"""Deferred tools: declared once they were found, by the provider's search or ours, and in every later request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from anthropic.types.beta import BetaToolUnionParam
from openai.types.responses import ToolParam
from pydantic import BaseModel, TypeAdapter

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, Raw
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    InvalidValueError,
    Message,
    Prompt,
    RemoteMCP,
    Shell,
    Tool,
    ToolCallContent,
    ToolDefinition,
    ToolResultContent,
    ToolSearch,
    WebSearch,
    answer_tool_search,
    defer_tools,
    find_tools,
)
from pipeline.test_recorded_runs import served
from support.corpus import Exchange, as_parameters, exchanges
from support.runs import go, go_streaming
from support.worlds import World, endpoint

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Name of the city."}},
    "required": ["city"],
}
RESPONSES = {"protocol": "openai_responses"}
EMULATED = {
    "openai": ("gpt-5.4-mini", {}),
    "anthropic": ("claude-3-7-sonnet-20250219", {}),
    "google_ai": ("gemini-3-flash", {}),
    "amazon_bedrock": ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", {}),
    "cohere": ("command-a-03-2025", {}),
    "ollama": ("qwen3.5", {}),
    "groq": ("openai/gpt-oss-120b", {}),
    "mistral": ("mistral-large-4", {}),
}
NATIVE = {"anthropic": ("claude-sonnet-4-6", {}), "openai": ("gpt-5.4", RESPONSES)}


def weather(city: str = "") -> str:
    return f"{city}: 21 degrees"


def catalogue(size: int = 1_000) -> list[Tool]:
    """Deferred tools, of which one reports the weather."""
    tools = [
        Tool.from_schema(
            CITY, name=f"record_{number}", description=f"Reads the record of archive {number}.", deferred=True
        )
        for number in range(size - 1)
    ]
    wanted = Tool.from_schema(
        CITY, weather, name="get_forecast", description="Returns the weather of a city.", deferred=True
    )
    return [*tools, wanted]


HOUR = Tool.from_schema(CITY, name="get_hour", description="Returns the local hour.")


def at(provider: str, model: str, api: dict[str, Any]) -> AIModelEndpoint:
    config = {"region": "us-east-1", **api}
    return AIModelEndpoint(
        api=AIModelAPI(provider=provider, api_key="k", config=config), ai_model=AIModel(model_name=model)
    )


def encode(place: AIModelEndpoint, tools: Sequence[Any], messages: Sequence[Message] = (), **config: Any) -> Any:
    target = resolve(place, {})
    settings = AIModelCallConfig(tools=tools, **config)
    return target.codec.encode(Call(place, (*messages, Prompt(text="?")), settings), target.quirks)


def names_of(body: dict[str, Any]) -> list[str]:
    """The names of the functions that a request declares, in order."""
    tools = body.get("tools") or body["toolConfig"]["tools"]
    if "functionDeclarations" in tools[0]:
        tools = tools[0]["functionDeclarations"]
    return [(tool.get("function") or tool.get("toolSpec") or tool).get("name", tool.get("type")) for tool in tools]


def searched(result_output: Any, call_id: str = "s1") -> list[Message]:
    """A search of ours in a history."""
    call = ToolCallContent(id=call_id, name="tool_search", arguments={"query": "weather"})
    result = ToolResultContent(call_id=call_id, name="tool_search", output=result_output)
    return [
        Message(role="user", contents="Weather in Rome?"),
        Message(role="assistant", contents=[call]),
        Message(role="tool", contents=[result]),
    ]


MATCHES = {"tools": [{"name": "get_forecast", "description": "Returns the weather of a city."}]}


@pytest.mark.parametrize("provider", EMULATED)
def test_a_thousand_deferred_tools_cost_the_request_one_schema(provider: str) -> None:
    model, api = EMULATED[provider]
    place = at(provider, model, api)
    encoded = encode(place, [HOUR, *catalogue()])
    assert names_of(encoded.body) == ["get_hour", "tool_search"]
    assert len(json.dumps(encoded.body)) < 2_500
    whole = encode(place, [tool.model_copy(update={"deferred": False}) for tool in catalogue()])
    assert len(json.dumps(whole.body)) > 100_000
    assert encoded.warnings == ()


@pytest.mark.parametrize("provider", EMULATED)
def test_tools_of_a_search_result_are_declared_last(provider: str) -> None:
    encoded = encode(at(provider, *EMULATED[provider]), [*catalogue(), HOUR], searched(MATCHES))
    assert names_of(encoded.body) == ["get_hour", "tool_search", "get_forecast"]


def test_a_result_that_another_program_saved_as_text_counts_as_well() -> None:
    encoded = encode(at("openai", "gpt-4.1", {}), catalogue(9), searched(json.dumps(MATCHES)))
    assert names_of(encoded.body) == ["tool_search", "get_forecast"]


def test_a_tool_that_was_called_stays_declared_when_its_search_is_no_longer_in_the_history() -> None:
    call = ToolCallContent(id="c1", name="get_forecast", arguments={"city": "Rome"})
    history = [Message(role="user", contents="?"), Message(role="assistant", contents=[call])]
    result = Message(role="tool", contents=[ToolResultContent(call_id="c1", output="21")])
    encoded = encode(at("openai", "gpt-4.1", {}), catalogue(9), [*history, result])
    assert names_of(encoded.body) == ["tool_search", "get_forecast"]


def test_results_of_other_tools_load_nothing() -> None:
    messages = [
        Message(role="user", contents="?"),
        Message(role="assistant", contents=[ToolCallContent(id="c1", name="get_hour", arguments={})]),
        Message(role="tool", contents=[ToolResultContent(call_id="c1", name="get_hour", output=MATCHES)]),
    ]
    assert names_of(encode(at("openai", "gpt-4.1", {}), [HOUR, *catalogue(9)], messages).body) == [
        "get_hour",
        "tool_search",
    ]


@pytest.mark.parametrize("output", [None, [], {}, "{", "[[[", {"tools": 3}, {"tools": [1, None, {"name": 5}]}, "gone"])
def test_results_that_cannot_be_read_load_nothing(output: Any) -> None:
    encoded = encode(at("openai", "gpt-4.1", {}), catalogue(9), searched(output))
    assert names_of(encoded.body) == ["tool_search"]


def test_a_result_with_a_tool_that_does_not_exist_any_more_loads_nothing() -> None:
    encoded = encode(at("openai", "gpt-4.1", {}), catalogue(9), searched({"tools": [{"name": "dropped_table"}]}))
    assert names_of(encoded.body) == ["tool_search"]


@pytest.mark.parametrize("provider", [*EMULATED, "anthropic-native", "openai-native"])
def test_a_tool_choice_loads_the_tool_that_it_names(provider: str) -> None:
    name, _, native = provider.partition("-")
    place = at(name, *(NATIVE if native else EMULATED)[name])
    body = encode(place, [HOUR, *catalogue(9)], tool_choice="get_forecast").body
    tool = next(
        tool
        for tool in (body.get("tools") or body["toolConfig"]["tools"])
        for tool in tool.get("functionDeclarations", [tool])
        if "get_forecast" in json.dumps(tool)
    )
    assert "defer_loading" not in json.dumps(tool)


def test_anthropic_searches_itself() -> None:
    body = encode(at("anthropic", *NATIVE["anthropic"]), [HOUR, *catalogue(3)]).body
    assert [tool.get("defer_loading") for tool in body["tools"]] == [None, True, True, True, None]
    assert body["tools"][-1] == {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
    TypeAdapter(list[BetaToolUnionParam]).validate_python(body["tools"])


def test_the_strategy_of_anthropic_can_be_chosen() -> None:
    body = encode(at("anthropic", *NATIVE["anthropic"]), [*catalogue(3), ToolSearch(strategy="regex")]).body
    assert body["tools"][-1] == {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
    assert len(body["tools"]) == 4


def test_marked_instructions_mark_no_deferred_tool() -> None:
    place = at("anthropic", *NATIVE["anthropic"])
    body = encode(place, catalogue(3), prompt_cache={"instructions": True}).body
    assert ["cache_control" in tool for tool in body["tools"]] == [False, False, False, True]


def test_openai_searches_itself_and_groups_are_namespaces() -> None:
    mails = [tool.model_copy(update={"namespace": "mail"}) for tool in catalogue(3)]
    search = ToolSearch(namespaces={"mail": "Reads and sends mails."})
    body = encode(at("openai", *NATIVE["openai"]), [HOUR, *mails, search]).body
    hour, group, entry = body["tools"]
    assert (hour["name"], "defer_loading" in hour, entry) == ("get_hour", False, {"type": "tool_search"})
    assert (group["type"], group["name"], group["description"]) == ("namespace", "mail", "Reads and sends mails.")
    assert [tool["defer_loading"] for tool in group["tools"]] == [True] * 3
    TypeAdapter(list[ToolParam]).validate_python(body["tools"])


def test_groups_are_named_in_the_description_of_our_search() -> None:
    mails = [tool.model_copy(update={"namespace": "mail"}) for tool in catalogue(3)]
    body = encode(at("openai", "gpt-4.1", {}), [*mails, ToolSearch(namespaces={"mail": "Reads mails."})]).body
    assert body["tools"][0]["function"]["description"].endswith("- mail: Reads mails.")


@pytest.mark.parametrize(
    ("provider", "model", "api"),
    [
        ("anthropic", "claude-3-7-sonnet-20250219", {}),
        ("openai", "gpt-5.1", RESPONSES),
        ("openai", "gpt-5.4-nano", RESPONSES),
        ("openrouter", "x/y", RESPONSES),
    ],
)
def test_models_without_a_search_of_their_own_get_ours(provider: str, model: str, api: dict[str, Any]) -> None:
    place = at(provider, model, api)
    assert "tool_search" in names_of(encode(place, catalogue(3)).body)
    native = encode(place, [*catalogue(3), ToolSearch(native=True)]).body
    assert "defer_loading" in json.dumps(native)


def test_our_search_can_be_chosen_where_the_provider_has_one() -> None:
    for provider, (model, api) in NATIVE.items():
        body = encode(at(provider, model, api), [*catalogue(3), ToolSearch(native=False)]).body
        assert names_of(body) == ["tool_search"]
        assert "defer_loading" not in json.dumps(body)


def test_options_without_deferred_tools_send_nothing() -> None:
    for place in (at("openai", "gpt-4.1", {}), *(at(name, *about) for name, about in NATIVE.items())):
        assert names_of(encode(place, [HOUR, ToolSearch()]).body) == ["get_hour"]


def test_declarations_in_the_format_of_a_vendor_are_sent_as_they_are() -> None:
    given = {"name": "get_forecast", "input_schema": CITY, "defer_loading": True}
    raw = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
    assert encode(at("anthropic", *NATIVE["anthropic"]), [given, raw]).body["tools"] == [given, raw]


def test_a_search_in_the_format_of_a_vendor_is_used_instead_of_ours() -> None:
    raw = {"type": "tool_search", "execution": "server"}
    body = encode(at("openai", "gpt-5.1", RESPONSES), [*catalogue(3), raw]).body
    assert [tool.get("defer_loading") for tool in body["tools"]] == [True, True, True, None]
    assert body["tools"][-1] == raw


def test_a_tool_with_the_name_of_the_search_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Rename your tool"):
        encode(at("openai", "gpt-4.1", {}), [ToolDefinition(name="tool_search"), *catalogue(3)])
    with pytest.raises(InvalidValueError):
        ToolSearch(max_results=0)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("weather", "get_weather"),
        ("What is the weather like in Paris?", "get_weather"),
        ("emails", "send_email"),
        ("sending an e-mail message", "send_email"),
        ("get_exchange_rate", "get_exchange_rate"),
        ("convert currencies", "get_exchange_rate"),
        ("file queries", "search_files"),
        ("recipient", "send_email"),
        ("crm", "find_customer"),
        ("天気", "tenki"),
        ("createInvoice", "invoice_create"),
    ],
)
def test_words_find_the_tool(query: str, best: str) -> None:
    to = {"type": "object", "properties": {"to": {"type": "string", "description": "Who is the recipient."}}}
    tools = [
        Tool.from_schema(CITY, name="get_weather", description="Current weather and forecast.", deferred=True),
        Tool.from_schema(to, name="send_email", description="Sends a message.", deferred=True),
        Tool.from_schema(CITY, name="search_files", description="Queries the text of files.", deferred=True),
        Tool.from_schema(CITY, name="get_exchange_rate", description="Rate between two currencies.", deferred=True),
        Tool.from_schema(CITY, name="find_customer", namespace="crm", description="Customers.", deferred=True),
        Tool.from_schema(CITY, name="tenki", description="天気予報を調べる", deferred=True),
        Tool.from_schema(CITY, name="invoice_create", description="Bills a customer.", deferred=True),
    ]
    assert find_tools(query, tools)[0].name == best


def test_a_search_returns_only_tools_that_match() -> None:
    assert [tool.name for tool in find_tools("weather", catalogue())] == ["get_forecast"]
    assert find_tools("", catalogue()) == find_tools("xyz", catalogue()) == []
    assert len(find_tools("archive", catalogue())) == 5
    assert find_tools("archive 17", catalogue())[0].name == "record_17"
    assert [tool.name for tool in find_tools("weather archive", catalogue())] == ["get_forecast"]
    assert find_tools("hour", [HOUR]) == []


def test_deferred_tools_take_no_room_of_a_limited_history(server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    server.add_replies(Answer(text="Yes."))
    context = [Message(role=role, contents="word " * 50) for role in ("user", "assistant") * 4]
    policy = {"max_input_tokens": 2_000}
    client.generate("Still there?", context=context, tools=catalogue(), context_policy=policy)
    assert len(server.exchanges[0].json["messages"]) == 9


class Query(BaseModel):
    """Searches for pages."""

    words: str


def test_whole_lists_of_tools_can_be_deferred() -> None:
    raw = {"type": "web_search_20250305", "name": "web_search"}
    tools = defer_tools([weather, Query, HOUR, raw], namespace="all")
    assert [(tool.name, tool.deferred, tool.namespace) for tool in tools[:3]] == [
        ("weather", True, "all"),
        ("Query", True, "all"),
        ("get_hour", True, "all"),
    ]
    assert tools[0].bind({"city": "Rome"})() == "Rome: 21 degrees"
    assert HOUR.deferred is False
    assert defer_tools(tools)[0].namespace == "all"
    assert names_of(encode(at("openai", "gpt-4.1", {}), tools).body)[0] == "tool_search"


def call(name: str, call_id: str, **arguments: Any) -> Answer:
    return Answer(tool_calls=[FakeToolCall(name, arguments, id=call_id)])


def declared(server: FakeServer) -> list[list[str]]:
    return [names_of(request.json) for request in server.exchanges]


@pytest.mark.parametrize("streaming", [False, True])
def test_a_run_searches_and_calls_what_it_finds(world: World, server: FakeServer, streaming: bool) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    server.add_replies(
        call("tool_search", "s1", query="weather"), call("get_forecast", "c1", city="Rome"), Answer(text="21")
    )
    run = (go_streaming if streaming else go)(world, client, "Weather?", tools=[HOUR, *catalogue()])
    run = run[1] if streaming else run
    assert (run.stopped, run.text) == ("answered", "21")
    assert declared(server) == [
        ["get_hour", "tool_search"],
        ["get_hour", "tool_search", "get_forecast"],
        ["get_hour", "tool_search", "get_forecast"],
    ]
    assert [tool.result.text for step in run.steps for tool in step.tools if tool.result] == [
        json.dumps(MATCHES, separators=(",", ":")),
        "Rome: 21 degrees",
    ]


def test_a_required_tool_stays_required_after_a_call_of_the_search_alone(world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    server.add_replies(
        call("tool_search", "s1", query="weather"), call("get_forecast", "c1", city="Rome"), Answer(text="21")
    )
    go(world, client, "Weather?", tools=catalogue(9), tool_choice="required")
    assert [request.json.get("tool_choice") for request in server.exchanges] == ["required", "required", None]


def test_a_search_that_finds_nothing_says_so_to_the_model(world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    server.add_replies(call("tool_search", "s1", query="teleport"), Answer(text="No."))
    run = go(world, client, "Beam me up.", tools=catalogue(9))
    assert "Search with other words" in run.steps[0].tools[0].result.text
    assert declared(server) == [["tool_search"]] * 2


def test_a_search_without_words_is_an_error_for_the_model(world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    server.add_replies(call("tool_search", "s1", words=["weather"]), Answer(text="No."))
    assert go(world, client, "?", tools=catalogue(9)).steps[0].tools[0].outcome == "invalid"


def test_a_call_of_a_tool_before_its_search_is_run(world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    server.add_replies(call("get_forecast", "c1", city="Rome"), Answer(text="21"))
    run = go(world, client, "Weather?", tools=catalogue(9))
    assert run.steps[0].tools[0].outcome == "ran"
    assert declared(server) == [["tool_search"], ["tool_search", "get_forecast"]]


def test_a_plain_call_returns_the_search_and_a_helper_answers_it(world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    tools = catalogue()
    server.add_replies(call("tool_search", "s1", query="weather"), call("get_forecast", "c1", city="Rome"))
    first = world.run(client, "Weather in Rome?", tools=tools).chat_response
    (search,) = first.tool_calls
    result = Message(role="tool", contents=[answer_tool_search(search, tools)])
    history = [Message(role="user", contents="Weather in Rome?"), first.to_message()]
    second = world.run(client, result, context=history, tools=tools).chat_response
    assert second.tool_calls[0].name == "get_forecast"
    assert declared(server)[1] == ["tool_search", "get_forecast"]
    with pytest.raises(ConfigurationError, match="not a search"):
        answer_tool_search(second.tool_calls[0], tools)


def test_loaded_tools_survive_saving_and_loading(server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    server.add_replies(
        call("tool_search", "s1", query="weather"), call("get_forecast", "c1", city="Rome"), Answer(text="21")
    )
    conversation = Conversation(client)
    conversation.run("Weather?", tools=catalogue(9))
    loaded = Conversation.from_json(conversation.to_json(), client)
    server.add_replies(Answer(text="22"))
    loaded.ask("And tomorrow?", tools=catalogue(9))
    assert declared(server)[-1] == ["tool_search", "get_forecast"]


def has_results(exchange: Exchange) -> bool:
    """Whether a provider's search found tools that were called at once."""
    body, calls = str(exchange["response_body"]), exchange["expected"].get("tool_calls") or []
    return ("tool_references" in body or '"tool_search_output"' in body) and bool(calls)


SEARCHED = [one for api in ("anthropic-messages", "openai-responses") for one in exchanges(api, has_results)]
HOME = {"anthropic-messages": "anthropic", "openai-responses": "openai"}
OTHERS = {
    "anthropic": [("openai", "gpt-4.1", {}), ("openai", "gpt-5.4", RESPONSES), ("google_ai", "gemini-3-flash", {})],
    "openai": [("openai", "gpt-4.1", {}), ("anthropic", "claude-sonnet-4-6", {}), ("cohere", "command-a-03-2025", {})],
}


def deferred(calls: Sequence[dict[str, Any]]) -> list[Tool]:
    """The tools that were called, and one more, all of them deferred."""
    names = [*dict.fromkeys(call["name"] for call in calls), "never_loaded"]
    return [
        Tool.from_schema({"type": "object"}, lambda **_: "fine", name=name, description="Does it.", deferred=True)
        for name in names
    ]


@pytest.mark.parametrize("exchange", as_parameters(SEARCHED))
def test_recorded_searches_are_run_sent_back_and_survive_a_change_of_provider(
    exchange: Exchange, server: FakeServer
) -> None:
    provider = HOME[exchange["api"]]
    model, api = NATIVE[provider]
    tools = deferred(exchange["expected"]["tool_calls"])
    called = [tool.name for tool in tools[:-1]]
    reply = served(exchange)
    server.add_replies(reply, Answer(text="done"))
    client = AIModelClient(endpoint(server.url, provider, model, **api))
    run = list(client.run_streaming("?", tools=tools))[-1][1] if exchange["stream"] else client.run("?", tools=tools)
    assert run.stopped == "answered"
    assert [tool.outcome for tool in run.steps[0].tools] == ["ran"] * len(run.steps[0].tools)
    again = server.exchanges[1].json
    assert [tool["name"] for tool in again["tools"] if tool.get("defer_loading")] == [tool.name for tool in tools]
    results = [block for block in blocks_of(again) if "search" in block["type"] and block["type"] != "tool_search_call"]
    assert called[-1] in json.dumps(results)
    for name, other, config in OTHERS[provider]:
        moved = encode(at(name, other, config), tools, run.messages, strict=True)
        plain = [tool for tool in moved.body.get("tools", ()) if "defer_loading" not in json.dumps(tool)]
        assert all(any(name in json.dumps(tool) for tool in plain) for name in called)
        assert "never_loaded" not in json.dumps(plain)
        assert [block for block in blocks_of(moved.body) if "tool_search" in str(block.get("type"))] == []
        assert [one for one in moved.warnings if "search" in one.message] == []


def blocks_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The blocks or items of the messages of a request."""
    blocks: list[dict[str, Any]] = list(body.get("input", ()))
    for message in body.get("messages", ()):
        content = message.get("content")
        blocks += [block for block in content if "type" in block] if isinstance(content, list) else []
    return blocks


def test_references_to_tools_that_are_gone_are_not_sent(server: FakeServer) -> None:
    result = {
        "type": "tool_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": {
            "type": "tool_search_tool_search_result",
            "tool_references": [{"type": "tool_reference", "tool_name": name} for name in ("get_forecast", "gone")],
        },
    }
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "tool_search_tool_bm25", "input": {"query": "a"}}
    text = {"type": "text", "text": "Found."}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "end_turn"}
    server.add_replies(Raw(json.dumps({**message, "content": [search, result, text], "usage": {}}).encode()))
    place = endpoint(server.url, "anthropic", "claude-sonnet-4-6")
    answer = AIModelClient(place).generate("?", tools=catalogue(3)).chat_response.to_message()
    history = [Message(role="user", contents="?"), answer]
    (sent,) = [one for one in blocks_of(encode(place, catalogue(3), history).body) if one["type"] == result["type"]]
    assert sent["content"]["tool_references"] == [{"type": "tool_reference", "tool_name": "get_forecast"}]
    old = encode(place, [*catalogue(3), ToolSearch(native=False)], history)
    assert [block["type"] for block in blocks_of(old.body)] == ["text", "text", "text"]
    assert old.warnings == ()


def test_a_call_of_an_unknown_tool_does_not_put_all_names_into_the_prompt(server: FakeServer) -> None:
    schema = {"type": "object", "properties": {}}
    tools = [Tool.from_schema(schema, str, name=f"report_{number}", deferred=True) for number in range(1000)]
    server.add_replies(Answer(tool_calls=(FakeToolCall("reprot_1", {}),)), Answer(text="Sorry."))
    with AIModelClient(endpoint(server.url)) as client:
        run = client.run("?", tools=tools)
    assert run.tools[0].result is not None
    assert "report_0, report_1, " in run.tools[0].result.text
    assert " more" in run.tools[0].result.text
    assert len(server.exchanges[1].body) < 2500


@pytest.mark.parametrize("kind", [ToolSearch, WebSearch, Shell, RemoteMCP, Tool])
def test_a_class_of_tools_is_not_taken_for_a_schema(kind: Any, server: FakeServer) -> None:
    with (
        AIModelClient(endpoint(server.url)) as client,
        pytest.raises(ConfigurationError, match=rf"{kind.__name__} is a class of tools. Pass an object of it"),
    ):
        client.generate("?", tools=[kind])
