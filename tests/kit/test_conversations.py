"""Conversations of the kit are those of the engine: the same turns and files, asked with the kit's settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AskResult, AsyncChat, BaseProvider, Chat, UsageData
from ai_utilities.exceptions import (
    BrokenStreamError,
    ProviderCapabilityError,
    ProviderConfigurationError,
    ProviderError,
)
from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, FakeUsage, Refusal, Stall
from support.kit import Uniform, run, settings
from support.worlds import World, endpoint

LONG = Answer(text="word " * 50)


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


ASKS = Answer(tool_calls=(FakeToolCall("weather", {"city": "Paris"}),))


def test_the_engine_and_the_kit_read_each_others_files(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Answer(text="Paris."), Answer(text="Two million."), Answer(text="Many."))
    with AiClient(settings(server.url)) as client, AIModelClient(endpoint(server.url)) as engine:
        chat = client.chat(system="Be brief.")
        chat.ask("Capital of France?")
        chat.save(tmp_path / "talk.json")
        talk = Conversation.load(tmp_path / "talk.json", engine)
        talk.ask("How many live there?")
        talk.save(tmp_path / "talk.json")
        again = Chat.load(tmp_path / "talk.json", client)
        assert again.to_json() == talk.to_json()
        again.ask("How many is that?")
    reported = [message["content"] for message in server.exchanges[2].json["messages"]]
    assert reported == [
        "Be brief.",
        "Capital of France?",
        "Paris.",
        "How many live there?",
        "Two million.",
        "How many is that?",
    ]


def test_it_branches_switches_and_says_what_it_used(server: FakeServer, world: World) -> None:
    server.add_replies(*(Answer(text=word) for word in ("One.", "Two.", "Three.")))

    async def script(client: Uniform) -> None:
        chat = client.client.chat(temperature=0.5)
        await Uniform(chat).ask("1?")
        await Uniform(chat).ask("2?")
        other = chat.branch(1)
        await Uniform(other.switch(model="fake-2")).ask("3?")
        assert [turn.text for turn in chat.turns] == ["One.", "Two."]
        assert [turn.text for turn in other.turns] == ["One.", "Three."]
        assert (chat.total_tokens, other.last.model) == (chat.usage.total_tokens, "fake-2")
        assert "the model changed" in other.explain_cache()
        assert chat.undo().text == "Two."

    run(world, script, settings(server.url))
    assert [exchange.json["model"] for exchange in server.exchanges] == ["fake-1", "fake-1", "fake-2"]
    assert server.exchanges[2].json["temperature"] == 0.5


def test_a_plan_is_made_without_asking(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="One.", reasoning="Hm."))

    async def script(client: Uniform) -> None:
        chat = client.client.chat()
        await Uniform(chat).ask("1?")
        plan = chat.plan("2?", model="fake-2")
        assert (plan.model, len(plan.parts)) == ("fake-2", 4)

    run(world, script, settings(server.url))
    assert len(server.exchanges) == 1


def test_switching_takes_the_model_along_only_where_it_belongs(server: FakeServer, monkeypatch: Any) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
    with AiClient(settings(server.url)) as client:
        chat = client.chat(model="fake-2").switch(provider="anthropic")
        assert chat.options == {"provider": "anthropic"}
        with pytest.raises(ProviderConfigurationError, match="unknown provider"):
            chat.switch(provider="nobody")
        with pytest.raises(ProviderConfigurationError, match="switch needs a target"):
            chat.switch()
        assert chat.options == {"provider": "anthropic"}


def test_a_stream_that_is_left_leaves_what_had_arrived(server: FakeServer, world: World) -> None:
    server.add_replies(CutReply(DialectReply(LONG), 5, Stall()), Answer(text="Yes."))

    async def script(client: Uniform) -> None:
        chat = client.client.chat()
        stream = chat.ask_stream("Go on.")
        await client_first(stream)
        assert chat.last.interrupted
        # What had arrived beyond the pieces that were read belongs to the turn as well.
        assert chat.turns[0].text.startswith(stream.result.text)
        await Uniform(chat).ask("Sure?")

    run(world, script, settings(server.url))
    assert server.exchanges[1].json["messages"][1]["content"].startswith("word ")


def test_a_stream_that_breaks_leaves_what_had_arrived(server: FakeServer, world: World) -> None:
    server.add_replies(CutReply(DialectReply(LONG), 6))

    async def script(client: Uniform) -> None:
        chat = client.client.chat()
        with pytest.raises(BrokenStreamError):
            await client.pieces(chat.ask_stream("Go on."))
        assert chat.last.interrupted
        assert chat.turns[0].text

    run(world, script, settings(server.url, max_retries=0))


def test_a_stream_that_never_began_leaves_nothing(server: FakeServer) -> None:
    with AiClient(settings(server.url)) as client:
        chat = client.chat()
        chat.ask_stream("Go on.").close()
        assert chat.turns == ()


def test_a_run_over_tools_is_one_turn_with_everything_it_used(server: FakeServer, world: World) -> None:
    server.add_replies(ASKS, Answer(text="Sunny."), Answer(text="Still."))

    async def script(client: Uniform) -> None:
        chat = client.client.chat(tools=[weather])
        await Uniform(chat).ask("Weather in Paris?")
        (turn,) = chat.turns
        assert (turn.text, [message.role for message in turn.messages]) == (
            "Sunny.",
            ["user", "assistant", "tool", "assistant"],
        )
        assert turn.usage.total_tokens == chat.total_tokens == 36
        kind = type(chat)
        again = kind.from_json(chat.to_json(), client.client)
        assert again.to_json() == chat.to_json()
        await Uniform(again).ask("And now?")
        with pytest.raises(ConfigurationError, match="has 1 choices"):
            again.choose(1)

    run(world, script, settings(server.url))
    assert [m["role"] for m in server.exchanges[2].json["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]


def test_a_run_that_is_left_early_is_remembered_as_far_as_it_came(server: FakeServer, world: World) -> None:
    server.add_replies(ASKS, CutReply(DialectReply(LONG), 5, Stall()), Answer(text="Yes."))

    async def script(client: Uniform) -> None:
        chat = client.client.chat(tools=[weather])
        await client_first(chat.ask_stream("Weather in Paris?"))
        (turn,) = chat.turns
        assert [message.role for message in turn.messages] == ["user", "assistant", "tool", "assistant"]
        assert (turn.answer.interrupted, turn.text.startswith("word")) == (True, True)
        assert chat.undo() is turn
        await Uniform(chat).ask("Sure?")

    run(world, script, settings(server.url))
    assert len(server.exchanges[2].json["messages"]) == 1


def test_a_run_that_fails_is_remembered_as_far_as_it_came(server: FakeServer, world: World) -> None:
    server.add_replies(Refusal(400), ASKS, Refusal(400), ASKS, Refusal(400))

    async def script(client: Uniform) -> None:
        chat = client.client.chat(tools=[weather])
        with pytest.raises(ProviderError):
            await Uniform(chat).ask("Weather?")
        assert chat.turns == ()
        with pytest.raises(ProviderError):
            await Uniform(chat).ask("Weather?")
        with pytest.raises(ProviderError):
            await client.pieces(chat.ask_stream("Weather?"))
        assert [message.role for message in chat.messages] == ["user", "assistant", "tool"] * 2

    run(world, script, settings(server.url, max_retries=0))


def test_a_conversation_goes_through_the_cache(server: FakeServer) -> None:
    server.add_replies(Answer(text="Paris.", usage=FakeUsage(input=10, output=2)))
    with AiClient(settings(server.url, cache_enabled=True, cache_policy="always")) as client:
        first, second = client.chat(), client.chat()
        assert not first.ask("Capital of France?").cached
        assert second.ask("Capital of France?").cached
        assert second.turns[0].text == "Paris."
    assert len(server.exchanges) == 1


class Parrot(BaseProvider):
    """A provider that has only `ask`, and gets the history."""

    takes_context = True

    def ask(self, prompt: str, **kwargs: Any) -> AskResult:
        provided = [message.contents[0].text for message in kwargs["context"]]
        words = " ".join([kwargs.get("system", ""), *provided, prompt])
        return AskResult(text=words, usage=UsageData(prompt_tokens=3, completion_tokens=2))

    def ask_stream(self, prompt: str, **kwargs: Any) -> Iterator[str]:
        yield "half "
        yield "whole"


def test_a_provider_of_ones_own_needs_only_ask(world: World) -> None:
    async def script(client: Uniform) -> None:
        chat = client.client.chat(system="S")
        assert await Uniform(chat).ask("one") == "S one"
        assert await Uniform(chat).ask("two") == "S one S one two"
        assert chat.total_tokens == 10
        with pytest.raises(ProviderCapabilityError, match="Planning not supported"):
            chat.plan("three")
        await client_first(chat.ask_stream("three"))
        assert (chat.turns[2].text, chat.last.interrupted) == ("half ", True)
        assert type(chat).from_json(chat.to_json(), client.client).to_json() == chat.to_json()

    run(world, script, provider=Parrot())


def test_both_colours_have_the_same_names() -> None:
    assert {n for n in dir(Chat) if not n.startswith("_")} == {n for n in dir(AsyncChat) if not n.startswith("_")}


async def client_first(stream: Any) -> None:
    """Hears the first piece, and leaves."""
    if hasattr(stream, "__anext__"):
        await anext(stream)
        await stream.aclose()
    else:
        next(stream)
        stream.close()
