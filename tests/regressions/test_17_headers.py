"""Headers that decide where a request goes or where it ends cannot be configured, in whatever place and spelling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.exceptions import ProviderConfigurationError
from dhenara.ai import AIModelClient, Send, Stream
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.providers.provider import KNOWN
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelCallConfig, AIModelEndpoint, Call
from support.worlds import World, endpoint

FRAMING = ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect"]
SPELLINGS = [name for one in FRAMING for name in (one, one.upper(), one.title())]
ODD = ["host ", " host", "host\t", "host:", ":authority", "", "ho st", "x\r\nhost"]


@pytest.fixture
def answering(server: FakeServer) -> FakeServer:
    server.add_replies(*[Answer(text="Hello!")] * 4)
    return server


def refused(world: World, client: AIModelClient, server: FakeServer, **options: Any) -> None:
    with pytest.raises(ConfigurationError):
        world.run(client, "?", **options)
    with pytest.raises(ConfigurationError):
        world.stream(client, "?", **options)
    assert server.exchanges == []


@pytest.mark.parametrize("name", SPELLINGS + ODD)
def test_in_the_config_of_an_api(name: str, world: World, answering: FakeServer) -> None:
    refused(world, AIModelClient(endpoint(answering.url, headers={name: "x"})), answering)


@pytest.mark.parametrize("name", SPELLINGS + ODD)
def test_in_the_config_of_a_client_and_of_a_call(name: str, world: World, answering: FakeServer) -> None:
    config = AIModelCallConfig(headers={name: "x"})
    refused(world, AIModelClient(endpoint(answering.url), config), answering)
    refused(world, AIModelClient(endpoint(answering.url)), answering, config=config)
    refused(world, AIModelClient(endpoint(answering.url)), answering, headers={name: "x"})


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("place", ["layers", "attempt_layers"])
def test_in_a_layer(name: str, place: str, world: World, answering: FakeServer) -> None:
    async def layer(call: Call, send: Send) -> Stream:
        return await send(replace(call, config=call.config.model_copy(update={"headers": {name: "x"}})))

    layers: Any = {place: [layer]}
    refused(world, AIModelClient(endpoint(answering.url), **layers), answering)


@pytest.mark.parametrize("operation", [("embed", ["a"]), ("moderate", "a"), ("list_models",), ("speak", "a")])
def test_operations_other_than_chat(operation: tuple[Any, ...], world: World, answering: FakeServer) -> None:
    client = AIModelClient(endpoint(answering.url, headers={"Host": "evil.example"}))
    with pytest.raises(ConfigurationError, match="host"):
        world.ask(client, *operation)
    with pytest.raises(ConfigurationError, match="host"):
        world.ask(AIModelClient(endpoint(answering.url)), *operation, headers={"HOST": "evil.example"})
    assert answering.exchanges == []


@pytest.mark.parametrize("provider", [name for name in KNOWN if name not in ("embedded", "local")])
def test_at_every_provider(provider: str, world: World, answering: FakeServer) -> None:
    made = endpoint(
        answering.url, str(provider), headers={"hOsT": "evil.example"}, region="x", project="x", resource="x"
    )
    client = AIModelClient(AIModelEndpoint(api=made.api, ai_model=AIModel(model_name="m")))
    with pytest.raises(ConfigurationError):
        world.run(client, "?")
    assert answering.exchanges == []


@pytest.mark.parametrize("name", SPELLINGS)
def test_in_the_settings_of_the_kit(name: str, answering: FakeServer) -> None:
    provided = {"provider": "openai", "api_key": "sk-test", "model": "m", "base_url": f"{answering.url}/v1"}
    with pytest.raises((ProviderConfigurationError, ConfigurationError)):
        AiClient(AiSettings(**provided, extra_headers={name: "x"})).ask("?")
    with pytest.raises((ProviderConfigurationError, ConfigurationError)):
        AiClient(AiSettings(**provided, provider_config={"headers": {name: "x"}})).ask("?")
    with pytest.raises((ProviderConfigurationError, ConfigurationError)):
        AiClient(AiSettings(**provided)).ask("?", headers={name: "x"})
    assert answering.exchanges == []


def test_the_message_says_what_to_do(answering: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match=r"must not set 'host'.*config\['base_url'\]"):
        AIModelClient(endpoint(answering.url, headers={"Host": "evil.example"})).generate("?")


def test_all_other_headers_are_sent(world: World, answering: FakeServer) -> None:
    world.run(AIModelClient(endpoint(answering.url, headers={"X-Hosts": "a", "Via": "b"})), "?")
    sent = answering.exchanges[0].headers
    assert (sent["x-hosts"], sent["via"]) == ("a", "b")
    assert sent["host"] == answering.url.removeprefix("http://")
