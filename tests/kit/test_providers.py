"""Providers: by name, of one's own, and what every one of them must hold."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from ai_utilities import (
    AiClient,
    AiSettings,
    AskResult,
    BaseProvider,
    GroqProvider,
    OllamaProvider,
    OpenAIProvider,
    ProviderConfigurationError,
    UsageData,
    create_provider,
    list_providers,
    register_provider,
)
from ai_utilities.exceptions import ProviderCapabilityError
from ai_utilities.providers import EngineProvider, ProviderConformance, check_provider, facts
from ai_utilities.providers.facts import known_providers
from dhenara.ai.providers.provider import load_provider
from dhenara.ai.testing import Answer, FakeServer, Raw
from support.kit import Uniform, run, settings
from support.worlds import World


class OnlyAsk(BaseProvider):
    """The least that a provider of one's own may be."""

    def ask(self, prompt: str, **kwargs: Any) -> AskResult:
        return AskResult(text=f"you said {prompt}", usage=UsageData(prompt_tokens=1, completion_tokens=2))


class Telling(OnlyAsk):
    """One that also streams."""

    def ask_stream(self, prompt: str, **kwargs: Any) -> Iterator[str]:
        yield from ("you ", "said ", prompt)

    def list_models(self) -> list[str]:
        return ["small", "large"]


class TestOnlyAsk(ProviderConformance):
    def make_provider(self) -> BaseProvider:
        return OnlyAsk()


class TestTelling(ProviderConformance):
    def make_provider(self) -> BaseProvider:
        return Telling()


class TestEngine(ProviderConformance):
    @pytest.fixture(autouse=True)
    def answering(self) -> Iterator[None]:
        with FakeServer(Answer(text="Hello."), forever=True) as server:
            self.server = server
            self.made: list[BaseProvider] = []
            yield
            for provider in self.made:
                provider.close()

    def make_provider(self) -> BaseProvider:
        self.made.append(OpenAIProvider(settings(self.server.url)))
        return self.made[-1]

    def test_models_are_listed_by_name(self) -> None:
        listing = b'{"object": "list", "data": [{"id": "fake-1", "object": "model"}]}'
        with FakeServer(Raw(listing), forever=True) as server:
            provider = OpenAIProvider(settings(server.url))
            assert provider.list_models() == ["fake-1"]
            provider.close()


def test_the_conformance_test_runs_without_pytest_and_finds_faults() -> None:
    class Liar(OnlyAsk):
        def ask_batch(self, prompts: Any, **kwargs: Any) -> list[AskResult]:
            return []

    check_provider(Telling)
    with pytest.raises(AssertionError, match="three prompts were sent, 0 results came back"):
        check_provider(Liar)


TALKING = [name for name in known_providers() if load_provider(name).routes]


@pytest.mark.parametrize("name", TALKING)
def test_every_provider_of_the_engine_is_made_by_name(name: str) -> None:
    provider = create_provider(AiSettings(provider=name, api_key="k", model="m", base_url="http://127.0.0.1:9/v1"))
    assert isinstance(provider, EngineProvider)
    assert provider.provider_name == name


def test_a_provider_that_does_not_chat_says_so() -> None:
    provider = create_provider(AiSettings(provider="voyage", api_key="k", model="m"))
    with pytest.raises(ValueError, match="voyage: chat not offered, only embeddings, reranking"):
        provider.ask("hi")


@pytest.mark.parametrize(
    ("name", "kind"), [("openai", OpenAIProvider), ("groq", GroqProvider), ("ollama", OllamaProvider)]
)
def test_three_of_them_have_classes_of_their_own(name: str, kind: type[EngineProvider]) -> None:
    if name not in known_providers():
        pytest.skip(f"the engine does not know {name}")
    provided = AiSettings(api_key="k", model="m")
    assert type(create_provider(provided, name)) is kind
    assert kind(provided).provider_name == name


def test_an_instance_is_taken_as_it_is() -> None:
    mine = OnlyAsk()
    assert create_provider(AiSettings(), mine) is mine
    assert AiClient(provider=mine).provider is mine


def test_an_unknown_name_is_reported_with_the_known_ones() -> None:
    with pytest.raises(ProviderConfigurationError, match="Did you mean 'openai'"):
        create_provider(AiSettings(), "opnai")
    with pytest.raises(ProviderConfigurationError, match="named by a string"):
        create_provider(AiSettings(), 7)  # type: ignore[arg-type]  # what somebody might try


