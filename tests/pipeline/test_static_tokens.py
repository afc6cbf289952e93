"""Tokens that users bring: texts, functions of both colours, and objects of Azure's SDK."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    ConfigurationError,
    SyncAsyncMismatchError,
)
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
from support.worlds import World


def client_of(server: FakeServer, provider: str, **credentials: Any) -> AIModelClient:
    api = AIModelAPI(provider=provider, credentials=credentials or {"any": "thing"}, config={"base_url": server.url})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")))


def shown(server: FakeServer) -> list[str]:
    return [requested.headers["authorization"].removeprefix("Bearer ") for requested in server.exchanges]


def test_a_token_may_be_a_text_or_a_function(world: World) -> None:
    given = iter(["t-1", "t-2"])
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        for token in ("t-0", lambda: next(given)):
            client = client_of(server, "openai", token=token)
            world.run(client, "?")
            world.run(client, "?")
            world.close(client)
        assert shown(server) == ["t-0", "t-0", "t-1", "t-2"]


async def fetched() -> str:
    await asyncio.sleep(0)
    return "t-async"


def test_an_async_function_is_awaited_where_there_is_a_loop() -> None:
    with FakeServer(Answer(text="Hello!")) as server:

        async def ask() -> None:
            async with client_of(server, "openai", token=fetched) as client:
                await client.generate_async("?")

        asyncio.run(ask())
        assert shown(server) == ["t-async"]


def test_an_async_function_is_refused_in_a_sync_call() -> None:
    async def late() -> str:
        await asyncio.sleep(0.01)
        return "t"

    with (
        FakeServer() as server,
        client_of(server, "openai", token=late) as client,
        pytest.raises(SyncAsyncMismatchError, match="generate_async"),
    ):
        client.generate("?")


def test_an_object_with_get_token_is_called_as_the_azure_sdk_calls_it(world: World) -> None:
    class AccessToken:
        token = "t-entra"
        expires_on = int(time.time()) + 3_600

    class Credential:
        def get_token(self, *scopes: str) -> AccessToken:
            requested.extend(scopes)
            return AccessToken()

    requested: list[str] = []
    credential = Credential()
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        client = client_of(server, "microsoft_openai", token=credential)
        world.run(client, "?")
        world.run(client, "?")
        world.close(client)
        assert shown(server) == ["t-entra"] * 2
    assert requested == ["https://cognitiveservices.azure.com/.default"]


@pytest.mark.parametrize("token", ["", "   ", 7, None, lambda: None, lambda: 7])
def test_an_invalid_token_raises_a_configuration_error(token: Any) -> None:
    with FakeServer() as server, pytest.raises(ConfigurationError, match="token"):
        client_of(server, "openai", token=token).generate("?")


BROKEN = st.tuples(st.text("abc", min_size=1), st.text("\r\n\t \x00äß€", min_size=1), st.text("abc", min_size=1))


@given(BROKEN.map("".join))
def test_no_token_breaks_out_of_its_header(token: str) -> None:
    api = AIModelAPI(provider="openai", credentials={"token": lambda: token}, config={"base_url": "http://127.0.0.1:9"})
    with pytest.raises(ConfigurationError, match="is empty or has invalid characters"):
        AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))).generate("?", retries=0)
