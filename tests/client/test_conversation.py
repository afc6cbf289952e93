"""Conversations: they grow, move, branch, are taken back, and come home from a file byte by byte."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation, Turn
from dhenara.ai.errors import CallError, ConfigurationError, OutputExistsError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, FakeUsage, Refusal, Stall
from dhenara.ai.types import ChatModelCostData, ChatResponse, ChatResponseChoice, Message, ToolResultContent
from support.calls import histories
from support.thorough import examples
from support.worlds import Async, World, endpoint

PROVIDERS = ["openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "mistral", "deepseek", "ollama"]
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(2))


def ask(world: World, talk: Conversation, *provided: Any, **config: Any) -> ChatResponse:
    """Asks in this world; the answer."""
    if world.name == "blocking":
        response = talk.ask(*provided, **config)
    else:
        response = cast("Async", world).start(lambda: talk.ask_async(*provided, **config))
    assert response.chat_response is not None
    return response.chat_response


def streamed(world: World, talk: Conversation, *provided: Any, at_most: int = 10**6) -> list[Any]:
    """The events of a streamed turn, which is closed after so many."""
    if world.name == "blocking":
        with talk.stream(*provided) as stream:
            return [pair for pair, _ in zip(stream, range(at_most), strict=False)]

    async def drain() -> list[Any]:
        actual: list[Any] = []
        async with await talk.stream_async(*provided) as stream:
            async for pair in stream:
                actual.append(pair)
                if len(actual) == at_most:
                    break
        return actual

    actual: list[Any] = cast("Async", world).start(drain)
    return actual


def test_a_conversation_sends_earlier_turns(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello, Ann."), Answer(text="Ann."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation("Be brief.")
    ask(world, talk, "I am Ann.")
    assert ask(world, talk, "Who am I?").text() == "Ann."
    reported = server.exchanges[1].json["messages"]
    assert [m["role"] for m in reported] == ["system", "user", "assistant", "user"]
    assert [turn.text for turn in talk.turns] == ["Hello, Ann.", "Ann."]
    world.close(client)


def test_a_streamed_turn_is_remembered_too(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello, Ann."), Answer(text="Ann."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    events = streamed(world, talk, "I am Ann.")
    assert events[-1][1].chat_response.text() == "Hello, Ann."
    assert talk.last is not None
    assert (talk.last.text(), talk.last.interrupted) == ("Hello, Ann.", False)
    assert ask(world, talk, "Who am I?").text() == "Ann."
    world.close(client)


def test_a_stream_that_is_closed_early_leaves_what_had_arrived(world: World, server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="word " * 50)), 12, Stall()), Answer(text="Ann."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    streamed(world, talk, "Go on.", at_most=5)
    assert talk.last is not None
    assert talk.last.interrupted
    assert 0 < len(talk.last.text()) < 250
    ask(world, talk, "Stop.")
    assert server.exchanges[1].json["messages"][1]["content"] == talk.turns[0].text
    world.close(client)


def test_a_call_that_fails_leaves_it_as_it_was(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="One."), Refusal(400), CutReply(DialectReply(Answer(text="word " * 50)), 6))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    ask(world, talk, "Count.")
    before = talk.to_json()
    with pytest.raises(CallError):
        ask(world, talk, "And?")
    assert talk.to_json() == before
    streamed(world, talk, "And?")
    assert talk.last is not None
    assert talk.last.interrupted
    world.close(client)


@pytest.mark.parametrize("seed", range(6))
def test_every_turn_may_go_to_another_vendor(seed: int) -> None:
    """With tools and thinking, against servers that refuse what those vendors refuse."""
    chance = random.Random(seed)
    answers = [
        Answer(text="", reasoning="Hm.", tool_calls=(FakeToolCall("look", {"at": "tree"}, f"call_{n}"),))
        for n in range(9)
    ]
    with FakeServer(*answers, Answer(text="Done."), strict=True) as server:
        places = [endpoint(server.url, provider) for provider in PROVIDERS]
        with AIModelClient(places[0]).conversation("Look at trees.") as talk:
            talk.ask("Look!")
            for _ in range(8):
                call = talk.last.tool_calls()[0]  # type: ignore[union-attr]  # there is an answer
                talk.switch(chance.choice(places))
                talk.ask(ToolResultContent(call_id=call.id, output={"seen": "a tree"}))
            last = talk.last.tool_calls()[0]  # type: ignore[union-attr]  # as above
            answer = talk.ask(ToolResultContent(call_id=last.id, output="a tree"), "Enough.")
            assert answer.chat_response is not None
            assert answer.chat_response.text() == "Done."
            talk.client.close()


def test_undone_turns_are_not_sent_again(server: FakeServer) -> None:
    server.add_replies(Answer(text="One."), Answer(text="Two."), Answer(text="Three."))
    talk = AIModelClient(endpoint(server.url)).conversation()
    talk.ask("A?")
    talk.ask("B?")
    assert talk.undo().text == "Two."
    talk.ask("C?")
    assert [m["content"] for m in server.exchanges[-1].json["messages"]] == ["A?", "One.", "C?"]


def test_a_branch_goes_its_own_way(server: FakeServer) -> None:
    server.add_replies(*(Answer(text=text) for text in ("One.", "Two.", "Three.")))
    talk = AIModelClient(endpoint(server.url)).conversation()
    talk.ask("A?")
    other = talk.branch()
    talk.ask("B?")
    other.ask("C?")
    assert ([t.text for t in talk.turns], [t.text for t in other.turns]) == (["One.", "Two."], ["One.", "Three."])
    assert other.branch(0).turns == ()


def test_instructions_last_or_hold_for_one_turn(server: FakeServer) -> None:
    server.add_replies(*[Answer(text="Yes.")] * 3)
    talk = AIModelClient(endpoint(server.url)).conversation("Be brief.")
    talk.ask("A?", instructions="Rhyme.")
    talk.ask("B?")
    talk.instructions = ("Be long.",)
    talk.ask("C?")
    received = [exchange.json["messages"][0]["content"] for exchange in server.exchanges]
    assert received == ["Be brief.\n\nRhyme.", "Be brief.", "Be long."]


def test_one_of_several_answers_is_chosen(server: FakeServer) -> None:
    server.add_replies(Answer(text="One.", choices=("Two.",)), Answer(text="Yes."))
    talk = AIModelClient(endpoint(server.url)).conversation()
    talk.ask("A?", n=2)
    talk.choose(1)
    talk.ask("B?")
    assert server.exchanges[1].json["messages"][1]["content"] == "Two."
    with pytest.raises(ConfigurationError, match="there is no choice 5"):
        talk.choose(5)


def test_tokens_and_money_are_added_up(server: FakeServer) -> None:
    server.add_replies(*[Answer(text="Yes.", usage=FakeUsage(input=10, output=5, cache_read=3))] * 3)
    priced = endpoint(server.url).model_copy(update={"cost_data": PRICES})
    talk = AIModelClient(priced).conversation()
    talk.ask("A?")
    talk.ask("B?")
    assert (talk.usage.input_tokens, talk.usage.cache_read_tokens, talk.usage.total_tokens) == (20, 6, 36)
    assert talk.cost.amount == Decimal("0.000046")
    talk.switch(endpoint(server.url)).ask("C?")
    assert talk.cost.amount is None
    assert talk.cost.components == {"known": Decimal("0.000046")}
    assert talk.cost.reason == "1 of 3 turns have no known price"
    talk.close()


def test_it_is_saved_and_goes_on_elsewhere(tmp_path: Path, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello.", reasoning="Ann.", signature="c2lnbmVk"), Answer(text="Ann."))
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-opus-5-5"))
    talk = client.conversation("Be brief.")
    talk.ask("I am Ann.")
    talk.save(tmp_path / "talk.json")
    again = Conversation.load(tmp_path / "talk.json", client)
    assert again.to_json() == talk.to_json()
    assert b"sk-test-secret" not in again.to_json()
    again.ask("Who am I?")
    assert [b["type"] for b in server.exchanges[1].json["messages"][1]["content"]] == ["thinking", "text"]


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(turns=st.lists(histories(), max_size=3))
def test_saved_and_loaded_it_has_the_same_bytes(turns: list[tuple[Message, ...]]) -> None:
    client = AIModelClient(endpoint("http://127.0.0.1:1"))
    answers = [ChatResponse(choices=[ChatResponseChoice(contents=turn[-1].contents)]) for turn in turns]
    pairs = zip(turns, answers, strict=True)
    talk = client.conversation(turns=[Turn(prompt=list(turn[:-1]), answer=answer) for turn, answer in pairs])
    saved = talk.to_json()
    again = Conversation.from_json(saved, client)
    assert again.to_json() == saved
    assert again.turns == talk.turns


def test_what_is_no_conversation_is_not_loaded() -> None:
    with pytest.raises(ConfigurationError, match="not a valid saved conversation"):
        Conversation.from_json(b'{"turns": [{}]}', AIModelClient(endpoint("http://127.0.0.1:1")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "it has no turns"),
        ('{"version": 1}', "it has no turns"),
        ('{"version": 2, "turns": []}', "has format 2"),
    ],
)
def test_another_json_file_is_neither_loaded_as_an_empty_conversation_nor_replaced(
    content: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)
    client = AIModelClient(endpoint("http://127.0.0.1:1"))
    with pytest.raises(ConfigurationError, match=message):
        Conversation.load(path, client)
    with pytest.raises(OutputExistsError):
        client.conversation().save(path)
    assert path.read_text() == content


def test_a_plan_for_the_next_turn(server: FakeServer) -> None:
    server.add_replies(Answer(text="Four.", reasoning="Hm."))
    talk = AIModelClient(endpoint(server.url, "anthropic")).conversation()
    talk.ask("2 + 2?")
    assert not talk.plan("Sure?").lossy
    assert talk.switch(endpoint(server.url)).plan("Sure?").lossy
    talk.close()


def test_a_turn_made_elsewhere_is_written_down(server: FakeServer) -> None:
    server.add_replies(Answer(text="One."), Answer(text="Two."))
    client = AIModelClient(endpoint(server.url))
    talk = client.conversation()
    made = client.generate("A?").chat_response
    assert made is not None
    talk.record("A?", answer=made)
    talk.ask("B?")
    assert [m["content"] for m in server.exchanges[1].json["messages"]] == ["A?", "One.", "B?"]


def test_why_the_cache_was_missed(server: FakeServer) -> None:
    hit = Answer(text="Yes.", usage=FakeUsage(input=10, cache_read=90))
    server.add_replies(*[Answer(text="Yes.")] * 4, hit)
    talk = AIModelClient(endpoint(server.url)).conversation("Be brief.")
    talk.ask("A?")
    assert "first turn" in talk.explain_cache()
    talk.ask("B?")
    assert "starts with the complete previous request" in talk.explain_cache()
    talk.instructions = ("Be long.",)
    talk.ask("C?")
    assert "turns[0] changed" in talk.explain_cache()
    talk.ask("D?", tools=[{"name": "add"}])
    assert "tools[0] changed" in talk.explain_cache()
    talk.ask("E?", tools=[{"name": "add"}])
    assert talk.explain_cache() == "90 of 100 prompt tokens were read from the cache."