def test_a_provider_of_ones_own_is_registered_by_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_registered", {})
    register_provider("mine", OnlyAsk)
    register_provider("broken", lambda settings: "no provider")  # type: ignore[arg-type,return-value]  # as above
    assert "mine" in list_providers()
    assert AiClient(AiSettings(provider="mine")).ask("hello") == "you said hello"
    with pytest.raises(ProviderConfigurationError, match="returned a str"):
        create_provider(AiSettings(), "broken")
    with pytest.raises(ProviderConfigurationError, match="must take the settings"):
        register_provider("nothing", None)  # type: ignore[arg-type]  # as above


def test_or_by_an_entry_point_of_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("packaged", f"{__name__}:OnlyAsk", facts.GROUP)
    monkeypatch.setattr(facts, "entry_points", lambda group: [point] if group == facts.GROUP else [])
    monkeypatch.setattr(EntryPoint, "load", lambda self: OnlyAsk)
    assert "packaged" in list_providers()
    assert create_provider(AiSettings(), "packaged").ask("x") == "you said x"


def test_a_provider_with_only_ask_works_in_both_colours(world: World) -> None:
    async def script(client: Uniform) -> None:
        assert await client.ask("hello") == "you said hello"
        assert await client.ask_many(["a", "b"]) == ["you said a", "you said b"]
        assert await client.ask_batch(["a", "b"]) == ["you said a", "you said b"]
        with pytest.raises(NotImplementedError, match="Streaming not supported"):
            await client.pieces(await client.ask_stream("hello"))
        with pytest.raises(ProviderCapabilityError, match="Model listing not supported"):
            await client.list_models()
        with pytest.raises(ProviderCapabilityError, match="takes_context"):
            client.client.chat()

    run(world, script, provider=OnlyAsk())


def test_what_it_offers_beyond_is_used(world: World) -> None:
    async def script(client: Uniform) -> None:
        stream = await client.ask_stream("hello")
        assert await client.pieces(stream) == ["you ", "said ", "hello"]
        assert stream.result == "you said hello"
        assert await client.list_models() == ["small", "large"]

    run(world, script, provider=Telling())


def test_the_usage_of_ones_own_provider_is_tracked(world: World) -> None:
    class Ledger:
        def __init__(self) -> None:
            self.rows: list[UsageData] = []

        def track_request(self, usage: UsageData) -> None:
            self.rows.append(usage)

    ledger = Ledger()

    async def script(client: Uniform) -> None:
        await client.ask("hello")
        await client.pieces(await client.ask_stream("hello"))

    run(world, script, provider=Telling(), usage_tracker=ledger)
    assert [row.total_tokens for row in ledger.rows] == [3, 0]
    assert {row.provider for row in ledger.rows} == {"telling"}


def test_credentials_and_regions_in_dotenv_are_read_too(tmp_path: Any) -> None:
    (tmp_path / "aws.env").write_text(
        "AWS_ACCESS_KEY_ID=AKIA\nAWS_SECRET_ACCESS_KEY=aws-secret\nAWS_REGION=eu-central-1\nAMAZON_BEDROCK_MODEL=m\n"
    )
    provider = create_provider(AiSettings.from_dotenv(tmp_path / "aws.env", provider="amazon_bedrock"))
    assert isinstance(provider, EngineProvider)
    endpoint = provider.engine.model_endpoint
    assert endpoint.api.credentials is not None
    assert endpoint.api.credentials.reveal()["access_key_id"] == "AKIA"
    assert endpoint.api.config["region"] == "eu-central-1"


def test_a_custom_provider_gets_the_schema_in_its_prompt(world: World) -> None:
    class Strict(BaseProvider):
        def ask(self, prompt: str) -> AskResult:  # type: ignore[override]  # takes no options at all
            assert "JSON" in prompt
            return AskResult(text='{"a": 1}')

    async def script(client: Uniform) -> None:
        assert await client.ask_json("an object") == {"a": 1}
        assert await client.ask_typed("an object", dict[str, int]) == {"a": 1}

    run(world, script, provider=Strict())


def test_a_provider_with_a_proof_of_identity_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "aws-secret")
    provided = AiSettings(provider="bedrock", model="amazon.nova-lite-v1:0", provider_config={"region": "eu-west-1"})
    assert create_provider(provided).provider_name == "amazon_bedrock"
    with pytest.raises(ProviderConfigurationError, match="AWS_REGION"):
        create_provider(provided.model_copy(update={"provider_config": {}}))
