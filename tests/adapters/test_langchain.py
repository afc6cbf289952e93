"""`ChatDhenara`: what goes to the provider and comes back, beyond LangChain's standard suites."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai.testing import Stall

pytest.importorskip("langchain.agents")

from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.caches import InMemoryCache
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import ConfigurableField
from pydantic import BaseModel, ValidationError

from adapters.scripted import MODELS, ObedientModel, base_url
from dhenara.ai import AIModelClient
from dhenara.ai.adapters.langchain import ChatDhenara, DhenaraEmbeddings
from dhenara.ai.errors import BrokenStreamError, ConfigurationError, RateLimitError, RefusedError
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
from dhenara.ai.types import WebSearch

pytestmark = pytest.mark.filterwarnings("ignore:The function `load` is in beta")

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


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(strict=True) as running:
        yield running


def chat(server: FakeServer, model: str = MODELS[0], **options: Any) -> ChatDhenara:
    return ChatDhenara(model=model, api_key="sk-secret", base_url=base_url(model, server.url), **options)


def join(chunks: Iterator[Any]) -> Any:
    full: Any = None
    for chunk in chunks:
        full = chunk if full is None else full + chunk
    return full


def sent(server: FakeServer) -> Any:
    body = server.exchanges[-1].json
    return body.get("messages") or body.get("input") or body.get("contents")


HOW = ("invoke", "stream", "v1", "v1 stream", "events")


def ask(model: Any, messages: list[BaseMessage], how: str) -> AIMessage:
    if how == "events":
        answer: AIMessage = model.stream_events(messages, version="v3").output
        return answer
    return join(model.stream(messages)) if "stream" in how else model.invoke(messages)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("model", MODELS)
def test_signed_reasoning_returns_with_the_results_of_tools(server: FakeServer, model: str, how: str) -> None:
    """The second request equals the one that our own client sends after the same answer."""
    server.add_replies(*[CALL, Answer(text="Sunny.")] * 2)
    version = "v1" if how.startswith("v1") else None
    bound = chat(server, model, reasoning_effort="low", output_version=version).bind_tools([weather])
    question = HumanMessage("Weather in Paris?")
    called = ask(bound, [question], how)
    assert [(call["name"], call["args"]) for call in called.tool_calls] == [("weather", {"city": "Paris"})]
    saved = load(json.loads(json.dumps(dumpd(called))), allowed_objects=[type(called)])
    answer = ask(bound, [question, saved, ToolMessage("sunny", tool_call_id=called.tool_calls[0]["id"])], how)
    assert answer.text == "Sunny."
    by_adapter = sent(server)
    with AIModelClient(model, api_key="any", base_url=base_url(model, server.url)) as client:
        first = client.generate("Weather in Paris?", tools=[weather], reasoning_effort="low")
        result = {"type": "tool_result", "call_id": first.tool_calls[0].id, "output": "sunny"}
        messages = ["Weather in Paris?", first, {"role": "tool", "contents": [result]}]
        client.generate(messages=messages, tools=[weather], reasoning_effort="low")
    assert by_adapter == sent(server)
    if not model.startswith("openai/gpt-5.4-mini"):
        assert "c2lnbmVk" in json.dumps(by_adapter)


@pytest.mark.parametrize("how", HOW)
def test_reasoning_is_a_standard_block(server: FakeServer, how: str) -> None:
    server.add_replies(CALL)
    version = "v1" if how.startswith("v1") else None
    blocks = ask(chat(server, MODELS[2], output_version=version), [HumanMessage("Hi")], how).content_blocks
    assert [block["type"] for block in blocks] == ["reasoning", "text", "tool_call"]
    assert blocks[0]["reasoning"] == "Let me see."
    if version == "v1":
        assert blocks[0]["extras"] == {"signature": "c2lnbmVk"}


def test_changes_to_an_answer_are_sent(server: FakeServer) -> None:
    """A reviewer edits the arguments of a call and the text; the signed reasoning stays."""
    server.add_replies(CALL, Answer(text="Sunny."))
    model = chat(server, MODELS[2], reasoning_effort="low").bind_tools([weather])
    called = model.invoke("Weather?")
    call = {**called.tool_calls[0], "args": {"city": "Rome"}}
    edited = called.model_copy(update={"content": "I look there.", "tool_calls": [call]})
    model.invoke([HumanMessage("Weather?"), edited, ToolMessage("sunny", tool_call_id=call["id"])])
    thinking, text, use = sent(server)[1]["content"]
    assert thinking == {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmVk"}
    assert (text["text"], use["input"]) == ("I look there.", {"city": "Rome"})


def test_a_removed_call_is_not_sent(server: FakeServer) -> None:
    server.add_replies(CALL, Answer(text="Well."))
    model = chat(server, MODELS[2], reasoning_effort="low")
    called = model.invoke("Weather?").model_copy(update={"tool_calls": []})
    model.invoke([HumanMessage("Weather?"), called, HumanMessage("Never mind.")])
    assert [block["type"] for block in sent(server)[1]["content"]] == ["thinking", "text"]


def test_standard_blocks_of_media_are_sent(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    png, pdf = b"\x89PNG\r\n\x1a\n", b"%PDF-1.4"
    blocks: list[Any] = [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "base64": base64.b64encode(png).decode(), "mime_type": "image/png"},
        {"type": "file", "base64": base64.b64encode(pdf).decode(), "mime_type": "application/pdf", "filename": "a.pdf"},
        {"type": "text-plain", "text": "plain", "mime_type": "text/plain", "title": "note.txt"},
    ]
    chat(server, MODELS[2]).invoke([SystemMessage("Be brief."), HumanMessage(blocks)])
    text, image, file, note = sent(server)[0]["content"]
    assert server.exchanges[-1].json["system"] in ("Be brief.", [{"type": "text", "text": "Be brief."}])
    assert (text["text"], image["source"]["data"]) == ("What is this?", base64.b64encode(png).decode())
    assert (file["title"], file["source"]["data"]) == ("a.pdf", base64.b64encode(pdf).decode())
    assert "plain" in json.dumps(note)


def test_reasoning_of_another_integration_goes_to_its_provider(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    block = {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "c2ln"}}
    earlier = AIMessage(content_blocks=[block, {"type": "text", "text": "Hello"}])  # type: ignore[list-item]
    chat(server, MODELS[2]).invoke([HumanMessage("Hi"), earlier, HumanMessage("Go on")])
    assert sent(server)[1]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "c2ln"}


def test_usage_cost_and_attempts_are_in_the_metadata(server: FakeServer) -> None:
    server.add_replies(Refusal(500, "again"), CALL)
    answer = chat(server, model_kwargs={"retry_delay": 0}).invoke("Hi")
    assert answer.usage_metadata == {
        "input_tokens": 16,
        "output_tokens": 9,
        "total_tokens": 25,
        "input_token_details": {"cache_read": 5, "cache_creation": 0},
        "output_token_details": {"reasoning": 2},
    }
    own = answer.response_metadata["dhenara"]
    assert float(own["cost"]["amount"]) > 0
    assert [attempt["outcome"] for attempt in own["attempts"]] == ["failed", "answered"]


def test_options_reach_the_request(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"), Answer(text="ok"))
    model = chat(server, temperature=0.5, max_tokens=7, stop=["a"], seed=3, default_headers={"X-Team": "t"})
    model.invoke("Hi", seed=4)
    body = server.exchanges[-1].json
    assert (body["max_completion_tokens"], body["stop"], body["seed"]) == (7, ["a"], 4)
    assert server.exchanges[-1].headers["x-team"] == "t"
    model.bind(stop=["b"]).invoke("Hi")
    assert server.exchanges[-1].json["stop"] == ["b"]


@pytest.mark.parametrize("wrong", [{"temprature": 1}, {"model_kwargs": {"temprature": 1}}])
def test_an_unknown_option_is_an_error(server: FakeServer, wrong: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, ConfigurationError), match="temperature") as caught:
        chat(server, **wrong).invoke("Hi")
    assert "sk-secret" not in str(caught.value)
    assert not server.exchanges


def test_neither_model_nor_client_is_an_error() -> None:
    with pytest.raises(ValidationError, match="there is no model"):
        ChatDhenara()


def test_typed_errors_pass_through(server: FakeServer) -> None:
    server.add_replies(
        *[Refusal(429, "slow down")] * 3, CutReply(DialectReply(Answer(text="one two three four")), 6, HangUp())
    )
    model = chat(server, max_retries=0)
    with pytest.raises(RateLimitError):
        model.invoke("Hi")
    with pytest.raises(RateLimitError):
        asyncio.run(model.ainvoke("Hi"))
    with pytest.raises(RateLimitError):
        list(model.stream("Hi"))
    with pytest.raises(BrokenStreamError) as caught:
        list(model.stream("Hi"))
    assert caught.value.partial is not None


def test_keys_are_not_serialized(server: FakeServer) -> None:
    model = chat(server, default_headers={"Authorization": "Bearer sk-other"})
    shown = f"{json.dumps(dumpd(model))} {model!r} {model.asdict()} {dumpd(model.bind_tools([weather]))}"
    assert "sk-secret" not in shown
    assert "sk-other" not in shown
    loaded = load(
        dumpd(model),
        allowed_objects=[ChatDhenara],
        valid_namespaces=["dhenara"],
        secrets_map={"OPENAI_API_KEY": "sk-again"},
    )
    assert loaded.model == model.model
    assert loaded.api_key.get_secret_value() == "sk-again"


def test_a_cache_of_langchain_answers_the_second_call(server: FakeServer) -> None:
    server.add_replies(Answer(text="Paris"))
    cached = chat(server, cache=InMemoryCache())
    assert cached.invoke("Capital?").text == cached.invoke("Capital?").text == "Paris"
    assert len(server.exchanges) == 1


def test_fields_can_be_configured(server: FakeServer) -> None:
    server.add_replies(Answer(text="one"), Answer(text="two"))
    fields = {"model": ConfigurableField(id="model"), "max_tokens": ConfigurableField(id="max_tokens")}
    model = chat(server).configurable_fields(**fields)  # type: ignore[arg-type]
    model.invoke("Hi")
    assert server.exchanges[-1].json["model"] == "gpt-5.4-mini"
    model.invoke("Hi", config={"configurable": {"model": "openai/gpt-5.4", "max_tokens": 9}})
    assert server.exchanges[-1].json["model"] == "gpt-5.4"
    assert server.exchanges[-1].json["max_completion_tokens"] == 9


def test_a_client_of_ones_own_is_used(server: FakeServer) -> None:
    server.add_replies(Answer(text="one"), Answer(text="two"))
    with AIModelClient(MODELS[0], api_key="any", base_url=f"{server.url}/v1") as client:
        model = ChatDhenara(client=client)
        assert model.model == MODELS[0]
        assert model.invoke("Hi").text == "one"
        assert model.invoke("Hi", model="gpt-5.4").text == "two"
    assert [exchange.json["model"] for exchange in server.exchanges] == ["gpt-5.4-mini", "gpt-5.4"]


def test_tools_that_the_provider_runs_can_be_bound(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    chat(server, MODELS[2]).bind_tools([WebSearch(), weather], tool_choice="auto").invoke("News?")
    assert {tool["name"] for tool in server.exchanges[-1].json["tools"]} == {"web_search", "weather"}


@pytest.mark.parametrize("model", MODELS)
def test_an_agent_of_langchain(server: FakeServer, model: str) -> None:
    """Tools, then an object in the format that the provider enforces; signed reasoning goes back with the results."""
    server.add_replies(CALL, Answer(text='{"name": "Ada", "age": 3}'))
    agent: Any = create_agent(
        chat(server, model, reasoning_effort="low"), [weather], response_format=ProviderStrategy(Person)
    )
    result = agent.invoke({"messages": [("human", "Weather, and who?")]})
    assert result["structured_response"] == Person(name="Ada", age=3)
    assert "sunny in Paris" in json.dumps(sent(server))
    if not model.startswith("openai/gpt-5.4-mini"):
        assert "c2lnbmVk" in json.dumps(sent(server))


def test_an_agent_with_a_tool_as_its_output(server: FakeServer) -> None:
    person = Answer(tool_calls=(FakeToolCall("Person", {"name": "Ada", "age": 3}, "call_2"),))
    server.add_replies(CALL, person)
    agent: Any = create_agent(chat(server, MODELS[2]), [weather], response_format=ToolStrategy(Person))
    result = agent.invoke({"messages": [("human", "Weather, and who?")]})
    assert result["structured_response"] == Person(name="Ada", age=3)


def test_the_profile_comes_from_the_catalogue() -> None:
    profile = ChatDhenara(model=MODELS[2]).profile
    assert profile is not None
    assert profile["max_input_tokens"] > 100_000
    assert (profile["tool_calling"], profile["image_inputs"], profile["audio_inputs"]) == (True, True, False)
    assert not ChatDhenara(model="openai/nobody-has-this").profile


def test_a_stream_that_is_left_closes_the_connection(server: FakeServer) -> None:
    server.add_replies(*[CutReply(DialectReply(Answer(text="word " * 200)), 8, Stall())] * 2)
    stream = chat(server).stream("Hi")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert server.exchanges[0].wait_left()

    async def leave() -> None:
        pieces = chat(server).astream("Hi")
        await anext(pieces)
        await pieces.aclose()  # type: ignore[attr-defined]

    asyncio.run(leave())
    assert server.exchanges[1].wait_left()


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("model", MODELS)
def test_structured_output_with_the_raw_message(model: str, method: Any) -> None:
    described = Answer(text='{"name": "Ada", "age": 3}')
    with FakeServer(described if method == "json_mode" else ObedientModel(), strict=True) as server:
        result = chat(server, model).with_structured_output(Person, method=method, include_raw=True).invoke("Who?")
    assert isinstance(result, dict)
    assert result["parsed"].age == 3
    assert result["parsing_error"] is None
    assert isinstance(result["raw"], AIMessage)
    assert bool(result["raw"].tool_calls) is (method == "function_calling")


def test_invalid_structured_output_is_reported(server: FakeServer) -> None:
    server.add_replies(Answer(text='{"name": 1}'), Answer(refusal="No."), Answer(refusal="No."))
    model = chat(server).with_structured_output(Person, include_raw=True)
    result = model.invoke("Who?")
    assert isinstance(result, dict)
    assert (result["parsed"], type(result["parsing_error"]).__name__) == (None, "OutputParserException")
    result = model.invoke("Who?")
    assert isinstance(result, dict)
    assert isinstance(result["parsing_error"], RefusedError)
    with pytest.raises(RefusedError):
        chat(server).with_structured_output(Person).invoke("Who?")


def test_unknown_method_of_structured_output() -> None:
    with pytest.raises(ConfigurationError, match="there is no method"):
        ChatDhenara(model=MODELS[0]).with_structured_output(Person, method="magic")  # type: ignore[arg-type]


def test_embeddings_tell_documents_from_queries(server: FakeServer) -> None:
    server.add_replies(*[Raw(json.dumps({"id": "1", "embeddings": {"float": [[0.5, 1.0]]}}).encode())] * 2)
    model = DhenaraEmbeddings("cohere/embed-v4.0", api_key="sk-secret", base_url=server.url)
    assert model.embed_documents(["a"]) == [[0.5, 1.0]]
    assert asyncio.run(model.aembed_query("a")) == [0.5, 1.0]
    assert [one.json["input_type"] for one in server.exchanges] == ["search_document", "search_query"]
    assert model.embed_documents([]) == []
    assert "sk-secret" not in repr(model)
