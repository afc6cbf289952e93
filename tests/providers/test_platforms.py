"""The same model through different platforms: the same lines, the same answer, in every world."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    BrokenStreamError,
    ConfigurationError,
    ContentFilteredError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from dhenara.ai.providers.known.claude import name_on_bedrock, name_on_vertex
from dhenara.ai.providers.target import Target, resolve
from dhenara.ai.testing import Answer, Called, FakeServer, Raw, RawStream, Refusal
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ToolCallContent
from dhenara.ai.types.genai.foundation_models.anthropic.chat import ClaudeSonnet45
from dhenara.ai.wire.eventstream import write_message
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
SAID = Answer(text="Fine & häßlich 🙂", reasoning="Let me see.", tool_calls=(Called("weather", {"city": "Köln"}),))


@pytest.mark.parametrize("platform", CLAUDE)
def test_claude_says_the_same_through_every_platform(platform: str, world: World, server: FakeServer) -> None:
    given, whole, streamed = CLAUDE[platform]
    server.answers(SAID, SAID)
    api = AIModelAPI(**{**given, "config": {**given.get("config", {}), "base_url": server.url}})
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=ClaudeSonnet45))
    asked = {"prompt": "?", "reasoning": True, "max_output_tokens": 100}
    answers = [world.run(client, **asked).chat_response, world.stream(client, **asked)[-1][1].chat_response]
    world.close(client)
    for answer in answers:
        assert (answer.text(), answer.reasoning(), answer.interrupted) == (SAID.text, SAID.reasoning, False)
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
        ("foundry", {"model": "claude-sonnet-4-5", "stream": True}),
    ],
)
def test_what_each_platform_wants_in_the_body(platform: str, body: dict[str, Any], server: FakeServer) -> None:
    given = CLAUDE[platform][0]
    server.answers(Answer(text="Hello!"))
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


def target(provider: str, model: str = "m", environment: Any = None, **given: Any) -> Target:
    api = AIModelAPI(provider=provider, **{"api_key": "k", **given})
    return resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name=model)), environment or {})


def token(**config: Any) -> dict[str, Any]:
    return {"api_key": None, "credentials": {"token": "t"}, "config": config}


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("us-central1", "us-central1-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        (None, "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_vertex_is_where_the_location_says(location: str | None, host: str) -> None:
    found = target("google_vertex_ai", "gemini-3.8-flash", **token(project_id="p", location=location))
    assert found.base_url == f"https://{host}/v1beta1/projects/p/locations/{location or 'global'}"


@pytest.mark.parametrize(
    ("provider", "model", "given", "address"),
    [
        ("google_vertex_ai", "gemini-2.5-pro", {}, "https://aiplatform.googleapis.com/v1beta1"),
        (
            "google_vertex_ai",
            "meta/llama-4-maverick-17b-128e-instruct-maas",
            token(project_id="p", location="us-east5"),
            "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5",
        ),
        (
            "google_vertex_ai",
            "projects/1/locations/us-east5/endpoints/7",
            token(project_id="p", location="us-east5"),
            "https://us-east5-aiplatform.googleapis.com/v1beta1",
        ),
        ("microsoft_openai", "d", {"config": {"resource": "r"}}, "https://r.openai.azure.com/openai/v1"),
        (
            "microsoft_openai",
            "my d",
            {"config": {"resource": "r", "api_version": "2024-10-21"}},
            "https://r.openai.azure.com/openai/deployments/my%20d",
        ),
        (
            "microsoft_openai",
            "d",
            {"config": {"base_url": "https://r.openai.azure.com/openai/v1/"}},
            "https://r.openai.azure.com/openai/v1",
        ),
        ("microsoft_azure_ai", "grok-4", {"config": {"resource": "r"}}, "https://r.services.ai.azure.com/openai/v1"),
        (
            "microsoft_azure_ai",
            "claude-opus-5",
            {"config": {"resource": "r"}},
            "https://r.services.ai.azure.com/anthropic",
        ),
        (
            "amazon_bedrock",
            "openai.gpt-5.6-luna",
            {"config": {"region": "eu-west-1"}},
            "https://bedrock-mantle.eu-west-1.api.aws/openai/v1",
        ),
        (
            "amazon_bedrock",
            "openai.gpt-oss-20b",
            {"config": {"region": "eu-west-1"}},
            "https://bedrock-mantle.eu-west-1.api.aws/v1",
        ),
        (
            "amazon_bedrock",
            "claude-sonnet-5-5",
            {"config": {"region": "eu-west-1"}},
            "https://bedrock-mantle.eu-west-1.api.aws/anthropic",
        ),
        (
            "amazon_bedrock",
            "global.anthropic.claude-sonnet-5-5",
            {"config": {"region": "eu-west-1"}},
            "https://bedrock-runtime.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_where_each_model_is_asked(provider: str, model: str, given: dict[str, Any], address: str) -> None:
    assert target(provider, model, **given).base_url == address


def test_a_dated_version_is_told_in_the_address(world: World, server: FakeServer) -> None:
    server.answers(Answer(text="Hello!"), Answer(text="Again!"))
    config = {"base_url": server.url, "api_version": "2024-10-21"}
    api = AIModelAPI(provider="microsoft_openai", api_key="k", config=config)
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="my-gpt", base_model="gpt-4o")))
    world.run(client, "?")
    world.stream(client, "?")
    world.close(client)
    path = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    assert [e.path for e in server.exchanges] == [path, path]
    assert (server.exchanges[0].headers["api-key"], "authorization" in server.exchanges[0].headers) == ("k", False)


def test_a_deployment_is_treated_as_the_model_behind_it(server: FakeServer) -> None:
    config = {"resource": "r"}
    api = AIModelAPI(provider="microsoft_openai", api_key="k", config=config)
    plain = AIModelEndpoint(api=api, ai_model=AIModel(model_name="prod-1"))
    behind = AIModelEndpoint(api=api, ai_model=AIModel(model_name="prod-1", base_model="gpt-5.3-codex"))
    assert (resolve(plain, {}).route.codec, resolve(behind, {}).route.codec) == ("openai_chat", "openai_responses")


def test_an_api_key_of_vertex_stands_for_its_project(world: World, server: FakeServer) -> None:
    server.answers(Answer(text="Hello!"))
    api = AIModelAPI(provider="google_vertex_ai", api_key="AIza-k", config={"base_url": server.url})
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="gemini-2.5-flash")))
    world.run(client, "?")
    world.close(client)
    asked = server.exchanges[0]
    assert asked.path == "/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent"
    assert asked.headers["x-goog-api-key"] == "AIza-k"


def test_other_models_of_vertex_are_asked_by_openais_protocol(world: World, server: FakeServer) -> None:
    server.answers(Answer(text="Hello!"))
    config = {"base_url": server.url, "project_id": "p", "location": "us-east5"}
    api = AIModelAPI(provider="google_vertex_ai", credentials={"token": "t"}, config=config)
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="meta/llama-4-maas")))
    world.run(client, "?", max_output_tokens=5)
    world.close(client)
    asked = server.exchanges[0]
    assert asked.path == "/v1/projects/p/locations/us-east5/endpoints/openapi/chat/completions"
    assert (asked.json["model"], asked.json["max_tokens"]) == ("meta/llama-4-maas", 5)


@pytest.mark.parametrize(
    ("name", "vertex", "bedrock"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5@20250929", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5@20251101", "eu.anthropic.claude-opus-4-5-20251101-v1:0"),
        ("claude-sonnet-4-0", "claude-sonnet-4@20250514", "eu.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-v2@20241022", "eu.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("claude-opus-4-8", "claude-opus-4-8", "eu.anthropic.claude-opus-4-8"),
        ("claude-sonnet-5-5", "claude-sonnet-5-5", "anthropic.claude-sonnet-5-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5@20250929", None),
        ("us.anthropic.claude-x", "us.anthropic.claude-x", "us.anthropic.claude-x"),
    ],
)
def test_claude_has_a_name_of_its_own_on_each_platform(name: str, vertex: str, bedrock: str | None) -> None:
    assert name_on_vertex(name) == name_on_vertex(vertex) == vertex
    if bedrock is not None:
        assert name_on_bedrock(name, "eu-central-1") == name_on_bedrock(bedrock, "eu-central-1") == bedrock


@pytest.mark.parametrize("entry", ["region", "resource", "project_id", "location", "api_version"])
@pytest.mark.parametrize("value", ["evil.example/", "x@evil.example", "a#b", "a?b", "a b", "a\nb", "ä"])
def test_no_part_of_an_address_leads_elsewhere(entry: str, value: str) -> None:
    owner = {"region": "amazon_bedrock", "project_id": "google_vertex_ai", "location": "google_vertex_ai"}
    config = {"resource": "r", "project_id": "p", "region": "us-east-1", entry: value}
    with pytest.raises(ConfigurationError, match="part of an address"):
        target(owner.get(entry, "microsoft_openai"), api_key=None, credentials={"token": "t"}, config=config)


@pytest.mark.parametrize(
    ("address", "goes"),
    [
        ("https://mine.openai.azure.com", True),
        ("https://mine.services.ai.azure.com", True),
        ("https://mine.openai.azure.com.evil.example", False),
        ("https://a.b.openai.azure.com", False),
        ("https://evil.example", False),
    ],
)
def test_the_environments_key_goes_to_the_platforms_hosts_only(address: str, goes: bool) -> None:
    asked = {"api_key": None, "environment": {"AZURE_OPENAI_API_KEY": "k"}, "config": {"base_url": address}}
    if goes:
        assert target("microsoft_openai", **asked).grant.key == "k"
    else:
        with pytest.raises(ConfigurationError, match="does not go to another base URL"):
            target("microsoft_openai", **asked)


def test_what_is_missing_is_named_with_its_variables() -> None:
    with pytest.raises(ConfigurationError, match=r"needs resource.*AZURE_OPENAI_RESOURCE"):
        target("microsoft_openai")
    with pytest.raises(ConfigurationError, match=r"needs project_id.*GOOGLE_CLOUD_PROJECT"):
        target("google_vertex_ai", "gemini-2.5-pro", **token())


def invoked(server: FakeServer) -> AIModelClient:
    given = {**CLAUDE["bedrock invoke"][0]}
    api = AIModelAPI(**{**given, "config": {**given["config"], "base_url": server.url}})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=ClaudeSonnet45))


def test_a_refusal_of_a_gateway_is_told_in_its_words(world: World, server: FakeServer) -> None:
    server.answers(
        Raw(b'{"message":"Too many tokens, slow down."}', 429, {"x-amzn-errortype": "ThrottlingException:http://x"}),
        Refusal(404, "no such model"),
    )
    client = invoked(server)
    with pytest.raises(RateLimitError, match="slow down") as caught:
        world.run(client, "?", retries=0)
    with pytest.raises(NotFoundError, match="no such model"):
        world.run(client, "?", retries=0)
    world.close(client)
    assert caught.value.provider_type == "ThrottlingException"


def test_a_refusal_of_vertex_is_told_in_its_words(server: FakeServer) -> None:
    said = [{"error": {"code": 429, "message": "Quota exceeded for aiplatform", "status": "RESOURCE_EXHAUSTED"}}]
    server.answers(Raw(json.dumps(said).encode(), 429))
    given = CLAUDE["vertex"][0]
    api = AIModelAPI(**{**given, "config": {**given["config"], "base_url": server.url}})
    with (
        AIModelClient(AIModelEndpoint(api=api, ai_model=ClaudeSonnet45)) as client,
        pytest.raises(RateLimitError, match="Quota exceeded") as caught,
    ):
        client.generate("?", retries=0)
    assert caught.value.provider_type == "RESOURCE_EXHAUSTED"


def test_azures_filter_is_a_filter(server: FakeServer) -> None:
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}
    said = {"error": {"message": "filtered", "code": "content_filter", "status": 400, "innererror": inner}}
    server.answers(Raw(json.dumps(said).encode(), 400))
    api = AIModelAPI(provider="microsoft_openai", api_key="k", config={"base_url": server.url})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="d"))
    with AIModelClient(endpoint) as client, pytest.raises(ContentFilteredError):
        client.generate("?")


def exception(kind: str, message: str) -> bytes:
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return write_message(headers, json.dumps({"message": message}).encode())


def test_an_exception_inside_a_stream_of_chunks_is_the_error_it_would_have_been(
    world: World, server: FakeServer
) -> None:
    kind = {"content-type": "application/vnd.amazon.eventstream"}
    server.answers(RawStream([exception("serviceUnavailableException", "overloaded")], headers=kind))
    client = invoked(server)
    with pytest.raises(ServerError, match="overloaded"):
        world.stream(client, "?", retries=0)
    world.close(client)


def test_a_damaged_chunk_breaks_the_stream(world: World, server: FakeServer) -> None:
    kind = {"content-type": "application/vnd.amazon.eventstream"}
    broken = write_message({":event-type": "chunk", ":message-type": "event"}, b'{"bytes":"not base64!"}')
    server.answers(RawStream([broken], headers=kind))
    client = invoked(server)
    with pytest.raises(BrokenStreamError, match="cannot be opened"):
        world.stream(client, "?", retries=0)
    world.close(client)
