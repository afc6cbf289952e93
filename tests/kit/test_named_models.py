"""Clients of the kit for models that are named by `provider/model`, and every setting by keyword."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from pydantic import ValidationError

from ai_utilities import AiClient, AiSettings, AsyncAiClient, ConfigurationResolver, create_client
from ai_utilities.config.client_settings import SETTING_NAMES, ClientArguments, FilePath, SettingArguments
from ai_utilities.config.secrets import Secret, SecretUrl
from ai_utilities.exceptions import AIUtilitiesError, ProviderConfigurationError
from dhenara.ai.providers.provider import KNOWN, find_provider
from dhenara.ai.testing import Answer, FakeServer, Refusal, SampleOperations
from dhenara.ai.types import AIModelEndpoint
from support.kit import Uniform, run
from support.worlds import World

HELLO = Answer(text="Hello!")
KEYS = {"OPENAI_API_KEY": "sk-o", "ANTHROPIC_API_KEY": "sk-a", "GROQ_API_KEY": "gsk-g", "GEMINI_API_KEY": "AI-g"}


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> FakeServer:
    """Keys of some providers, all at one server."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("GROQ_BASE_URL", f"{server.url}/groq")
    monkeypatch.setenv("GOOGLE_BASE_URL", f"{server.url}/google")
    return server


def chosen(client: AiClient | AsyncAiClient) -> tuple[str, Any]:
    return client.provider.provider_name, getattr(client.provider, "model", None)


def test_the_first_line_that_people_type_works(world: World, keys: FakeServer) -> None:
    keys.add_replies(HELLO)

    async def script(client: Uniform) -> None:
        assert await client.ask("hi") == "Hello!"

    run(world, script, "anthropic/claude-sonnet-5")
    requested = keys.exchanges[0]
    assert (requested.path, requested.json["model"], requested.headers["x-api-key"]) == (
        "/v1/messages",
        "claude-sonnet-5",
        "sk-a",
    )


@pytest.mark.parametrize("kind", [AiClient, AsyncAiClient, create_client])
@pytest.mark.parametrize(
    ("given", "provider", "model"),
    [
        ("anthropic/claude-sonnet-5", "anthropic", "claude-sonnet-5"),
        ("claude/claude-sonnet-5", "anthropic", "claude-sonnet-5"),
        ("openai", "openai", "gpt-5.4-mini"),
        ("Claude", "anthropic", "claude-haiku-5-5"),
        ("claude-sonnet-5", "anthropic", "claude-sonnet-5"),
        ("groq/llama-3.3-70b-versatile", "groq", "llama-3.3-70b-versatile"),
        ("groq/openai/gpt-oss-20b", "groq", "openai/gpt-oss-20b"),
        ("groq", "groq", "openai/gpt-oss-20b"),
    ],
)
def test_a_name_says_provider_and_model(kind: Any, given: str, provider: str, model: str, keys: FakeServer) -> None:
    client = kind(given)
    assert chosen(client) == (provider, model)
    assert client.provider.configuration.api_key.value in KEYS.values()


@pytest.mark.parametrize("name", sorted(set(KNOWN.values())))
def test_every_provider_and_its_models_can_be_named(name: str) -> None:
    needed = {"base_url": "http://127.0.0.1:1"} if name == "openai_compatible" else {}
    config = {"region": "us-east-1", "resource": "r", "project_id": "p", "location": "l"}
    client = AiClient(f"{name}/vendor/some-model", api_key="k-1", provider_config=config, **needed)
    assert chosen(client) == (name, "vendor/some-model")
    assert chosen(AiClient(name, model="m", api_key="k-1", provider_config=config, **needed)) == (name, "m")


