"""`DhenaraModel` in agents of pydantic-ai, with every protocol."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai.testing import Stall

pytest.importorskip("pydantic_ai")

from pydantic import BaseModel
from pydantic_ai import (
    Agent,
    BinaryContent,
    ImageUrl,
    ModelRetry,
    NativeOutput,
    PromptedOutput,
    ToolOutput,
)
from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import (
    CachePoint,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.native_tools import MemoryTool, WebFetchTool, WebSearchTool
from pydantic_ai.tools import ToolDefinition

from adapters.scripted import MODELS, ObedientModel, base_url
from dhenara.ai import AIModelClient
from dhenara.ai.adapters.pydantic_ai import DhenaraModel, DhenaraModelSettings
from dhenara.ai.errors import BrokenStreamError, ConfigurationError, RateLimitError
from dhenara.ai.testing import (
    Answer,
    CutReply,
    DialectReply,
    FakeServer,
    FakeToolCall,
    FakeUsage,
    HangUp,
    Raw,
    Refusal,
)
from dhenara.ai.types import CodeExecution

CALL = Answer(
    text="I look.",
    reasoning="Let me see.",
    signature="c2lnbmVk",
    tool_calls=(FakeToolCall("weather", {"city": "Paris"}),),
    usage=FakeUsage(input=11, output=9, cache_read=5, reasoning=2),
)


class Person(BaseModel):
    """A person."""

    name: str
    age: int


async def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(strict=True) as running:
        yield running


@pytest.fixture(autouse=True)
def event_loop_of_run_sync() -> Iterator[None]:
    """`run_sync` takes the loop of the thread, and would leave one that it makes open."""
    with asyncio.Runner() as runner:
        asyncio.set_event_loop(runner.get_loop())
        yield
    asyncio.set_event_loop(None)


def model_at(server: FakeServer, model: str = MODELS[0], **options: Any) -> DhenaraModel:
    return DhenaraModel(model, api_key="sk-secret", base_url=base_url(model, server.url), **options)


def sent(server: FakeServer) -> Any:
    body = server.exchanges[-1].json
    return body.get("messages") or body.get("input") or body.get("contents")


async def answer_of(agent: Agent[None, Any], prompt: Any, how: str, **options: Any) -> Any:
    """The result of a run, streamed or not."""
    if how == "run":
        return await agent.run(prompt, **options)
    async with agent.run_stream(prompt, **options) as streamed:
        streamed.output = await streamed.get_output()  # type: ignore[attr-defined]
        return streamed


@pytest.mark.parametrize("how", ["run", "stream"])
@pytest.mark.parametrize("model", MODELS)
def test_signed_reasoning_returns_with_the_results_of_tools(server: FakeServer, model: str, how: str) -> None:
    """The second request equals the one that our own client sends after the same answer."""
    called = Answer(reasoning=CALL.reasoning, signature=CALL.signature, tool_calls=CALL.tool_calls, usage=CALL.usage)
    server.add_replies(*[called, Answer(text="Sunny.")] * 2)
    agent = Agent(model_at(server, model), tools=[weather], model_settings={"thinking": "low"})
    result = asyncio.run(answer_of(agent, "Weather in Paris?", how))
    assert result.output == "Sunny."
    by_adapter = sent(server)
    with AIModelClient(model, api_key="any", base_url=base_url(model, server.url)) as client:
        first = client.generate("Weather in Paris?", tools=[weather], reasoning_effort="low")
        answered = {"type": "tool_result", "call_id": first.tool_calls[0].id, "output": "sunny in Paris"}
        messages = ["Weather in Paris?", first, {"role": "tool", "contents": [answered]}]
        client.generate(messages=messages, tools=[weather], reasoning_effort="low")
    assert by_adapter == sent(server)
    if not model.startswith("openai/gpt-5.4-mini"):
        assert "c2lnbmVk" in json.dumps(by_adapter)
    thought = result.all_messages()[1].parts[0]
    assert isinstance(thought, ThinkingPart)
    assert thought.content == "Let me see."
    if model.startswith("anthropic"):
        assert (thought.signature, thought.provider_name) == ("c2lnbmVk", "anthropic")


def test_a_saved_history_continues(server: FakeServer) -> None:
    server.add_replies(CALL, Answer(text="Sunny."), Answer(text="Warm."))
    agent = Agent(model_at(server, MODELS[2]), tools=[weather], model_settings={"thinking": True})
    first = agent.run_sync("Weather?")
    saved = ModelMessagesTypeAdapter.validate_json(first.all_messages_json())
    second = agent.run_sync("And tomorrow?", message_history=saved)
    assert second.output == "Warm."
    thinking = sent(server)[1]["content"][0]
    assert thinking == {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmVk"}


def test_usage_cost_and_finish_reason(server: FakeServer) -> None:
    server.add_replies(Refusal(500, "again"), Answer(text="Hello", usage=CALL.usage))
    options = DhenaraModelSettings(dhenara_options={"retry_delay": 0})
    result = Agent(model_at(server, settings=options)).run_sync("Hi")
    response = result.all_messages()[-1]
    assert isinstance(response, ModelResponse)
    usage = response.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (16, 5, 9)
    assert usage.details == {"reasoning_tokens": 2}
    assert (response.finish_reason, response.model_name, response.provider_name) == ("stop", "gpt-5.4-mini", "openai")
    assert response.provider_details is not None
    own = response.provider_details["dhenara"]
    assert float(own["cost"]["amount"]) > 0
    assert [attempt["outcome"] for attempt in own["attempts"]] == ["failed", "answered"]


@pytest.mark.parametrize("how", ["run", "stream"])
@pytest.mark.parametrize("wrap", [Person, ToolOutput(Person), NativeOutput(Person), PromptedOutput(Person)])
@pytest.mark.parametrize("model", MODELS)
def test_structured_output_in_every_mode(model: str, wrap: Any, how: str) -> None:
    prompted = Answer(text='{"name": "Ada", "age": 3}')
    with FakeServer(prompted if isinstance(wrap, PromptedOutput) else ObedientModel(), strict=True) as server:
        agent: Agent[None, Any] = Agent(model_at(server, model), output_type=wrap)
        result = asyncio.run(answer_of(agent, "Who?", how))
        body = json.dumps(server.exchanges[-1].json)
    assert isinstance(result.output, Person)
    assert result.output.age == 3
    if isinstance(wrap, PromptedOutput):
        assert "Always respond with a JSON object" in body


def test_an_invalid_output_is_requested_again(server: FakeServer) -> None:
    wrong = Answer(tool_calls=(FakeToolCall("final_result", {"name": "Ada"}, "call_1"),))
    right = Answer(tool_calls=(FakeToolCall("final_result", {"name": "Ada", "age": 3}, "call_2"),))
    server.add_replies(wrong, right)
    assert Agent(model_at(server), output_type=Person).run_sync("Who?").output == Person(name="Ada", age=3)
    *_, result = sent(server)
    assert result["role"] == "tool"
    assert "age" in result["content"]


def test_a_tool_that_asks_for_a_retry(server: FakeServer) -> None:
    again = Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "call_2"),))
    server.add_replies(CALL, again, Answer(text="Sunny."))
    agent = Agent(model_at(server, MODELS[2]))

    @agent.tool_plain(name="weather", retries=2)
    def only_rome(city: str) -> str:
        if city != "Rome":
            raise ModelRetry("Only Rome.")
        return "sunny"

    assert agent.run_sync("Weather?").output == "Sunny."
    assert "Only Rome." in json.dumps(server.exchanges[1].json)


def test_text_streams_as_it_arrives(server: FakeServer) -> None:
    server.add_replies(Answer(text="one two three four"))

    async def pieces() -> list[str]:
        async with Agent(model_at(server)).run_stream("Count") as result:
            return [piece async for piece in result.stream_text(delta=True, debounce_by=None)]

    received = asyncio.run(pieces())
    assert "".join(received) == "one two three four"
    assert len(received) > 1


def test_settings_reach_the_request(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    settings = DhenaraModelSettings(
        max_tokens=7,
        temperature=0.5,
        seed=3,
        stop_sequences=["a"],
        timeout=30,
        extra_headers={"X-Team": "t"},
        extra_body={"store": True},
        dhenara_options={"user": "ada"},
    )
    agent = Agent(model_at(server), instructions="Be brief.", system_prompt="You are kind.", model_settings=settings)
    agent.run_sync("Hi")
    body = server.exchanges[-1].json
    assert (body["max_completion_tokens"], body["seed"], body["stop"]) == (7, 3, ["a"])
    assert (body["store"], body["user"]) == (True, "ada")
    assert server.exchanges[-1].headers["x-team"] == "t"
    texts = json.dumps([message for message in body["messages"] if message["role"] != "user"])
    assert "Be brief." in texts
    assert "You are kind." in texts


def test_files_of_users_and_tools_are_sent(server: FakeServer) -> None:
    picture = BinaryContent(b"\x89PNG\r\n\x1a\n", media_type="image/png")
    server.add_replies(Answer(tool_calls=(FakeToolCall("draw"),)), Answer(text="ok"))
    agent = Agent(model_at(server, MODELS[2]))

    @agent.tool_plain
    def draw() -> list[Any]:
        """Draw."""
        return ["a picture", picture]

    document = BinaryContent(b"%PDF-1.4", media_type="application/pdf")
    agent.run_sync(["What is this?", picture, CachePoint(), document, ImageUrl("https://example.com/a.png")])
    text, image, file, address = sent(server)[0]["content"]
    assert (text["text"], image["source"]["data"]) == ("What is this?", base64.b64encode(picture.data).decode())
    assert image["cache_control"]["type"] == "ephemeral"
    assert file["source"]["media_type"] == "application/pdf"
    assert address["source"]["url"] == "https://example.com/a.png"
    assert "image/png" in json.dumps(sent(server)[2])


def test_tools_that_the_provider_runs(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    Agent(model_at(server, MODELS[2]), capabilities=[]).run_sync("News?")
    server.add_replies(Answer(text="ok"))
    parameters = ModelRequestParameters(native_tools=[WebSearchTool(allowed_domains=["example.com"], max_uses=2)])
    request: list[Any] = [ModelRequest([UserPromptPart("News?")])]
    asyncio.run(model_at(server, MODELS[2]).request(request, None, parameters))
    (tool,) = server.exchanges[-1].json["tools"]
    assert (tool["name"], tool["max_uses"], tool["allowed_domains"]) == ("web_search", 2, ["example.com"])
    server.add_replies(Answer(text="ok"))
    parameters = ModelRequestParameters(native_tools=[WebFetchTool(max_uses=3)])
    asyncio.run(model_at(server, MODELS[2]).request(request, None, parameters))
    (tool,) = server.exchanges[-1].json["tools"]
    assert (tool["name"], tool["max_uses"]) == ("web_fetch", 3)
    parameters = ModelRequestParameters(native_tools=[WebSearchTool(external_web_access=False)])
    server.add_replies(Answer(text="ok"))
    settings = DhenaraModelSettings(dhenara_options={"tools": [CodeExecution()]})
    # `run_sync` after `asyncio.run` would make a loop that it leaves open.
    asyncio.run(Agent(model_at(server, MODELS[2], settings=settings), tools=[weather]).run("Hi"))
    assert {tool["name"] for tool in server.exchanges[-1].json["tools"]} == {"weather", "code_execution"}
    with pytest.raises(UserError, match="external_web_access"):
        asyncio.run(model_at(server, MODELS[2]).request(request, None, parameters))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", "required"),
        ("auto", "auto"),
        ("none", "none"),
        (["weather"], {"type": "function", "function": {"name": "weather"}}),
    ],
)
def test_tool_choice(server: FakeServer, choice: Any, expected: Any) -> None:
    server.add_replies(Answer(text="ok"))
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [ToolDefinition(name=name, parameters_json_schema=schema) for name in ("weather", "news")]
    request: list[Any] = [ModelRequest([UserPromptPart("Weather?")])]
    settings: Any = {"tool_choice": choice}
    asyncio.run(model_at(server).request(request, settings, ModelRequestParameters(function_tools=tools)))
    assert server.exchanges[-1].json.get("tool_choice") == expected


def test_typed_errors_pass_through(server: FakeServer) -> None:
    broken = CutReply(DialectReply(Answer(text="one two three four")), 6, HangUp())
    server.add_replies(Refusal(429, "slow down"), broken)
    model = model_at(server, settings={"max_retries": 0})
    with pytest.raises(RateLimitError):
        Agent(model).run_sync("Hi")
    with pytest.raises(BrokenStreamError):
        asyncio.run(answer_of(Agent(model), "Hi", "stream"))


def test_an_answer_of_another_model_is_read(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    signed = ThinkingPart("hm", signature="c2ln", provider_name="anthropic")
    earlier: list[Any] = [
        ModelRequest([UserPromptPart("Weather?")]),
        ModelResponse([signed, TextPart("I look."), ToolCallPart("weather", '{"city": "Rome"}', "call_1")]),
        ModelRequest([ToolReturnPart("weather", {"sky": "blue"}, "call_1")]),
    ]
    Agent(model_at(server, MODELS[2]), tools=[weather]).run_sync(message_history=earlier)
    thinking, text, use = sent(server)[1]["content"]
    assert thinking == {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
    assert (text["text"], use["input"]) == ("I look.", {"city": "Rome"})


def test_tokens_can_be_counted(server: FakeServer) -> None:
    request: list[Any] = [ModelRequest([UserPromptPart("Hello there")])]
    server.add_replies(Raw(b'{"input_tokens": 9}'))
    counted = asyncio.run(model_at(server).count_tokens(request, None, ModelRequestParameters()))
    assert counted.input_tokens == 9


def test_what_is_not_supported_is_an_error(server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match="there is no model"):
        DhenaraModel()
    with pytest.raises(ConfigurationError, match="temprature"):
        Agent(model_at(server, settings=DhenaraModelSettings(dhenara_options={"temprature": 1}))).run_sync("Hi")
    parameters = ModelRequestParameters(native_tools=[MemoryTool()])
    request: list[Any] = [ModelRequest([UserPromptPart("Hi")])]
    with pytest.raises(UserError):
        asyncio.run(model_at(server).request(request, None, parameters))
    assert not server.exchanges


def test_the_key_is_not_shown(server: FakeServer) -> None:
    assert "sk-secret" not in repr(model_at(server))


def test_a_stream_that_is_left_closes_the_connection(server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="word " * 200)), 8, Stall()))

    async def leave() -> None:
        async with Agent(model_at(server)).run_stream("Hi") as result:
            async for _ in result.stream_text(delta=True, debounce_by=None):
                break

    asyncio.run(leave())
    assert server.exchanges[0].wait_left()
