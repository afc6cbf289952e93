"""`DhenaraLLM` and `DhenaraEmbedding` in LlamaIndex, with every protocol."""

from __future__ import annotations

import asyncio
import base64
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai.testing import Stall

pytest.importorskip("llama_index.core")

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import CacheControl, CitableBlock, ThinkingBlock, ToolCallBlock
from llama_index.core.llms import (
    AudioBlock,
    CachePoint,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
)
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, ValidationError

from adapters.scripted import MODELS, ObedientModel, base_url
from dhenara.ai import AIModelClient
from dhenara.ai.adapters.llama_index import DhenaraEmbedding, DhenaraLLM
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

# LlamaIndex 0.14 reads deprecated attributes of pydantic in its agents.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning")

CALL = Answer(
    text="I look.",
    reasoning="Let me see.",
    signature="c2lnbmVk",
    tool_calls=(FakeToolCall("weather", {"city": "Paris"}),),
    usage=FakeUsage(input=11, output=9, cache_read=5, reasoning=2),
)
HOW = ("chat", "stream_chat", "achat", "astream_chat")


class Person(BaseModel):
    """A person."""

    name: str
    age: int


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


TOOL = FunctionTool.from_defaults(fn=weather)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(strict=True) as running:
        yield running


def llm_at(server: FakeServer, model: str = MODELS[0], **options: Any) -> DhenaraLLM:
    return DhenaraLLM(model, api_key="sk-secret", base_url=base_url(model, server.url), **options)


def sent(server: FakeServer) -> Any:
    body = server.exchanges[-1].json
    return body.get("messages") or body.get("input") or body.get("contents")


async def ask_async(llm: DhenaraLLM, how: str, messages: list[ChatMessage], options: Any) -> Any:
    if how == "achat":
        return [await llm.achat(messages, **options)]
    return [one async for one in await llm.astream_chat(messages, **options)]


def ask(llm: DhenaraLLM, how: str, messages: list[ChatMessage], **options: Any) -> list[Any]:
    """The answers of a call: one, or as it grew."""
    if how.startswith("a"):
        answers: list[Any] = asyncio.run(ask_async(llm, how, messages, options))
        return answers
    return [llm.chat(messages, **options)] if how == "chat" else list(llm.stream_chat(messages, **options))


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("model", MODELS)
def test_signed_reasoning_returns_with_the_results_of_tools(server: FakeServer, model: str, how: str) -> None:
    """The second request equals the one that our own client sends after the same answer."""
    server.add_replies(*[CALL, Answer(text="Sunny.")] * 2)
    llm = llm_at(server, model, reasoning_effort="low")
    question = ChatMessage("Weather in Paris?")
    tools = {"tools": [{"name": "weather", "parameters": TOOL.metadata.get_parameters_dict()}]}
    *_, called = ask(llm, how, [question], **tools)
    (selected,) = llm.get_tool_calls_from_response(called)
    assert (selected.tool_name, selected.tool_kwargs) == ("weather", {"city": "Paris"})
    saved = ChatMessage.model_validate_json(called.message.model_dump_json())
    about = {"tool_call_id": selected.tool_id, "name": "weather"}
    result = ChatMessage(role=MessageRole.TOOL, content="sunny", additional_kwargs=about)
    *_, answer = ask(llm, how, [question, saved, result], **tools)
    assert answer.message.content == "Sunny."
    by_adapter = sent(server)
    with AIModelClient(model, api_key="any", base_url=base_url(model, server.url)) as client:
        first = client.generate("Weather in Paris?", reasoning_effort="low", **tools)  # type: ignore[arg-type]
        part = {"type": "tool_result", "call_id": first.tool_calls[0].id, "name": "weather", "output": "sunny"}
        messages = ["Weather in Paris?", first, {"role": "tool", "contents": [part]}]
        client.generate(messages=messages, reasoning_effort="low", **tools)  # type: ignore[arg-type]
    assert by_adapter == sent(server)
    if not model.startswith("openai/gpt-5.4-mini"):
        assert "c2lnbmVk" in json.dumps(by_adapter)