def test_the_environment_names_models_in_the_same_way(keys: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_MODEL", "anthropic/claude-sonnet-5")
    assert chosen(AiClient()) == ("anthropic", "claude-sonnet-5")
    assert str(AiClient().explain()["provider"].source) == "environment (AI_MODEL)"
    assert chosen(AiClient(provider="openai")) == ("openai", "gpt-5.4-mini")
    assert chosen(AiClient("openai/gpt-5.4")) == ("openai", "gpt-5.4")
    monkeypatch.setenv("AI_MODEL", "claude-sonnet-5")
    assert chosen(AiClient()) == ("anthropic", "claude-sonnet-5")
    monkeypatch.setenv("AI_MODEL", "groq")
    assert chosen(AiClient()) == ("groq", "openai/gpt-oss-20b")
    monkeypatch.setenv("AI_PROVIDER", "openai")
    monkeypatch.setenv("AI_MODEL", "claude-sonnet-5")
    assert chosen(AiClient()) == ("openai", "claude-sonnet-5")
    assert chosen(AiClient("anthropic/claude-haiku-5-5")) == ("anthropic", "claude-haiku-5-5")
    assert chosen(AiClient(provider="groq")) == ("groq", "openai/gpt-oss-20b")
    monkeypatch.setenv("AI_MODEL", "anthropic/claude-sonnet-5")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    with pytest.raises(ProviderConfigurationError, match="openai: the model 'anthropic/claude-sonnet-5' is at another"):
        ConfigurationResolver().validate()


def test_values_of_a_source_are_for_the_provider_that_it_names(
    keys: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_PROVIDER", "openai")
    monkeypatch.setenv("AI_API_KEY", "sk-of-openai")
    monkeypatch.delenv("GROQ_API_KEY")
    for make in (lambda: AiClient("groq/llama-3.3-70b-versatile"), lambda: AiClient(provider="groq")):
        with pytest.raises(ProviderConfigurationError, match="groq: API key missing"):
            make()
    assert AiClient().provider.configuration.api_key.value == "sk-o"  # type: ignore[attr-defined]  # of the engine


def test_calls_name_models_of_other_providers(world: World, keys: FakeServer) -> None:
    keys.add_replies(HELLO, HELLO, HELLO, HELLO)

    async def script(client: Uniform) -> None:
        await client.ask("1", model="anthropic/claude-sonnet-5")
        await client.ask("2", model="groq/openai/gpt-oss-20b")
        await client.ask("3", model="openai/gpt-5.4")
        await client.pieces(await client.ask_stream("4", model="claude/claude-haiku-5-5"))

    run(world, script, "openai/gpt-5.4-mini")
    requested = [(one.path, one.json["model"]) for one in keys.exchanges]
    assert requested[0] == ("/v1/messages", "claude-sonnet-5")
    assert requested[1] == ("/groq/chat/completions", "openai/gpt-oss-20b")
    assert requested[2] == ("/v1/chat/completions", "gpt-5.4")
    assert requested[3] == ("/v1/messages", "claude-haiku-5-5")


def test_a_model_alone_goes_to_its_maker_only_where_no_provider_is_set(keys: FakeServer) -> None:
    keys.add_replies(HELLO, HELLO)
    AiClient().ask("hi", model="claude-sonnet-5")
    AiClient("openai").ask("hi", model="claude-sonnet-5")
    assert [one.path for one in keys.exchanges] == ["/v1/messages", "/v1/chat/completions"]


def test_a_model_of_several_hosts_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-o")
    with pytest.raises(ProviderConfigurationError, match="several hosts serve such models"):
        AiClient().ask("hi", model="meta-llama/Llama-4")


def test_headers_of_one_provider_are_not_sent_to_another(keys: FakeServer) -> None:
    keys.add_replies(HELLO, HELLO)
    client = AiClient("openai", extra_headers={"x-team": "atlas"})
    client.ask("hi")
    client.ask("hi", model="anthropic/claude-sonnet-5")
    assert [one.headers.get("x-team") for one in keys.exchanges] == ["atlas", None]


def test_other_operations_and_conversations_name_models_too(keys: FakeServer) -> None:
    keys.add_replies(SampleOperations(), SampleOperations())
    client = AiClient("anthropic/claude-sonnet-5")
    client.embed(["a"], model="openai/text-embedding-3-small")
    AiClient("anthropic", embedding_model="openai/text-embedding-3-large").embed(["a"])
    assert [one.json["model"] for one in keys.exchanges] == ["text-embedding-3-small", "text-embedding-3-large"]
    keys.add_replies(HELLO, HELLO, HELLO)
    chat = client.chat(provider="openai")
    chat.ask("1")
    chat.switch("anthropic/claude-haiku-5-5").ask("2")
    chat.switch("groq/openai/gpt-oss-20b").ask("3")
    assert [one.path for one in keys.exchanges[2:]] == [
        "/v1/chat/completions",
        "/v1/messages",
        "/groq/chat/completions",
    ]


def test_fallbacks_name_models_too(keys: FakeServer) -> None:
    keys.add_replies(Refusal(503), HELLO)
    client = AiClient("openai", max_retries=0, fallbacks=["claude-sonnet-5", "groq"])
    assert client.ask("hi") == "Hello!"
    assert keys.exchanges[1].path == "/v1/messages"
    assert client.settings.fallbacks == "claude-sonnet-5,groq"
    with pytest.raises(ProviderConfigurationError, match=r"fallbacks, 'claud/x': unknown provider 'claud'"):
        AiClient("openai", fallbacks="claud/x")


def test_keywords_override_a_settings_object(keys: FakeServer) -> None:
    settings = AiSettings(provider="openai", api_key="sk-mine", model="gpt-5.4", temperature=0.2)
    client = AiClient(settings, temperature=0, max_tokens=5)
    assert (client.settings.temperature, client.settings.max_tokens, chosen(client)) == (0, 5, ("openai", "gpt-5.4"))
    assert settings.temperature == 0.2
    for moved in (
        AiClient(settings, model="anthropic/claude-sonnet-5"),
        AiClient(settings, "anthropic", model="claude-sonnet-5"),
        AsyncAiClient(settings, provider="claude", model="claude-sonnet-5"),
    ):
        assert chosen(moved) == ("anthropic", "claude-sonnet-5")
        assert moved.provider.configuration.api_key.value == "sk-a"  # type: ignore[attr-defined]  # of the engine
        assert moved.settings.temperature == 0.2
    assert chosen(AiClient(settings, "anthropic")) == ("anthropic", "claude-haiku-5-5")


def test_the_settings_of_a_client_are_typed_as_the_fields() -> None:
    expected = {name: argument_type(field.annotation) for name, field in AiSettings.model_fields.items()}
    expected["fallbacks"] = expected["auto_select_order"] = str | Sequence[str] | None
    expected["budget_alerts"] = str | Sequence[float | str] | None
    expected |= {other: expected[name] for other, name in SETTING_NAMES.items()}
    typed = get_type_hints(SettingArguments)
    assert typed.keys() == expected.keys()
    assert {name: typed[name] for name in typed if typed[name] != expected[name]} == {}
    assert get_type_hints(ClientArguments).keys() == typed.keys() - {"provider", "model"}
    for make in (AiClient, AsyncAiClient, create_client):
        names = inspect.signature(make).parameters
        assert {"model", "provider", "env_file"} <= names.keys()
        assert str(names["options"].annotation) == "Unpack[ClientArguments]"


def argument_type(annotation: Any) -> Any:
    """What a keyword argument takes for a field: text for secrets, paths in any form, any mapping for a dict."""
    if get_origin(annotation) is Annotated:
        return argument_type(get_args(annotation)[0])
    if annotation in (Secret, SecretUrl):
        return str
    if annotation is Path:
        return FilePath
    if get_origin(annotation) is dict:
        return Mapping[tuple(map(argument_type, get_args(annotation)))]  # type: ignore[misc]  # computed
    parts = get_args(annotation)
    if type(annotation) is type(str | None) or str(get_origin(annotation)) == "typing.Union":
        joined: Any = argument_type(parts[0])
        for part in parts[1:]:
            joined = joined | argument_type(part)
        return joined
    return annotation


@pytest.mark.parametrize("kind", [AiClient, AsyncAiClient, create_client])
@pytest.mark.parametrize("given", [42, AIModelEndpoint, AIModelEndpoint.of("openai/m"), ["openai"], AiSettings, b"x"])
def test_a_wrong_first_argument_is_answered_with_what_is_accepted(kind: Any, given: Any) -> None:
    with pytest.raises(ProviderConfigurationError, match="a client takes 'provider/model' such as") as refused:
        kind(given)
    assert isinstance(refused.value, AIUtilitiesError)


@pytest.mark.parametrize("kind", [AiClient, AsyncAiClient, create_client])
@pytest.mark.parametrize(
    ("args", "settings", "expected"),
    [
        (("opnai/gpt-5",), {}, "unknown provider 'opnai' in 'opnai/gpt-5'. Did you mean 'openai'?"),
        (("opnai",), {}, "'opnai' is no provider and no model that is known. Did you mean 'openai'?"),
        (("my-model",), {}, "'my-model' is no provider and no model that is known. Write the provider first"),
        (("my-model",), {}, "as in 'openai/gpt-5.4-mini', or pass model='my-model'"),
        (("openai:gpt-4o",), {}, "Did you mean 'openai/gpt-4o'?"),
        (("ollama:llama3",), {}, "Did you mean 'ollama/llama3'?"),
        (("/gpt-4o",), {}, "Write it, as in 'openai/gpt-4o'."),
        ((), {"provider": "gpt-4o"}, "it is a model. Write 'openai/gpt-4o', or model='gpt-4o'."),
        ((), {"top_p": 0.5}, "unknown setting 'top_p'; it is an option of calls: write client.ask(prompt, top_p=...)"),
        ((), {"tools": []}, "write client.ask(prompt, tools=...)"),
        ((), {"stream": True}, "unknown setting 'stream'; call client.ask_stream(prompt)"),
        ((), {"endpoint": "https://x"}, 'write base_url="https://..."'),
        ((), {"provider": "openai", "model": "anthropic", "api_key": "k"}, "is at another provider"),
        ((), {"provider": "openai", "model": "openai:gpt-4o", "api_key": "k"}, "Did you mean 'openai/gpt-4o'?"),
        ((), {"provider": "openai", "model": "antropic/claude-5", "api_key": "k"}, "Did you mean 'anthropic'?"),
        (("meta-llama/Llama-4",), {}, "several hosts serve such models"),
        ((), {"provider": "opnai"}, "unknown provider 'opnai'. Did you mean 'openai'?"),
        ((), {"temprature": 1}, "unknown setting 'temprature'; did you mean 'temperature'?"),
        ((AiSettings(api_key="k"),), {"temprature": 1}, "unknown setting 'temprature'; did you mean 'temperature'?"),
        (("openai/gpt-5",), {"model": "gpt-5"}, "the model is named twice"),
        (("openai",), {"provider": "groq"}, "the provider is named twice"),
        ((), {"provider": 7}, "a provider is named by a string or is a BaseProvider, not int"),
        (("openai",), {"temperature": 9}, "must be at most 2"),
        ((), {"provider": "openai", "model": "anthropic/claude-sonnet-5", "api_key": "k"}, "is at another provider"),
    ],
)
def test_a_mistake_fails_where_it_is_written(
    kind: Any, args: tuple[Any, ...], settings: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ProviderConfigurationError) as refused:
        kind(*args, **settings)
    assert expected in str(refused.value)


def test_settings_fail_at_once_and_are_still_errors_of_pydantic() -> None:
    for given in ({"provider": "opnai"}, {"temprature": 1}, {"temperature": 9}):
        with pytest.raises(ProviderConfigurationError) as refused:
            AiSettings(**given)  # type: ignore[arg-type]  # mistakes
        assert isinstance(refused.value, ValidationError)
    settings = AiSettings()
    with pytest.raises(ValidationError, match="Did you mean 'openai'"):
        settings.provider = "opnai"


def test_a_key_as_first_argument_is_never_shown_and_a_name_is_never_a_key(keys: FakeServer) -> None:
    key = "sk-proj-1a2B3c4D5e6F7g8H9i0J"
    with pytest.raises(ProviderConfigurationError, match="Pass it as api_key=") as refused:
        AiClient(key)
    assert key not in str(refused.value)
    assert create_client(key).settings.api_key == key
    assert create_client("openai").settings.api_key is None
    with pytest.raises(ProviderConfigurationError) as unknown:
        create_client(provider=key)
    assert key not in str(unknown.value)


def test_a_model_at_a_server_of_ones_own_keeps_its_name(server: FakeServer) -> None:
    for model in ("meta-llama/Llama-4", "openai/gpt-oss-20b", "google/gemma-4-31b-it", "mine"):
        client = AiClient(model=model, base_url=f"{server.url}/v1", api_key="k")
        assert chosen(client) == ("openai", model)
    assert chosen(AiClient("anthropic/claude-sonnet-5", base_url=server.url, api_key="k"))[0] == "anthropic"
    gateway = AiClient(provider="openai", model="anthropic/claude-sonnet-5", base_url=server.url, api_key="k")
    assert chosen(gateway) == ("openai", "anthropic/claude-sonnet-5")


def test_each_provider_has_one_own_name() -> None:
    assert all(find_provider(name).name == own for name, own in KNOWN.items())  # type: ignore[union-attr]  # known


@pytest.mark.parametrize("kind", [AiClient, AsyncAiClient])
def test_what_is_no_cache_is_refused_with_the_setting_that_is_meant(kind: Any) -> None:
    with pytest.raises(ProviderConfigurationError, match=r"not bool: cache_enabled=True"):
        kind("openai/gpt-5.4-mini", api_key="k", cache=True)
    with pytest.raises(ProviderConfigurationError, match=r"not str: cache_backend='sqlite'"):
        kind("openai/gpt-5.4-mini", api_key="k", cache="sqlite")


def test_a_provider_alone_moves_a_call_to_its_default_model(keys: FakeServer) -> None:
    keys.add_replies(HELLO, HELLO, HELLO)
    client = AiClient("openai/gpt-5.4-mini")
    assert client.ask("x", model="anthropic").provider == "anthropic"
    chat = client.chat()
    chat.ask("x")
    chat.switch("claude")
    assert chat.ask("y").model == "claude-haiku-5-5"
