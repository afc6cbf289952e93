"""The providers that are known, and those that users add."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dhenara.ai import AIModelClient, Provider, Route, register_provider
from dhenara.ai.codecs.base import load_codec
from dhenara.ai.codecs.quirks import ChatQuirks, MessagesQuirks
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.providers import provider as registry
from dhenara.ai.providers.auth import header
from dhenara.ai.providers.target import find_route, resolve
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint, ToolChoice, ToolDefinition
from support.worlds import endpoint

OUTSIDE = {name for name in registry.KNOWN.values() if not registry.load_provider(name).embedded}
NAMES = sorted(OUTSIDE - {"openai_compatible"})
CHATTING = [name for name in NAMES if registry.load_provider(name).routes]
ADD = ToolDefinition(name="add", parameters={"type": "object", "properties": {}})


WITHOUT_CHAT: dict[str, Callable[[AIModelClient], object]] = {
    "voyage": lambda client: client.embed("?"),
    "deepgram": lambda client: client.speak("?"),
}


@pytest.mark.parametrize("name", NAMES)
def test_each_has_an_address_a_protocol_and_says_where_keys_come_from(name: str, nobody: pytest.MonkeyPatch) -> None:
    provider = registry.load_provider(name)
    assert provider.base_url.startswith(("https://", "http://127.0.0.1"))
    assert not provider.base_url.endswith("/")
    offered = (*provider.routes, *provider.operations)
    assert offered
    assert all(route.models == "*" for route in provider.routes[-1:])
    codecs = [*(route.codec for route in offered), *(codec for codecs in provider.by_chat.values() for codec in codecs)]
    assert all(load_codec(codec).name == codec for codec in codecs)
    assert provider.key_env
    if provider.needs_key:
        assert provider.keys_url
        api = AIModelAPI(provider=name, config={"region": "us-east-1", "resource": "r", "project_id": "p"})
        asking = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")))
        with pytest.raises(ConfigurationError, match=provider.key_env[0]):
            _ = asking.generate("?") if provider.routes else WITHOUT_CHAT[name](asking)
        actual = {provider.key_env[0]: "k-1"}
        target = resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")), actual, offered[0].operation)
        assert target.auth_context.key == "k-1"


def chat_route(name: str) -> Route:
    return find_route(registry.load_provider(name), "m", None)


@pytest.mark.parametrize("name", [n for n in CHATTING if chat_route(n).codec == "openai_chat"])
def test_each_speaks_chat_completions_in_its_own_dialect(name: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    config = AIModelCallConfig(max_output_tokens=5, tools=[ADD], tool_choice=ToolChoice(mode="required"))
    with AIModelClient(endpoint(server.url, name), config) as client:
        assert client.generate("?").chat_response is not None
        final = list(client.generate("?", streaming=True).stream_generator)[-1][1].chat_response
    body = server.exchanges[0].json
    quirks = chat_route(name).quirks
    assert isinstance(quirks, ChatQuirks)
    assert body[quirks.wire_name("max_output_tokens")] == 5
    assert body.get("tool_choice") == quirks.tool_choice_words.get("required", "required")
    assert ("stream_options" in server.exchanges[1].json) == (quirks.stream_usage == "option")
    assert (final.text(), final.interrupted) == ("Hello!", False)


def test_any_server_that_follows_openai_is_reached_by_its_address_alone(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    api = AIModelAPI(provider="openai_compatible", config={"base_url": f"{server.url}/v1"})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))) as client:
        assert client.generate("?").chat_response.text() == "Hello!"
    assert server.exchanges[0].path == "/v1/chat/completions"


@pytest.fixture
def own_provider(server: FakeServer) -> Iterator[str]:
    """A provider as a user adds it, outside the package."""
    register_provider(
        Provider(
            name="acme",
            base_url=f"{server.url}/{{region}}/v1",
            routes=(Route("openai_chat", ChatQuirks(params={"max_output_tokens": "max_tokens"})),),
            auth=header("x-acme-key"),
            key_env=("ACME_KEY",),
            keys_url="https://acme.example/keys",
        )
    )
    yield "acme"
    registry.unregister_provider("acme")


def test_a_provider_of_ones_own(own_provider: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    api = AIModelAPI(provider=own_provider, api_key="a-key", config={"region": "mars"})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m"))) as client:
        assert client.generate("?", max_output_tokens=3).chat_response is not None
    requested = server.exchanges[0]
    assert requested.path == "/mars/v1/chat/completions"
    assert (requested.headers["x-acme-key"], requested.json["max_tokens"]) == ("a-key", 3)


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ((), r"acme: the provider has no routes"),
        ((Route("openai", ChatQuirks()),), r"acme: unknown protocol 'openai' in a route. Use one of openai_chat, "),
        ((Route("openai_chat", MessagesQuirks()),), r"Write Route\('openai_chat', ChatQuirks\(\.\.\.\)\)"),
    ],
    ids=["none", "unknown protocol", "quirks of another protocol"],
)
def test_routes_that_cannot_work_are_refused_when_they_are_registered(routes: tuple[Route, ...], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        register_provider(Provider(name="acme", base_url="https://acme.example/v1", routes=routes))
    assert registry.find_provider("acme") is None


def test_the_routes_of_the_package_pass_the_same_check() -> None:
    providers = [registry.load_provider(name) for name in registry.KNOWN]
    for provider in providers:
        registry.check_routes(provider)
    assert {route.codec for provider in providers for route in provider.routes} == set(registry.PROTOCOL_QUIRKS)


def test_missing_parts_of_a_base_url_are_requested_by_name(own_provider: str) -> None:
    api = AIModelAPI(provider=own_provider, api_key="a-key")
    with pytest.raises(ConfigurationError, match="acme needs region"):
        resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")), {})


def test_users_may_know_a_dialect_better(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    with AIModelClient(endpoint(server.url, "groq", quirks={"system_role": "developer"})) as client:
        client.generate("?", instructions="Be brief.")
    assert server.exchanges[0].json["messages"][0]["role"] == "developer"
    with pytest.raises(ConfigurationError, match="behaviour"):
        AIModelClient(endpoint(server.url, "groq", quirks={"colour": "blue"})).generate("?")


def test_a_compatible_server_is_reached_at_whatever_address(server: FakeServer) -> None:
    server.add_replies(Answer(text="hello"))
    with AIModelClient(endpoint(server.url, "openai_compatible")) as client:
        assert client.generate("?").chat_response.text() == "hello"