@pytest.mark.parametrize("how", HOW)
def test_blocks_usage_and_cost(server: FakeServer, how: str) -> None:
    server.add_replies(CALL)
    answers = ask(llm_at(server, MODELS[2]), how, [ChatMessage("Hi")])
    thinking, text, call = answers[-1].message.blocks
    assert isinstance(thinking, ThinkingBlock)
    assert isinstance(text, TextBlock)
    assert isinstance(call, ToolCallBlock)
    assert (thinking.content, text.text, call.tool_kwargs) == ("Let me see.", "I look.", {"city": "Paris"})
    counts = answers[-1].additional_kwargs
    assert (counts["prompt_tokens"], counts["completion_tokens"], counts["total_tokens"]) == (16, 9, 25)
    assert float(counts["dhenara"]["cost"]["amount"]) > 0
    assert "".join(answer.delta or "" for answer in answers) == ("" if len(answers) == 1 else "I look.")


def test_completions(server: FakeServer) -> None:
    server.add_replies(*[Answer(text="one two three")] * 4)
    llm = llm_at(server)
    assert llm.complete("Count").text == "one two three"
    assert "".join(one.delta or "" for one in llm.stream_complete("Count")) == "one two three"

    async def both() -> tuple[str, list[str]]:
        pieces = [one.delta or "" async for one in await llm.astream_complete("Count")]
        return (await llm.acomplete("Count")).text, pieces

    text, pieces = asyncio.run(both())
    assert (text, "".join(pieces)) == ("one two three", "one two three")


def test_an_agent_calls_tools(server: FakeServer) -> None:
    server.add_replies(CALL, Answer(text="It is sunny."))

    async def run() -> str:
        agent = FunctionAgent(tools=[TOOL], llm=llm_at(server, MODELS[2]), system_prompt="Be brief.")
        return str(await agent.run("How is Paris?"))

    assert asyncio.run(run()) == "It is sunny."
    assert server.exchanges[0].json["system"] in ("Be brief.", [{"type": "text", "text": "Be brief."}])
    assert "sunny in Paris" in json.dumps(sent(server)[-1])
    assert sent(server)[1]["content"][0]["signature"] == "c2lnbmVk"


def test_predict_and_call_requires_a_tool(server: FakeServer) -> None:
    server.add_replies(CALL, Answer(text="No."))
    assert llm_at(server).predict_and_call([TOOL], "Weather?").response == "sunny in Paris"
    assert server.exchanges[-1].json["parallel_tool_calls"] is False
    with pytest.raises(ValueError, match="called no tool"):
        llm_at(server).predict_and_call([TOOL], "Weather?")


@pytest.mark.parametrize("model", MODELS)
def test_structured_prediction(model: str) -> None:
    with FakeServer(ObedientModel(), forever=True, strict=True) as server:
        prompt = PromptTemplate("Who is {name}?")
        person = llm_at(server, model).structured_predict(Person, prompt, name="Ada")
        assert person.age == 3
        *_, last = llm_at(server, model).stream_structured_predict(Person, prompt, name="Ada")
        assert last.model_dump() == person.model_dump()
        waiting = llm_at(server, model).astructured_predict(Person, prompt, name="Ada")
        assert asyncio.run(waiting) == person


