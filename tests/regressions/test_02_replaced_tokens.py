"""A request that is sent again because its token was refused is an attempt that is recorded and that retries allow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import AuthenticationError, CallError
from dhenara.ai.testing import Answer, FakeServer, Raw, Refusal
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint
from support.worlds import Blocking, World

HELLO = Answer(text="Hello!")
NO = Refusal(401, "the token has ended", headers={"x-should-retry": "false"})


def token_reply(number: int) -> Raw:
    body = {"access_token": f"token-{number}", "expires_in": 3_600, "token_type": "Bearer"}
    return Raw(json.dumps(body).encode(), 200, {"content-type": "application/json"})


def client_of(provider: str, server: FakeServer, tokens: FakeServer, **settings: Any) -> AIModelClient:
    given: dict[str, Any]
    if provider == "google_vertex_ai":
        secret = {"client_id": "i", "client_secret": "s", "refresh_token": "r", "token_uri": f"{tokens.url}/token"}
        given = {"credentials": {"type": "authorized_user", **secret}, "config": {"project_id": "p"}}
    else:
        secret = {"tenant_id": "t", "client_id": "i", "client_secret": "s", "authority": tokens.url}
        given = {"credentials": secret, "config": {}}
    given["config"]["base_url"] = server.url
    model = "gemini-2.5-flash" if provider == "google_vertex_ai" else "deployment"
    return AIModelClient(
        AIModelEndpoint(api=AIModelAPI(provider=provider, **given), ai_model=AIModel(model_name=model)),
        AIModelCallConfig(**settings),
    )


def attempts_of(world: World, client: AIModelClient, *, streaming: bool, **settings: Any) -> list[str]:
    try:
        if streaming:
            made = world.stream(client, "?", **settings)[-1][1].attempts
        else:
            made = world.run(client, "?", **settings).attempts
    except CallError as error:
        made = list(error.attempts)
    return [one.outcome for one in made]


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
@pytest.mark.parametrize("provider", ["google_vertex_ai", "microsoft_openai"])
def test_each_request_is_an_attempt(provider: str, streaming: bool, world: World) -> None:
    with FakeServer(*map(token_reply, range(5))) as tokens, FakeServer(HELLO, NO, HELLO, NO) as server:
        client = client_of(provider, server, tokens)
        assert attempts_of(world, client, streaming=streaming) == ["answered"]
        assert attempts_of(world, client, streaming=streaming, retries=1) == ["failed", "answered"]
        assert attempts_of(world, client, streaming=streaming, retries=0) == ["failed"]
        world.close(client)
        sent = [exchange.headers["authorization"] for exchange in server.exchanges]
        assert sent == [f"Bearer token-{number}" for number in (0, 0, 1, 1)]


@pytest.mark.parametrize(("retries", "sent"), [(0, 1), (1, 2), (3, 2)])
def test_a_get_request_is_repeated_as_an_attempt_only(retries: int, sent: int, world: World) -> None:
    """The first request is accepted, every later one is refused: with its token and with the next one."""
    with FakeServer(*map(token_reply, range(5))) as tokens, FakeServer(HELLO, NO, forever=True) as server:
        client = client_of("microsoft_openai", server, tokens, retries=retries)
        world.run(client, "?")
        with pytest.raises(AuthenticationError) as caught:
            list_models(world, client)
        world.close(client)
        assert [one.outcome for one in caught.value.attempts] == ["failed"] * sent
        assert [exchange.method for exchange in server.exchanges[1:]] == ["GET"] * sent


def list_models(world: World, client: AIModelClient) -> object:
    return client.list_models() if isinstance(world, Blocking) else world._start(client.list_models_async)


def test_the_next_call_has_the_new_token_and_the_error_says_so(world: World) -> None:
    with FakeServer(*map(token_reply, range(5))) as tokens, FakeServer(HELLO, NO, HELLO) as server:
        client = client_of("google_vertex_ai", server, tokens)
        world.run(client, "?")
        with pytest.raises(AuthenticationError, match="has been replaced"):
            world.run(client, "?", retries=0)
        assert world.run(client, "?", retries=0).chat_response.text() == "Hello!"
        world.close(client)
        assert server.exchanges[-1].headers["authorization"] == "Bearer token-1"


def test_a_token_that_was_never_accepted_is_not_replaced_again(world: World) -> None:
    with FakeServer(*map(token_reply, range(9))) as tokens, FakeServer(HELLO, NO, forever=True) as server:
        client = client_of("google_vertex_ai", server, tokens)
        world.run(client, "?")
        assert attempts_of(world, client, streaming=False, retries=5) == ["failed", "failed"]
        assert attempts_of(world, client, streaming=False, retries=5) == ["failed"]
        world.close(client)
        assert len(server.exchanges) == 4
