"""The vendors' own clients for platforms ask at the same addresses, with the same proof and the same body."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import anthropic
import google.genai
import google.genai.types
import openai
import pytest
from google.oauth2.credentials import Credentials as GoogleCredentials

from dhenara.ai import AIModelClient
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import Answer, FakeServer, ServerExchange
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

AWS = {"access_key_id": "AK", "secret_access_key": "secret"}
PROVIDED: list[Any] = [{"role": "user", "content": "Hello?"}]
# The SDK asks for a newer version of the API, on clouds too; ours is the one that the recorded traffic speaks.
VERSION = "anthropic_version"


def ours(server: FakeServer, provider: str, model: str, *, streamed: bool, **given: Any) -> ServerExchange:
    config = {"base_url": server.url, **given.pop("config", {})}
    api = AIModelAPI(provider=provider, config=config, **given)
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name=model))) as client:
        response = client.generate("Hello?", streaming=streamed, max_output_tokens=50)
        if streamed:
            list(response.stream_generator)
    return server.exchanges[-1]


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """Texts in one block are the same texts, and a stream that is not one is none."""
    provided = [{**m, "content": words(m["content"])} for m in body.get("messages", ())]
    retained = {name: value for name, value in body.items() if value is not False and name != VERSION}
    return {**retained, "messages": provided}


def words(content: Any) -> Any:
    return content[0]["text"] if isinstance(content, list) and len(content) == 1 else content


def same(mine: ServerExchange, theirs: ServerExchange, *headers: str) -> None:
    assert unquote(mine.path) == unquote(theirs.path)
    assert {name: mine.headers.get(name) for name in headers} == {name: theirs.headers.get(name) for name in headers}
    assert plain(mine.json) == plain(theirs.json)
    assert (VERSION in mine.json) == (VERSION in theirs.json)


def create(client: Any, model: str, *, streamed: bool) -> None:
    with client:
        actual = client.messages.create(model=model, max_tokens=50, messages=PROVIDED, stream=streamed)
        if streamed:
            list(actual)


@pytest.mark.parametrize("streamed", [False, True])
def test_anthropics_client_for_vertex(streamed: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    theirs = anthropic.AnthropicVertex(
        region="us-east5", project_id="p", access_token="ya29", base_url=f"{server.url}/v1", max_retries=0
    )
    create(theirs, "claude-sonnet-4-5@20250929", streamed=streamed)
    where = {"project_id": "p", "location": "us-east5"}
    mine = ours(
        server, "google_vertex_ai", "claude-sonnet-4-5", streamed=streamed, credentials={"token": "ya29"}, config=where
    )
    same(mine, server.exchanges[0], "authorization", "content-type")


@pytest.mark.parametrize("location", ["us-east5", "europe-west1", "global", "us", "eu"])
def test_anthropics_client_finds_vertex_at_the_same_host(location: str) -> None:
    theirs = anthropic.AnthropicVertex(region=location, project_id="p", access_token="t")
    api = AIModelAPI(
        provider="google_vertex_ai", credentials={"token": "t"}, config={"project_id": "p", "location": location}
    )
    mine = resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="claude-opus-5")), {})
    assert mine.base_url == f"{str(theirs.base_url).rstrip('/')}/projects/p/locations/{location}"


@pytest.mark.parametrize("streamed", [False, True])
def test_anthropics_client_for_bedrock(streamed: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    theirs = anthropic.AnthropicBedrock(aws_region="us-east-1", api_key="key", base_url=server.url, max_retries=0)
    model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    create(theirs, model, streamed=streamed)
    where = {"region": "us-east-1", "protocol": "anthropic"}
    mine = ours(server, "amazon_bedrock", model, streamed=streamed, api_key="key", config=where)
    same(mine, server.exchanges[0], "authorization", "content-type")


def test_anthropics_client_reads_our_fake_bedrock(server: FakeServer) -> None:
    server.add_replies(Answer(text="Fine & häßlich 🙂", reasoning="Let me see."))
    with (
        anthropic.AnthropicBedrock(aws_region="us-east-1", api_key="key", base_url=server.url) as client,
        client.messages.stream(model="anthropic.claude-x", max_tokens=50, messages=PROVIDED) as stream,
    ):
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[1].text == "Fine & häßlich 🙂"  # type: ignore[union-attr]  # the type was just read


def test_anthropics_client_for_mantle(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    theirs = anthropic.AnthropicBedrockMantle(aws_region="us-east-1", api_key="key", base_url=f"{server.url}/anthropic")
    create(theirs, "anthropic.claude-sonnet-5-5", streamed=False)
    where = {"region": "us-east-1"}
    mine = ours(server, "amazon_bedrock", "claude-sonnet-5-5", streamed=False, api_key="key", config=where)
    same(mine, server.exchanges[0], "authorization", "content-type")
    named = anthropic.AnthropicBedrockMantle(aws_region="us-east-1", api_key="key")
    api = AIModelAPI(provider="amazon_bedrock", api_key="key", config=where)
    actual = resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="claude-sonnet-5-5")), {})
    assert actual.base_url == str(named.base_url).rstrip("/")


@pytest.mark.parametrize("streamed", [False, True])
def test_anthropics_client_for_foundry(streamed: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    theirs = anthropic.AnthropicFoundry(api_key="key", base_url=f"{server.url}/anthropic", max_retries=0)
    create(theirs, "claude-opus-5", streamed=streamed)
    mine = ours(server, "microsoft_azure_ai", "claude-opus-5", streamed=streamed, api_key="key")
    same(mine, server.exchanges[0], "x-api-key", "api-key", "authorization")
    named = anthropic.AnthropicFoundry(resource="r", api_key="key")
    api = AIModelAPI(provider="microsoft_azure_ai", api_key="key", config={"resource": "r"})
    actual = resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="claude-opus-5")), {})
    assert actual.base_url == str(named.base_url).rstrip("/")


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("proof", ["key", "token"])
def test_openais_client_for_azure(proof: str, streamed: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    shown: dict[str, Any] = {"api_key": "k"} if proof == "key" else {"azure_ad_token_provider": lambda: "eyJ"}
    with openai.AzureOpenAI(azure_endpoint=server.url, api_version="2024-10-21", max_retries=0, **shown) as theirs:
        requested: dict[str, Any] = {"model": "my-gpt", "messages": PROVIDED, "max_completion_tokens": 50}
        if streamed:
            list(theirs.chat.completions.create(stream=True, stream_options={"include_usage": True}, **requested))
        else:
            theirs.chat.completions.create(**requested)
    given: dict[str, Any] = {"api_key": "k"} if proof == "key" else {"credentials": {"token": lambda: "eyJ"}}
    mine = ours(server, "microsoft_openai", "my-gpt", streamed=streamed, config={"api_version": "2024-10-21"}, **given)
    same(mine, server.exchanges[0], "api-key", "authorization")


def test_openais_client_asks_dated_responses_at_the_same_place(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    with openai.AzureOpenAI(azure_endpoint=server.url, api_version="2025-03-01-preview", api_key="k") as theirs:
        theirs.responses.create(model="my-gpt", input="Hello?")
    where = {"api_version": "2025-03-01-preview", "protocol": "openai_responses"}
    mine = ours(server, "microsoft_openai", "my-gpt", streamed=False, api_key="k", config=where)
    assert mine.path == server.exchanges[0].path
    assert mine.json["model"] == server.exchanges[0].json["model"]


def vertex_call(client: Any, *, streamed: bool) -> None:
    requested = {"model": "gemini-2.5-flash", "contents": "Hello?"}
    config = google.genai.types.GenerateContentConfig(max_output_tokens=50)
    if streamed:
        list(client.models.generate_content_stream(config=config, **requested))
    else:
        client.models.generate_content(config=config, **requested)


@pytest.mark.parametrize("streamed", [False, True])
def test_googles_client_for_vertex(streamed: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    options = google.genai.types.HttpOptions(base_url=server.url)
    theirs = google.genai.Client(
        vertexai=True, project="p", location="us-central1", credentials=GoogleCredentials("ya29"), http_options=options
    )
    vertex_call(theirs, streamed=streamed)
    theirs.close()
    where = {"project_id": "p", "location": "us-central1"}
    mine = ours(
        server, "google_vertex_ai", "gemini-2.5-flash", streamed=streamed, credentials={"token": "ya29"}, config=where
    )
    reported = server.exchanges[0]
    assert mine.path == reported.path
    assert mine.headers["authorization"] == reported.headers["authorization"]
    assert mine.json == reported.json


def test_openais_client_for_mantle_names_the_same_host() -> None:
    from openai.lib.bedrock import BedrockOpenAI

    theirs = BedrockOpenAI(aws_region="eu-west-1", api_key="key")
    api = AIModelAPI(provider="amazon_bedrock", api_key="key", config={"region": "eu-west-1"})
    mine = resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name="openai.gpt-5.6-luna")), {})
    assert mine.base_url == str(theirs.base_url).rstrip("/")