def test_files_are_sent(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    png = b"\x89PNG\r\n\x1a\n"
    message = ChatMessage(
        [
            TextBlock(text="What is this?"),
            ImageBlock(image=png, image_mimetype="image/png"),
            CachePoint(cache_control=CacheControl(type="ephemeral")),
            DocumentBlock(data=b"%PDF-1.4", title="a.pdf", document_mimetype="application/pdf"),
            ImageBlock(url="https://example.com/a.png"),
            CitableBlock(title="T", source="S", content=[TextBlock(text="cited")]),
        ]
    )
    llm_at(server, MODELS[2]).chat([message])
    text, image, file, address, source = sent(server)[0]["content"]
    assert (text["text"], image["source"]["data"]) == ("What is this?", base64.b64encode(png).decode())
    assert image["cache_control"]["type"] == "ephemeral"
    assert (file["title"], file["source"]["media_type"]) == ("a.pdf", "application/pdf")
    assert address["source"]["url"] == "https://example.com/a.png"
    assert (source["type"], source["content"][0]["text"]) == ("search_result", "cited")


def test_audio_is_sent_to_models_that_take_it(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    sound = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 20
    llm_at(server, MODELS[3]).chat([ChatMessage([AudioBlock(audio=sound, format="wav")])])
    assert sent(server)[0]["parts"][0]["inlineData"]["mimeType"] == "audio/wav"


def test_options_reach_the_request(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    llm_at(server, temperature=0.5, max_tokens=7, seed=3).chat([ChatMessage("Hi")], seed=4, stop=["a"])
    body = server.exchanges[-1].json
    assert (body["max_completion_tokens"], body["temperature"], body["seed"]) == (7, 0.5, 4)
    assert body["stop"] == ["a"]


def test_unknown_options_are_errors(server: FakeServer) -> None:
    with pytest.raises((ValidationError, ConfigurationError), match="temperature") as caught:
        llm_at(server, temprature=1)
    assert "sk-secret" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="temperature"):
        llm_at(server).chat([ChatMessage("Hi")], temprature=1)
    with pytest.raises(ConfigurationError, match="there is no model"):
        DhenaraLLM()
    assert not server.exchanges


def test_typed_errors_pass_through(server: FakeServer) -> None:
    broken = CutReply(DialectReply(Answer(text="one two three four")), 6, HangUp())
    server.add_replies(Refusal(429, "slow down"), broken)
    llm = llm_at(server, max_retries=0)
    with pytest.raises(RateLimitError):
        llm.chat([ChatMessage("Hi")])
    with pytest.raises(BrokenStreamError):
        list(llm.stream_chat([ChatMessage("Hi")]))


def test_keys_are_not_serialized(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    llm = llm_at(server, temperature=0.5)
    assert "sk-secret" not in f"{llm.to_json()} {llm!r} {llm.to_dict()}"
    assert b"sk-secret" not in pickle.dumps(llm)
    loaded = pickle.loads(pickle.dumps(llm))  # noqa: S301  # made here
    assert (loaded.model, loaded.temperature, loaded.api_key) == (MODELS[0], 0.5, None)
    assert DhenaraLLM.from_dict(llm.to_dict(), api_key="sk-again").chat([ChatMessage("Hi")]).message.content == "ok"
    embedding = DhenaraEmbedding("openai/text-embedding-3-small", api_key="sk-secret")
    assert b"sk-secret" not in pickle.dumps(embedding)
    assert "sk-secret" not in f"{embedding.to_json()} {embedding!r}"


def test_metadata_comes_from_the_catalogue() -> None:
    known = DhenaraLLM(MODELS[2], max_tokens=500).metadata
    assert known.context_window > 100_000
    assert (known.num_output, known.is_chat_model, known.is_function_calling_model) == (500, True, True)


def test_a_client_of_ones_own_is_used(server: FakeServer) -> None:
    server.add_replies(Answer(text="one"), Answer(text="two"))
    with AIModelClient(MODELS[0], api_key="any", base_url=f"{server.url}/v1") as client:
        llm = DhenaraLLM(client=client)
        assert llm.model == MODELS[0]
        assert llm.chat([ChatMessage("Hi")], model="gpt-5.4").message.content == "one"
        assert llm.model_copy(deep=True).chat([ChatMessage("Hi")]).message.content == "two"
    assert [exchange.json["model"] for exchange in server.exchanges] == ["gpt-5.4", "gpt-5.4-mini"]


def test_embeddings_and_an_index(server: FakeServer) -> None:
    vectors = [Raw(json.dumps({"id": "1", "embeddings": {"float": [[0.5, 1.0]]}}).encode())] * 3
    server.add_replies(*vectors, Answer(text="Paris"))
    embedding = DhenaraEmbedding("cohere/embed-v4.0", api_key="sk-secret", base_url=server.url)
    assert asyncio.run(embedding.aget_text_embedding("a")) == [0.5, 1.0]
    index = VectorStoreIndex.from_documents([Document(text="Paris is the capital.")], embed_model=embedding)
    answer = index.as_query_engine(llm=llm_at(server)).query("The capital?")
    assert str(answer) == "Paris"
    purposes = [one.json["input_type"] for one in server.exchanges[:3]]
    assert purposes == ["search_document", "search_document", "search_query"]


def test_a_stream_that_is_left_closes_the_connection(server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="word " * 200)), 8, Stall()))
    stream: Any = llm_at(server).stream_chat([ChatMessage("Hi")])
    next(stream)
    stream.close()
    assert server.exchanges[0].wait_left()
