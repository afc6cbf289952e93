"""Which client sends the turns of a conversation, and which clients a conversation closes: its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dhenara.ai.conversation import Conversation
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallResponse, AIModelEndpoint, ChatResponse, ChatResponseChoice


def endpoint(provider: str, model: str) -> AIModelEndpoint:
    return AIModelEndpoint(api=AIModelAPI(provider=provider, api_key="k"), ai_model=AIModel(model_name=model))


class ScriptedClient:
    """Answers with the name of its model, and counts how it was closed."""

    def __init__(self, model_endpoint: AIModelEndpoint) -> None:
        self.model_endpoint = model_endpoint
        self.closed = self.closed_async = 0
        self.made: list[ScriptedClient] = []
        self.requests: list[dict[str, Any]] = []

    def with_endpoint(self, model_endpoint: AIModelEndpoint) -> ScriptedClient:
        self.made.append(ScriptedClient(model_endpoint))
        return self.made[-1]

    def generate(self, **request: Any) -> AIModelCallResponse:
        self.requests.append(request)
        name = self.model_endpoint.ai_model.model_name
        choice = ChatResponseChoice.model_validate({"contents": [{"type": "text", "text": name}]})
        return AIModelCallResponse(chat_response=ChatResponse(model=name, provider="p", choices=[choice]))

    async def generate_async(self, **request: Any) -> AIModelCallResponse:
        return self.generate(**request)

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed_async += 1


def started() -> tuple[ScriptedClient, Conversation]:
    client = ScriptedClient(endpoint("openai", "one"))
    return client, Conversation(client)  # type: ignore[arg-type]  # it has what these tests use


def test_clients_that_the_conversation_made_are_closed_and_the_given_one_stays_open() -> None:
    client, talk = started()
    with talk:
        talk.switch("openai/two").switch("openai/three")
    assert [one.closed for one in (client, *client.made, *client.made[0].made)] == [0, 1, 1]


def test_async_code_closes_them_with_aclose() -> None:
    client, talk = started()

    async def main() -> None:
        async with talk:
            talk.switch("openai/two")

    asyncio.run(main())
    assert [(one.closed, one.closed_async) for one in (client, *client.made)] == [(0, 0), (0, 1)]


def test_a_model_that_was_used_before_keeps_its_client() -> None:
    client, talk = started()
    second = talk.switch("openai/two").client
    assert talk.switch(client.model_endpoint).client is client
    assert talk.switch("openai/two").client is second
    assert talk.switch("openai/three").client is not second
    assert len(client.made) == 1


def test_an_api_that_was_used_before_is_that_of_a_named_model_again() -> None:
    client, talk = started()
    talk.switch(endpoint("anthropic", "two")).switch("openai/three").switch("anthropic/four")
    assert talk.client.model_endpoint.api.api_key is not None
    assert talk.client.model_endpoint.api == endpoint("anthropic", "two").api
    other = ScriptedClient(endpoint("mistral", "five"))
    talk.switch(other)  # type: ignore[arg-type]
    talk.switch(client.model_endpoint)
    assert talk.switch("mistral/six").client.model_endpoint.api == other.model_endpoint.api


def test_a_conversation_goes_on_with_a_client_or_a_model_only() -> None:
    with pytest.raises(ConfigurationError, match="a conversation continues on a client or on"):
        started()[1].switch(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("is_async", [False, True])
def test_instructions_of_one_turn_are_written_into_it(is_async: bool) -> None:
    client, talk = started()
    if is_async:
        asyncio.run(talk.ask_async("?", instructions="Be brief."))
    else:
        talk.ask("?", instructions="Be brief.")
    talk.ask("And?")
    assert [turn.instructions for turn in talk.turns] == [["Be brief."], []]
    assert [list(one.get("instructions", ())) for one in client.requests] == [["Be brief."], []]
    assert [one["streaming"] for one in client.requests] == [False, False]
