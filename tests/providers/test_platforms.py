"""The same model through different platforms: the same lines, the same answer, in every world."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ToolCallContent
from dhenara.ai.types.genai.foundation_models.anthropic.chat import ClaudeSonnet45
from support.worlds import World

AWS = {"access_key_id": "AK", "secret_access_key": "secret"}
VERTEX = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929"
ON_BEDROCK = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE: dict[str, tuple[dict[str, Any], str, str]] = {
    "direct": ({"provider": "anthropic", "api_key": "k"}, "/v1/messages", "/v1/messages"),
    "vertex": (
        {
            "provider": "google_vertex_ai",
            "credentials": {"token": "ya29"},
            "config": {"project_id": "p", "location": "us-east5"},
        },
        f"{VERTEX}:rawPredict",
        f"{VERTEX}:streamRawPredict",
    ),
    "bedrock": (
        {"provider": "amazon_bedrock", "credentials": AWS, "config": {"region": "us-east-1"}},
        f"{ON_BEDROCK}/converse",
        f"{ON_BEDROCK}/converse-stream",
    ),
    "bedrock invoke": (
        {"provider": "amazon_bedrock", "credentials": AWS, "config": {"region": "us-east-1", "protocol": "anthropic"}},
        f"{ON_BEDROCK}/invoke",
        f"{ON_BEDROCK}/invoke-with-response-stream",
    ),
    "bedrock mantle": (
        {"provider": "amazon_bedrock", "api_key": "k", "config": {"region": "us-east-1", "endpoint": "mantle"}},
        "/anthropic/v1/messages",
        "/anthropic/v1/messages",
    ),
    "foundry": (
        {"provider": "microsoft_azure_ai", "api_key": "k"},
        "/anthropic/v1/messages",
        "/anthropic/v1/messages",
    ),
}
PROVIDED = Answer(
    text="Fine & häßlich 🙂", reasoning="Let me see.", tool_calls=(FakeToolCall("weather", {"city": "Köln"}),)
)


@pytest.mark.parametrize("platform", CLAUDE)
def test_claude_says_the_same_through_every_platform(platform: str, world: World, server: FakeServer) -> None:
    given, whole, streamed = CLAUDE[platform]
    server.add_replies(PROVIDED, PROVIDED)
    api = AIModelAPI(**{**given, "config": {**given.get("config", {}), "base_url": server.url}})
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=ClaudeSonnet45))
    requested = {"prompt": "?", "reasoning": True, "max_output_tokens": 100}
    answers = [world.run(client, **requested).chat_response, world.stream(client, **requested)[-1][1].chat_response]
    world.close(client)
    for answer in answers:
        assert (answer.text(), answer.reasoning(), answer.interrupted) == (PROVIDED.text, PROVIDED.reasoning, False)
        (call,) = (part for part in answer.contents if isinstance(part, ToolCallContent))
        assert (call.name, call.arguments) == ("weather", {"city": "Köln"})
        assert answer.usage.output_tokens + answer.usage.reasoning_tokens == 7
    assert [unquote(e.path) for e in server.exchanges] == [whole, streamed]
    body = server.exchanges[0].json
    thinking = body.get("thinking") or body["additionalModelRequestFields"]["thinking"]
    assert thinking["type"] == "enabled"


@pytest.mark.parametrize(
    ("platform", "body"),
    [
        ("vertex", {"anthropic_version": "vertex-2023-10-16", "stream": True}),
        ("bedrock invoke", {"anthropic_version": "bedrock-2023-05-31", "anthropic_beta": ["b-1"]}),
        ("bedrock mantle", {"model": "anthropic.claude-sonnet-4-5", "stream": True}),
        ("foundry", {"model": "claude-sonnet-4-5", "stream": True}),
    ],
)
def test_what_each_platform_wants_in_the_body(platform: str, body: dict[str, Any], server: FakeServer) -> None:
    given = CLAUDE[platform][0]
    server.add_replies(Answer(text="Hello!"))
    api = AIModelAPI(**{**given, "config": {**given.get("config", {}), "base_url": server.url}})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=ClaudeSonnet45)) as client:
        list(client.generate("?", streaming=True, options={"betas": ["b-1"]}).stream_generator)
    sent, headers = server.exchanges[0].json, server.exchanges[0].headers
    assert {name: sent.get(name) for name in ("anthropic_version", "anthropic_beta", "stream", "model")} == {
        **dict.fromkeys(("anthropic_version", "anthropic_beta", "stream", "model")),
        **body,
    }
    assert headers.get("anthropic-beta") == (None if "anthropic_beta" in body else "b-1")
    assert ("anthropic-version" in headers) == ("anthropic_version" not in body)


def test_a_dated_api_version_is_in_the_url(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Again!"))
    config = {"base_url": server.url, "api_version": "2024-10-21"}
    api = AIModelAPI(provider="microsoft_openai", api_key="k", config=config)
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="my-gpt", base_model="gpt-4o")))
    world.run(client, "?")
    world.stream(client, "?")
    world.close(client)
    path = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    assert [e.path for e in server.exchanges] == [path, path]
    assert (server.exchanges[0].headers["api-key"], "authorization" in server.exchanges[0].headers) == ("k", False)


def test_an_api_key_of_vertex_stands_for_its_project(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    api = AIModelAPI(provider="google_vertex_ai", api_key="AIza-k", config={"base_url": server.url})
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="gemini-2.5-flash")))
    world.run(client, "?")
    world.close(client)
    requested = server.exchanges[0]
    assert requested.path == "/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent"
    assert requested.headers["x-goog-api-key"] == "AIza-k"


def test_other_models_of_vertex_use_the_openai_protocol(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    config = {"base_url": server.url, "project_id": "p", "location": "us-east5"}
    api = AIModelAPI(provider="google_vertex_ai", credentials={"token": "t"}, config=config)
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="meta/llama-4-maas")))
    world.run(client, "?", max_output_tokens=5)
    world.close(client)
    requested = server.exchanges[0]
    assert requested.path == "/v1/projects/p/locations/us-east5/endpoints/openapi/chat/completions"
    assert (requested.json["model"], requested.json["max_tokens"]) == ("meta/llama-4-maas", 5)


@pytest.mark.parametrize(
    ("model", "service"),
    [
        ("amazon.nova-lite-v1:0", "bedrock"),
        ("openai.gpt-5.6-luna", "bedrock-mantle"),
        ("claude-sonnet-5-5", "bedrock-mantle"),
    ],
)
def test_a_signature_contains_the_service_of_the_request(
    model: str, service: str, world: World, server: FakeServer
) -> None:
    server.add_replies(Answer(text="Hello!"))
    config = {"region": "us-east-1", "base_url": server.url}
    api = AIModelAPI(provider="amazon_bedrock", credentials=AWS, config=config)
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name=model)))
    assert world.run(client, "?").chat_response.text() == "Hello!"
    world.close(client)
    assert f"/us-east-1/{service}/aws4_request" in server.exchanges[0].headers["authorization"]


def test_a_token_of_azure_may_be_in_the_environment(server: FakeServer, nobody: pytest.MonkeyPatch) -> None:
    server.add_replies(Answer(text="Hello!"))
    nobody.setenv("AZURE_OPENAI_AD_TOKEN", "eyJ.env")
    nobody.setenv("AZURE_OPENAI_ENDPOINT", f"{server.url}/")
    api = AIModelAPI(provider="microsoft_openai")
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="d"))) as client:
        client.generate("?")
    assert server.exchanges[0].headers["authorization"] == "Bearer eyJ.env"
