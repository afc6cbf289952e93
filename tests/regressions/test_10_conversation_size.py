"""A conversation grows with its turns: in memory, in its file, and in what loading it takes."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, cast

import pytest

from ai_utilities import AiClient
from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation, TurnHistory
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelCallConfig
from support.kit import settings
from support.worlds import World, endpoint

PROVIDERS = ["openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "ollama"]
SIZES = (8, 16, 32, 64)


def grown(talk: Any, turns: int) -> Any:
    while len(talk.turns) < turns:
        talk.ask(f"question {len(talk.turns):04}")
    return talk


def ask_in(world: World, talk: Conversation, question: str, **config: Any) -> None:
    world.ask(cast("AIModelClient", talk), "ask", question, **config)


def parts(talk: TurnHistory) -> int:
    """How many hashes the conversation holds."""
    return sum(len(turn.fingerprint.parts) for turn in talk.turns if turn.fingerprint)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_turn_adds_as_much_as_the_one_before(provider: str) -> None:
    with FakeServer(Answer(text="An answer."), forever=True) as server:
        talk = AIModelClient(endpoint(server.url, provider)).conversation("Be brief.")
        sizes, counts = [], []
        for turns in SIZES:
            grown(talk, turns)
            sizes.append(len(talk.to_json()))
            counts.append(parts(talk))
    grew = [later - earlier for earlier, later in pairwise(sizes)]
    # Twice the turns add twice the bytes; a hash of each message in each turn would add four times.
    assert all(later <= 2.1 * earlier for earlier, later in pairwise(grew)), sizes
    assert counts[-1] <= 4 * SIZES[-1], counts


def test_instructions_that_change_with_every_turn_add_no_more() -> None:
    with FakeServer(Answer(text="An answer."), forever=True) as server:
        talk = AIModelClient(endpoint(server.url)).conversation()
        for number in range(40):
            talk.ask("?", instructions=f"It is {number} o'clock.")
    assert parts(talk) <= 4 * 40


def test_a_loaded_conversation_has_the_same_bytes_and_goes_on(server: FakeServer) -> None:
    server.add_replies(*[Answer(text="An answer.")] * 9)
    client = AIModelClient(endpoint(server.url))
    talk = grown(client.conversation(), 8)
    again = Conversation.from_json(talk.to_json(), client)
    assert again.to_json() == talk.to_json()
    again.ask("And?")
    assert "starts with the complete previous request" in again.explain_cache()
    assert parts(again) <= 4 * 9


def test_a_conversation_saved_with_whole_fingerprints_still_loads(server: FakeServer) -> None:
    """Files of earlier versions hold a hash of each message with each turn."""
    server.add_replies(*[Answer(text="An answer.")] * 4)
    client = AIModelClient(endpoint(server.url))
    retained: list[Any] = []
    talk = client.conversation()
    for number in range(3):
        response = client.generate(
            messages=[*talk.messages, f"question {number}"], instructions=(), fingerprint=True, streaming=False
        )
        assert response.chat_response is not None
        retained.append(response.fingerprint)
        talk.record(f"question {number}", answer=response.chat_response)
    saved = json.loads(talk.to_json())
    for turn, fingerprint in zip(saved["turns"], retained, strict=True):
        turn["fingerprint"] = {"parts": fingerprint.model_dump()["parts"]}
    old = Conversation.from_json(json.dumps(saved), client)
    assert len(old.turns) == 3
    assert len(old.to_json()) < len(json.dumps(saved)) + 200
    old.ask("And?")
    for turn in (1, 2, 3):
        assert "starts with the complete previous request" in old.explain_cache(turn)


def test_a_changed_turn_is_detected_across_later_turns(server: FakeServer) -> None:
    server.add_replies(*[Answer(text="An answer.")] * 5)
    talk = grown(AIModelClient(endpoint(server.url, "anthropic")).conversation("Be brief."), 3)
    talk.instructions = ("Be long.",)
    talk.ask("And?")
    assert "the instructions changed" in talk.explain_cache()
    talk.undo()
    talk.ask("And?")
    assert "the instructions changed" in talk.explain_cache()
    assert "starts with the complete previous request" in talk.branch(3).explain_cache()


def test_turns_taken_out_of_their_conversation_explain_nothing_false(server: FakeServer) -> None:
    server.add_replies(*[Answer(text="An answer.")] * 5)
    client = AIModelClient(endpoint(server.url))
    talk = grown(client.conversation(), 4)
    cut = Conversation(client, turns=talk.turns[2:])
    assert "are missing" in cut.explain_cache()


@pytest.mark.parametrize("wanted", [True, False])
def test_the_config_of_the_client_decides_about_fingerprints(world: World, server: FakeServer, wanted: bool) -> None:
    server.add_replies(*[Answer(text="An answer.")] * 2)
    client = AIModelClient(endpoint(server.url), AIModelCallConfig(fingerprint=wanted))
    talk = client.conversation()
    ask_in(world, talk, "A question")
    ask_in(world, talk, "A question", config=AIModelCallConfig(fingerprint=not wanted))
    world.close(client)
    assert [turn.fingerprint is not None for turn in talk.turns] == [wanted, not wanted]


def test_conversations_of_the_kit_grow_no_faster() -> None:
    with FakeServer(Answer(text="An answer."), forever=True) as server:
        client = AiClient(settings(server.url))
        chat = grown(client.chat(), 32)
        assert parts(chat) <= 4 * 32
        client.close()
