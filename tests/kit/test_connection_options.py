"""Connection settings as arguments of the engine's client, and what of other settings an endpoint has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, ConfigurationResolver
from ai_utilities.config import secrets
from ai_utilities.middleware import RequestMiddleware
from ai_utilities.providers import create_provider, list_providers, register_provider
from ai_utilities.providers.endpoint import connection_options, make_endpoint
from dhenara.ai import Send, Stream
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import Call


def settings(**given: Any) -> AiSettings:
    return AiSettings(_env_file=None, provider="openai", api_key="sk-test", model="m", **given)


@pytest.mark.parametrize(
    ("given", "cert"),
    [
        ({}, None),
        ({"cert": "all.pem"}, "all.pem"),
        ({"cert": "a.pem,key.pem"}, ("a.pem", "key.pem")),
        ({"cert": "all.pem", "cert_password": "pw"}, ("all.pem", "all.pem", "pw")),
        ({"cert": ("a.pem", "key.pem"), "cert_password": "pw"}, ("a.pem", "key.pem", "pw")),
        ({"cert_password": "pw"}, None),
    ],
    ids=str,
)
def test_a_client_certificate_has_its_key_and_password(given: dict[str, Any], cert: object) -> None:
    assert connection_options(settings(**given))["cert"] == cert


@pytest.mark.parametrize(("verify", "transport"), [(True, "builtin"), (False, "builtin"), ("ca.pem", "httpx2")])
def test_the_transport_and_the_certificates_to_trust_are_passed_on(verify: Any, transport: Any) -> None:
    options = connection_options(settings(verify=verify, transport=transport))
    assert (options["verify"], options["transport"]) == (verify, transport)


def test_an_endpoint_has_the_headers_and_the_configuration_of_the_settings() -> None:
    given = settings(
        extra_headers={"x-team": "search"},
        base_url="http://127.0.0.1:9/v1",
        provider_config={"protocol": "openai_chat"},
    )
    made = make_endpoint(ConfigurationResolver(given).resolve(), given, "m")
    config = dict(made.api.config)
    assert config["headers"] == {"x-team": "search"}
    assert (config["base_url"], config["protocol"]) == ("http://127.0.0.1:9/v1", "openai_chat")
    assert made.api.api_key is not None


@pytest.mark.parametrize("name", ["my-own", "My_Own", "MY OWN"])
def test_a_registered_provider_is_created_by_its_name_however_it_is_written(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_utilities.providers.facts._registered", {})
    register_provider("My-Own", lambda given: create_provider(given, "openai"))
    assert create_provider(settings(), name).provider_name == "openai"
    assert len([one for one in list_providers() if "own" in one.lower()]) == 1


@pytest.mark.parametrize("name", ["openai", "auto"])
def test_a_provider_sends_through_the_layers_that_it_gets(
    name: str, monkeypatch: pytest.MonkeyPatch, server: FakeServer
) -> None:
    noted: list[str] = []

    async def note(call: Call, send: Send) -> Stream:
        noted.append(call.operation)
        return await send(call)

    server.add_replies(Answer(text="Hi"))
    layers = RequestMiddleware(layers=[note])
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    given = AiSettings(_env_file=None, provider=name, auto_select_order="openai", usage_tracking=False)
    layers.configure(given)
    provider = create_provider(given, name, middleware=layers)
    assert (provider.ask("?").text, noted) == ("Hi", ["chat"])


OF_ONE_PROVIDER = {
    "api_key": "sk-of-openai",
    "base_url": "http://127.0.0.1:9/v1",
    "embedding_model": "e",
    "extra_headers": {"x-key": "of-openai"},
    "provider_config": {"protocol": "openai_chat"},
}


@pytest.mark.parametrize("name", OF_ONE_PROVIDER)
def test_a_value_for_one_provider_does_not_go_to_another(name: str) -> None:
    first = AiSettings(_env_file=None, provider="openai", **{"api_key": "sk-0", name: OF_ONE_PROVIDER[name]})
    usual = AiSettings(_env_file=None, provider="ollama")
    with AiClient(first, model="ollama/m") as moved, AiClient(first, temperature=0) as same:
        assert getattr(moved.settings, name) == getattr(usual, name)
        assert getattr(same.settings, name) == getattr(first, name)


def test_names_of_keys_in_the_keyring_may_have_blanks_around_them(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"A_KEY": "sk-a", "B_KEY": "sk-b", "EMPTY": ""}
    keyring = SimpleNamespace(get_password=lambda service, name: keys.get(name))
    monkeypatch.setattr(secrets, "load_keyring", lambda: keyring)
    assert secrets.read_keyring({"AI_KEYRING": "A_KEY, B_KEY ,EMPTY,, none"}) == {"A_KEY": "sk-a", "B_KEY": "sk-b"}
    monkeypatch.setattr(secrets, "load_keyring", lambda: pytest.fail("not needed"))
    assert secrets.read_keyring({"AI_KEYRING": " , "}) == {}
