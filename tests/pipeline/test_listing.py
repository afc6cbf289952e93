"""Listing models: every provider's own shape, all pages, the same key, timeouts, retries and errors as a call."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai import AIModelClient, Provider, register_provider
from dhenara.ai.errors import AuthenticationError, SyncAsyncMismatchError, UnsupportedError
from dhenara.ai.pipeline.operations.model_lists import address, find_listing, read_listing
from dhenara.ai.providers.provider import Route, unregister_provider
from dhenara.ai.providers.target import resolve
from dhenara.ai.testing import FakeServer, Raw, Refusal
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ModelListing
from support.corpus import CORPUS
from support.worlds import World, endpoint


@pytest.fixture(autouse=True)
def forget_own_providers() -> Iterator[None]:
    yield
    for name in ("listed_here", "listless"):
        unregister_provider(name)


def reported(body: Any) -> Raw:
    return Raw(json.dumps(body).encode())


def listed(world: World, client: AIModelClient) -> list[ModelListing]:
    actual: list[ModelListing] = world.ask(client, "list_models")
    return actual


OPENROUTER = {
    "id": "anthropic/claude-opus-5-5",
    "name": "Anthropic: Claude Opus 5.5",
    "created": 1790000000,
    "context_length": 1000000,
    "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
    "top_provider": {"max_completion_tokens": 128000},
    "supported_parameters": ["tools", "reasoning"],
    "pricing": {"prompt": "0.000004"},
}
MISTRAL = {
    "id": "mistral-large-4",
    "object": "model",
    "created": 1790000000,
    "owned_by": "mistralai",
    "max_context_length": 1048576,
    "capabilities": {"completion_chat": True, "vision": True, "fine_tuning": False},
}
BEDROCK = {
    "modelId": "anthropic.claude-opus-5-5",
    "modelName": "Claude Opus 5.5",
    "providerName": "Anthropic",
    "inputModalities": ["TEXT", "IMAGE"],
    "outputModalities": ["TEXT"],
}
GEMINI = {
    "name": "models/gemini-3.8-flash",
    "displayName": "Gemini 3.8 Flash",
    "inputTokenLimit": 1048576,
    "outputTokenLimit": 65536,
    "supportedGenerationMethods": ["generateContent"],
}
CLAUDE = {"id": "claude-opus-5-5", "display_name": "Claude Opus 5.5", "created_at": "2026-09-01T00:00:00Z"}
COHERE = {"name": "command-a-03-2025", "endpoints": ["chat"], "context_length": 288000}
TOGETHER = [{"id": "openai/gpt-oss-120b", "display_name": "GPT OSS", "context_length": 131072, "type": "chat"}]
VLLM = {"data": [{"id": "qwen", "max_model_len": 32768, "created": 0}]}

# Provider, body, the path that is asked, and what is read.
SHAPES: list[tuple[str, Any, str, dict[str, Any]]] = [
    ("openai", {"data": [{"id": "gpt-5", "created": 1, "owned_by": "openai"}]}, "/v1/models", {"owner": "openai"}),
    (
        "openrouter",
        {"data": [OPENROUTER]},
        "/v1/models",
        {
            "display_name": "Anthropic: Claude Opus 5.5",
            "context_window": 1_000_000,
            "max_output_tokens": 128_000,
            "input_modalities": ("text", "image"),
            "capabilities": ("tools", "reasoning"),
        },
    ),
    ("mistral", {"data": [MISTRAL]}, "/v1/models", {"capabilities": ("completion_chat", "vision")}),
    ("together", TOGETHER, "/v1/models", {"display_name": "GPT OSS", "context_window": 131_072}),
    ("vllm", VLLM, "/v1/models", {"context_window": 32_768, "created": None}),
    ("anthropic", {"data": [CLAUDE]}, "/v1/models?limit=1000", {"id": "claude-opus-5-5"}),
    (
        "google_ai",
        {"models": [GEMINI]},
        "/v1beta/models?pageSize=1000",
        {"id": "gemini-3.8-flash", "max_output_tokens": 65_536, "capabilities": ("generateContent",)},
    ),
    (
        "cohere",
        {"models": [COHERE]},
        "/v1/models?page_size=1000",
        {"id": "command-a-03-2025", "capabilities": ("chat",)},
    ),
    (
        "ollama",
        {"models": [{"name": "qwen3:8b", "modified_at": "2026-10-01T00:00:00Z", "capabilities": ["tools"]}]},
        "/api/tags",
        {"id": "qwen3:8b", "capabilities": ("tools",)},
    ),
    (
        "deepgram",
        {"stt": [], "tts": [{"name": "zeus", "canonical_name": "aura-2-zeus-en", "architecture": "aura"}]},
        "/v1/models",
        {"id": "aura-2-zeus-en", "display_name": "zeus"},
    ),
    (
        "amazon_bedrock",
        {"modelSummaries": [BEDROCK]},
        "/foundation-models",
        {"owner": "Anthropic", "input_modalities": ("text", "image")},
    ),
]


@pytest.mark.parametrize(("provider", "body", "path", "read"), SHAPES, ids=[shape[0] for shape in SHAPES])
def test_every_providers_list_is_read_in_one_shape(
    provider: str, body: Any, path: str, read: dict[str, Any], server: FakeServer
) -> None:
    server.add_replies(reported(body))
    with AIModelClient(endpoint(server.url, provider)) as client:
        (model,) = client.list_models()
    assert model.provider == provider
    assert {name: getattr(model, name) for name in read} == read
    requested = server.exchanges[0]
    assert (requested.method, requested.path, requested.body) == ("GET", path, b"")
    assert any("sk-test-secret" in value for value in requested.headers.values())


def test_all_pages_are_read(world: World, server: FakeServer) -> None:
    first = {"data": [{"id": "a"}, {"id": "b"}], "has_more": True, "last_id": "b"}
    server.add_replies(reported(first), reported({"data": [{"id": "c"}], "has_more": False, "last_id": "c"}))
    client = AIModelClient(endpoint(server.url, "anthropic"))
    assert [model.id for model in listed(world, client)] == ["a", "b", "c"]
    world.close(client)
    assert server.exchanges[1].path == "/v1/models?limit=1000&after_id=b"
    assert server.exchanges[1].headers["anthropic-version"] == "2023-06-01"


def test_pages_with_tokens_are_read(server: FakeServer) -> None:
    server.add_replies(
        reported({"models": [{"name": "models/a"}], "nextPageToken": "x/y="}), reported({"models": [{"name": "b"}]})
    )
    with AIModelClient(endpoint(server.url, "google_ai")) as client:
        assert [model.id for model in client.list_models()] == ["a", "b"]
    assert server.exchanges[1].path == "/v1beta/models?pageSize=1000&pageToken=x%2Fy%3D"


def test_a_server_that_repeats_its_first_page_ends_the_list() -> None:
    with FakeServer(reported({"data": [{"id": "a"}], "has_more": True, "last_id": "a"}), forever=True) as server:
        with AIModelClient(endpoint(server.url)) as client:
            assert [model.id for model in client.list_models()] == ["a"]
        assert len(server.exchanges) == 2


def test_listing_has_the_retries_and_errors_of_calls(world: World, server: FakeServer) -> None:
    server.add_replies(
        Refusal(503, "busy", headers={"retry-after-ms": "5"}),
        reported({"data": [{"id": "a"}]}),
        Refusal(401, "bad key"),
    )
    client = AIModelClient(endpoint(server.url))
    assert len(listed(world, client)) == 1
    with pytest.raises(AuthenticationError):
        listed(world, client)
    world.close(client)


def test_a_local_provider_of_the_users_own_lists_without_another_line(server: FakeServer) -> None:
    from dhenara.ai.codecs.quirks import ChatQuirks

    routes = (Route("openai_chat", ChatQuirks()),)
    register_provider(Provider("listed_here", f"{server.url}/own", routes, needs_key=False))
    server.add_replies(reported({"data": [{"id": "mine"}]}))
    api = AIModelAPI(provider="listed_here")
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="mine"))) as client:
        assert client.list_models()[0].id == "mine"
    assert server.exchanges[0].path == "/own/models"


def test_a_provider_without_a_model_list_raises_unsupported() -> None:
    from dhenara.ai.codecs.quirks import ConverseQuirks

    register_provider(
        Provider("listless", "http://127.0.0.1:1", (Route("converse", ConverseQuirks()),), needs_key=False)
    )
    api = AIModelAPI(provider="listless")
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")))
    with pytest.raises(UnsupportedError, match="listless"):
        client.list_models()


def test_a_provider_without_chat_and_model_list_raises_unsupported_for_the_list() -> None:
    listless = pytest.raises(UnsupportedError, match="voyage does not list")
    with AIModelClient(endpoint("http://127.0.0.1:1", "voyage")) as client, listless:
        client.list_models()


def test_sync_and_async_mismatches_are_refused() -> None:
    with pytest.raises(SyncAsyncMismatchError):
        AIModelClient(endpoint("http://127.0.0.1:1"), is_async=True).list_models()


@pytest.mark.parametrize("name", ["cerebras-models", "bedrock-mantle-models"])
def test_recorded_model_lists_are_read_completely(name: str) -> None:
    path = CORPUS / f"{name}.jsonl.gz"
    if not path.is_file():
        pytest.skip("the recorded traffic is not next to the project")
    for line in gzip.decompress(path.read_bytes()).splitlines():
        exchange = json.loads(line)
        actual = list(read_listing(json.loads(exchange["response_body"]), "x"))
        assert [model.id for model in actual] == exchange["expected"]["ids"]


@pytest.mark.parametrize(
    ("provider", "config", "model", "place"),
    [
        ("amazon_bedrock", {"region": "eu-west-1"}, "m", "https://bedrock.eu-west-1.amazonaws.com"),
        (
            "amazon_bedrock",
            {"region": "eu-west-1", "endpoint": "mantle"},
            "m",
            "https://bedrock-mantle.eu-west-1.api.aws/v1",
        ),
        ("microsoft_openai", {"resource": "ours"}, "our-gpt", "https://ours.openai.azure.com/openai/v1"),
        ("microsoft_azure_ai", {"resource": "ours"}, "claude-opus-5-5", "https://ours.services.ai.azure.com/openai/v1"),
        ("google_vertex_ai", {}, "claude-opus-5-5", "https://aiplatform.googleapis.com/v1beta1"),
        ("github_models", {}, "openai/gpt-5", "https://models.github.ai"),
        ("groq", {}, "m", "https://api.groq.com/openai/v1"),
    ],
)
def test_a_model_list_is_requested_from_its_own_address(
    provider: str, config: dict[str, str], model: str, place: str
) -> None:
    api = AIModelAPI(provider=provider, api_key="sk-test-secret", config=config)
    target = resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name=model)), {})
    assert address(target, find_listing(target)) == place
