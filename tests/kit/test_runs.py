"""Runs of the kit: saved, resumed and kept in a store, with validators, instructions and agents."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ai_utilities import AiClient, AsyncAiClient
from ai_utilities.exceptions import JsonParseError, ProviderConfigurationError
from dhenara.ai import SQLiteRunStore
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import Run, RunLimits, Tool


class City(BaseModel):
    degrees: int


def weather(city: str) -> str:
    """The weather now."""
    return f"31 in {city}"


APPROVED = Tool.from_function(weather, needs_approval=True)
ROME = Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "call_0"),))


def client_of(server: FakeServer, **settings: Any) -> AiClient:
    return AiClient("openai/fake-1", api_key="sk-test", base_url=f"{server.url}/v1", **settings)


def async_client_of(server: FakeServer, **settings: Any) -> AsyncAiClient:
    return AsyncAiClient("openai/fake-1", api_key="sk-test", base_url=f"{server.url}/v1", **settings)


def test_a_pending_answer_goes_on_from_its_json(server: FakeServer) -> None:
    server.add_replies(ROME, Answer(text="Hot."))
    with client_of(server, system_prompt="Be brief.") as client:
        pending = client.ask("How is Rome?", tools=[APPROVED], system="Be kind.", tags={"team": "a"})
        assert pending.run is not None
        saved = pending.run.decide({"call_0": True}).to_json()
        answer = client.ask(resume=saved, tools=[APPROVED])
    assert (str(answer), answer.run and answer.run.record.tags) == ("Hot.", {"team": "a"})
    first, second = (exchange.json["messages"] for exchange in server.exchanges)
    assert second[:2] == first
    assert second[0]["content"] == "Be kind."


async def ask_and_resume(server: FakeServer) -> str:
    async with async_client_of(server) as client:
        pending = await client.ask("How is Rome?", tools=[APPROVED])
        assert pending.run is not None
        stream = client.ask_stream(resume=pending.run.decide({"call_0": True}), tools=[APPROVED])
        return "".join([piece async for piece in stream])


def test_an_async_stream_resumes_too(server: FakeServer) -> None:
    import asyncio

    server.add_replies(ROME, Answer(text="Hot."))
    assert asyncio.run(ask_and_resume(server)) == "Hot."


def test_a_stream_resumes_a_run(server: FakeServer) -> None:
    server.add_replies(ROME, Answer(text="Hot."))
    with client_of(server) as client:
        pending = client.ask("How is Rome?", tools=[APPROVED])
        assert pending.run is not None
        assert "".join(client.ask_stream(resume=pending.run.decide({"call_0": False}), tools=[APPROVED])) == "Hot."


def test_a_prompt_with_a_run_to_resume_is_refused(server: FakeServer) -> None:
    with client_of(server) as client:
        with pytest.raises(ProviderConfigurationError, match="Leave out prompt and files"):
            client.ask("?", resume=b"{}")
        with pytest.raises(ProviderConfigurationError, match="the prompt is empty"):
            client.ask()


def test_a_store_keeps_what_ask_runs(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(ROME, Answer(text="Hot."))
    once = Tool.from_function(weather, once=True)
    store = SQLiteRunStore(tmp_path / "runs.sqlite")
    with client_of(server) as client:
        answers = [client.ask("How is Rome?", tools=[once], store=store, run_id="rome") for _ in range(2)]
    assert [str(answer) for answer in answers] == ["Hot.", "Hot."]
    assert len(server.exchanges) == 2


def test_validators_check_texts_without_any_tool(server: FakeServer) -> None:
    def check(text: str) -> None:
        if "Rome" not in text:
            raise ValueError("name the city")

    server.add_replies(Answer(text="Hot."), Answer(text="Rome is hot."))
    with client_of(server) as client:
        assert str(client.ask("?", validators=check)) == "Rome is hot."


def test_validators_check_typed_answers(server: FakeServer) -> None:
    def check(city: City) -> None:
        if city.degrees < -273:
            raise ValueError("too cold")

    async def check_async(city: City) -> None:
        check(city)

    server.add_replies(
        Answer(text='{"degrees": -300}'), Answer(text='{"degrees": 31}'), Answer(text='{"degrees": -300}')
    )
    with client_of(server) as client:
        assert client.ask_typed("?", City, validators=[check]) == City(degrees=31)
        assert "too cold" in str(server.exchanges[1].json["messages"])
        with pytest.raises(JsonParseError, match="the answer was not accepted: too cold"):
            client.ask_typed("?", City, validators=[check], max_repairs=0)
        with pytest.raises(ProviderConfigurationError, match="functions that are not async"):
            client.ask_typed("?", City, validators=[check_async])
    assert len(server.exchanges) == 3


def test_instructions_may_be_functions(server: FakeServer) -> None:
    def count(run: Run[Any]) -> str:
        return f"{len(run.steps)} steps."

    server.add_replies(ROME, Answer(text="Hot."))
    with client_of(server) as client:
        client.ask("?", tools=[weather], instructions=["Be brief.", count])
    assert "0 steps." in str(server.exchanges[0].json["messages"])
    assert "1 steps." in str(server.exchanges[1].json["messages"])


def test_a_chat_records_a_run_that_a_validator_started(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hot."))
    with client_of(server) as client:
        chat = client.conversation()
        chat.ask("?", validators=[lambda text: None])
        assert [turn.text() for turn in chat.turns] == ["Hot."]


def test_an_agent_of_the_kit_is_the_engines(server: FakeServer) -> None:
    ask = Answer(tool_calls=(FakeToolCall("research", {"prompt": "?"}, "a"),))
    server.add_replies(ask, Answer(text="31."), Answer(text="Hot."))
    with client_of(server) as client:
        agent = client.engine.as_tool("research", "Finds out.")
        answer = client.ask("?", tools=[agent])
    assert str(answer) == "Hot."
    assert answer.usage.total_tokens == 3 * 18


def test_a_run_that_a_limit_ended_before_its_first_request_is_an_empty_answer(server: FakeServer) -> None:
    limits = RunLimits(seconds=1e-9, otherwise="return")
    with client_of(server) as client:
        answer = client.ask("?", tools=[weather], limits=limits)
    assert (str(answer), answer.run and answer.run.stopped) == ("", "seconds")
    assert server.exchanges == []


AGENT = Answer(tool_calls=(FakeToolCall("research", {"prompt": "How is Rome?"}, "a"),))


@pytest.mark.parametrize("streaming", [False, True])
def test_a_chat_goes_on_with_decisions_on_the_calls_of_an_agent(streaming: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hi."), AGENT, ROME, Answer(text="31."), Answer(text="Hot."), Answer(text="Yes."))
    with client_of(server) as client:
        agent = client.engine.as_tool("research", "Finds out.", tools=[APPROVED])
        chat = client.conversation(system="Be brief.")
        chat.ask("Hi.")
        pending = chat.ask("How is Rome?", tools=[agent])
        assert pending.run is not None
        assert [call.id for call in pending.run.pending] == ["a/call_0"]
        chat = type(chat).from_json(chat.to_json(), client)
        run = chat.turns[-1].run
        assert run is not None
        decided = run.decide({"a/call_0": {"city": "Oslo"}})
        if streaming:
            assert "".join(chat.ask_stream(resume=decided, tools=[agent])).endswith("Hot.")
        else:
            assert chat.ask(resume=decided.to_json(), tools=[agent]) == "Hot."
        assert ([turn.text() for turn in chat.turns], len(server.exchanges)) == (["Hi.", "Hot."], 5)
        assert chat.usage.total_tokens == 5 * 18
        assert chat.ask("Sure?") == "Yes."
    sent = server.exchanges[5].json["messages"]
    roles = ["system", "user", "assistant", "user", "assistant", "tool", "assistant", "user"]
    assert [message["role"] for message in sent] == roles
    assert "31 in Oslo" in str(server.exchanges[3].json["messages"])


async def resume_in_chat(server: FakeServer) -> None:
    async with async_client_of(server) as client:
        chat = client.conversation()
        pending = await chat.ask("How is Rome?", tools=[APPROVED])
        assert pending.run is not None
        assert await chat.ask(resume=pending.run.decide({"call_0": True}), tools=[APPROVED]) == "Hot."
        assert [turn.text() for turn in chat.turns] == ["Hot."]


def test_an_async_chat_goes_on_with_decisions(server: FakeServer) -> None:
    server.add_replies(ROME, Answer(text="Hot."))
    asyncio.run(resume_in_chat(server))


def test_a_chat_resumes_its_last_turn_only(server: FakeServer) -> None:
    server.add_replies(ROME, ROME, ROME)
    with client_of(server) as client:
        pending = client.ask("How is Rome?", tools=[APPROVED])
        assert pending.run is not None
        decided, chat = pending.run.decide({"call_0": True}), client.conversation()
        for prompt, match in (("", "run of the last turn while its calls are pending"), ("?", "Leave out prompt")):
            with pytest.raises(ProviderConfigurationError, match=match):
                chat.ask(prompt, resume=decided, tools=[APPROVED])
            chat.ask("How is Rome?", tools=[APPROVED])
            decided = chat.turns[-1].run.decide({"call_0": True}) if chat.turns[-1].run else decided
        with pytest.raises(ProviderConfigurationError, match="the prompt is empty"):
            chat.ask()
