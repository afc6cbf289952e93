"""Clients and endpoints of models that are named by `provider/model`."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from ai_utilities import AiSettings
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.providers.provider import KNOWN, find_provider
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint
from dhenara.ai.types.genai.foundation_models.anthropic.chat import ClaudeSonnet45
from support.worlds import World

HELLO = Answer(text="Hello!")


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_an_endpoint_of_any_provider_is_made_from_its_name(name: str) -> None:
    endpoint = AIModelEndpoint.of(f"{name}/vendor/some-model", "k-1")
    assert endpoint == AIModelEndpoint(
        api=AIModelAPI(provider=KNOWN[name], api_key="k-1"), ai_model=AIModel(model_name="vendor/some-model")
    )
    assert AIModelAPI(provider=name).provider == KNOWN[name]


def test_one_line_reads_the_key_from_the_environment(
    world: World, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_replies(HELLO)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    client = AIModelClient("openai/gpt-5.4-mini")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    assert world.run(client, "Hello").chat_response.choices[0].contents[0].get_text() == "Hello!"
    world.close(client)
    requested = server.exchanges[0]
    assert requested.headers["authorization"] == "Bearer sk-of-the-environment"
    assert requested.json["model"] == "gpt-5.4-mini"


@pytest.mark.parametrize("name", sorted(set(KNOWN.values())))
def test_a_missing_key_is_named_by_its_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:9")  # nobody listens
    provider = find_provider(name)
    assert provider is not None
    client = AIModelClient(f"{name}/m", region="us-east-1", resource="r", project_id="p")
    if not provider.needs_key or not provider.routes:
        return
    with pytest.raises(ConfigurationError, match=provider.key_env[0]):
        client.generate("?")


def test_a_model_alone_is_its_makers_and_a_constant_knows_its_own() -> None:
    assert AIModelClient("claude-sonnet-5").model_endpoint.api.provider == "anthropic"
    assert AIModelEndpoint.of("gemini-3.8-flash").api.provider == "google_ai"
    assert AIModelEndpoint.of(ClaudeSonnet45).api.provider == "anthropic"
    assert AIModelClient(ClaudeSonnet45, provider="bedrock").model_endpoint.api.provider == "amazon_bedrock"
    assert AIModelEndpoint.of("my-model", base_url="http://127.0.0.1:1").api.provider == "openai_compatible"
    assert AIModelEndpoint.of("my-model", provider="groq").api.provider == "groq"


def test_clouds_take_what_they_need_by_keyword(server: FakeServer) -> None:
    server.add_replies(HELLO)
    with AIModelClient("azure/my-deployment", api_key="k-1", endpoint=f"{server.url}") as client:
        assert client.generate("?").chat_response is not None
    assert server.exchanges[0].headers["api-key"] == "k-1"
    assert AIModelEndpoint.of("bedrock/claude-sonnet-5", region="eu-west-1", endpoint="mantle").api.config == {
        "region": "eu-west-1",
        "endpoint": "mantle",
    }
    vertex = AIModelEndpoint.of("vertex/gemini-3.8-flash", project_id="p", location="us-central1")
    assert vertex.api.config == {"project_id": "p", "location": "us-central1"}
    given = AIModelEndpoint.of("bedrock/m", credentials={"access_key_id": "a", "secret_access_key": "s"}).api
    assert given.credentials is not None
    assert "AKIA" not in repr(AIModelEndpoint.of("bedrock/m", credentials={"access_key_id": "AKIA"}))
    with AIModelClient("openai/m", headers={"x-team": "atlas"}) as client:
        assert client.model_endpoint.api.reveal_config() == {"headers": {"x-team": "atlas"}}
    assert AIModelEndpoint.of("lm_studio/m", api_config={"slots": 4}).api.config == {"slots": 4}


def test_fallbacks_may_be_names(server: FakeServer) -> None:
    server.add_replies(Refusal(429), HELLO)
    config = AIModelCallConfig(retries=0)
    with AIModelClient(
        "openai/gpt-5.4", config, api_key="k-1", base_url=server.url, fallbacks=["openai/gpt-5.4-mini"]
    ) as client:
        assert client.generate("?").chat_response is not None
    assert [requested.json["model"] for requested in server.exchanges] == ["gpt-5.4", "gpt-5.4-mini"]
    assert {requested.headers["authorization"] for requested in server.exchanges} == {"Bearer k-1"}
    names = ["claude-sonnet-5", "groq/llama-3.3-70b-versatile", AIModelEndpoint.of("xai/grok-4.5")]
    others = AIModelClient("openai/gpt-5.4", fallbacks=names)._pipelines.others
    assert [str(other.endpoint.api.provider) for other in others] == ["anthropic", "groq", "xai"]
    with pytest.raises(ConfigurationError, match=r"fallbacks: .*Did you mean 'anthropic'"):
        AIModelClient("openai/gpt-5.4", fallbacks=["claud/claude-5"])


def test_a_conversation_moves_by_name_and_takes_the_keys_that_it_knows(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO, HELLO)
    with AIModelClient("openai/gpt-5.4", api_key="k-1", base_url=server.url) as client:
        conversation = client.conversation()
        conversation.ask("1")
        conversation.switch("gpt-5.4-mini").ask("2")
        conversation.switch(AIModelEndpoint.of("anthropic/claude-sonnet-5", "k-2", base_url=server.url))
        assert conversation.client.model_endpoint.api.provider == "anthropic"
        conversation.switch("openai/gpt-5.4-nano").ask("3")
        conversation.switch("anthropic/claude-haiku-5-5")
        assert conversation.client.model_endpoint.api.api_key.get_secret_value() == "k-2"
        with pytest.raises(ConfigurationError, match="a conversation continues on a client or on 'provider/model'"):
            conversation.switch(42)  # type: ignore[arg-type]  # what somebody might try
        conversation.close()
    assert [requested.json["model"] for requested in server.exchanges] == ["gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano"]
    assert {requested.headers["authorization"] for requested in server.exchanges} == {"Bearer k-1"}


@pytest.mark.parametrize("given", [None, 42, AIModelEndpoint, AiSettings, AIModelAPI(provider="openai"), [], b"x"])
def test_a_wrong_first_argument_is_answered_with_what_is_accepted(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"'provider/model' such as 'openai/gpt-5.4-mini', an AIModel, or"):
        AIModelClient(given)
    with pytest.raises(ConfigurationError, match="'provider/model' such as"):
        AIModelEndpoint.of(given)


def test_what_is_no_argument_is_refused_with_the_one_that_is_meant() -> None:
    with pytest.raises(ConfigurationError, match="no argument 'regoin'; did you mean 'region'"):
        AIModelClient("bedrock/m", regoin="eu-west-1")  # type: ignore[call-arg]  # misspelt
    with pytest.raises(ConfigurationError, match="no argument 'base_ulr'; did you mean 'base_url'"):
        AIModelEndpoint.of("openai/m", base_ulr="http://x")  # type: ignore[call-arg]  # misspelt
    with pytest.raises(ConfigurationError, match="'temperature' is a setting of calls"):
        AIModelClient("openai/m", temperature=0)  # type: ignore[call-arg]  # belongs in the config
    with pytest.raises(ConfigurationError, match="api_key belongs in the AIModelAPI"):
        AIModelClient(AIModelEndpoint.of("openai/m"), api_key="k")
    with pytest.raises(ConfigurationError, match=r"openai: model missing\. Write 'openai/its-model'"):
        AIModelClient("openai")
    with pytest.raises(ConfigurationError, match="no provider is named for the model 'my-model'"):
        AIModelClient("my-model")


def test_an_unknown_provider_fails_where_it_is_written_and_is_still_an_error_of_pydantic() -> None:
    with pytest.raises(ConfigurationError, match=r"^unknown provider 'opnai'\. Did you mean 'openai'\?") as refused:
        AIModelAPI(provider="opnai")
    assert isinstance(refused.value, ValidationError)
    assert refused.value.errors()[0]["loc"] == ("provider",)
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301  # our own
    with pytest.raises(ConfigurationError, match="unknown field 'apikey'; did you mean 'api_key'"):
        AIModelAPI(provider="openai", apikey="k-1")  # type: ignore[call-arg]  # misspelt
    with pytest.raises(ValidationError, match="api: Input should be"):
        AIModelEndpoint(api="openai", ai_model=AIModel(model_name="m"))  # type: ignore[arg-type]  # no API


def test_errors_of_values_show_no_secret() -> None:
    with pytest.raises(ConfigurationError) as refused:
        AIModelAPI(provider="openai", api_key=["sk-secret-1234"], config={"headers": {"x": "sk-secret-1234"}})  # type: ignore[arg-type]  # no text
    assert "sk-secret" not in f"{refused.value} {refused.value!r} {refused.value.errors()}"  # type: ignore[attr-defined]  # of pydantic
