"""Errors of platforms, with the platform's own message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    BrokenStreamError,
    ContentFilteredError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from dhenara.ai.testing import FakeServer, Raw, RawStream, Refusal
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
from dhenara.ai.types.genai.foundation_models.anthropic.chat import ClaudeSonnet45
from dhenara.ai.wire.eventstream import write_message
from support.worlds import World

INVOKED: dict[str, Any] = {
    "provider": "amazon_bedrock",
    "credentials": {"access_key_id": "AK", "secret_access_key": "secret"},
    "config": {"region": "us-east-1", "protocol": "anthropic"},
}
VERTEX: dict[str, Any] = {
    "provider": "google_vertex_ai",
    "credentials": {"token": "ya29"},
    "config": {"project_id": "p", "location": "us-east5"},
}


def invoked(server: FakeServer) -> AIModelClient:
    given = {**INVOKED}
    api = AIModelAPI(**{**given, "config": {**given["config"], "base_url": server.url}})
    return AIModelClient(AIModelEndpoint(api=api, ai_model=ClaudeSonnet45))


def test_an_error_of_a_gateway_contains_its_message(world: World, server: FakeServer) -> None:
    server.add_replies(
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


def test_an_error_of_vertex_contains_its_message(server: FakeServer) -> None:
    provided = [{"error": {"code": 429, "message": "Quota exceeded for aiplatform", "status": "RESOURCE_EXHAUSTED"}}]
    server.add_replies(Raw(json.dumps(provided).encode(), 429))
    given = VERTEX
    api = AIModelAPI(**{**given, "config": {**given["config"], "base_url": server.url}})
    with (
        AIModelClient(AIModelEndpoint(api=api, ai_model=ClaudeSonnet45)) as client,
        pytest.raises(RateLimitError, match="Quota exceeded") as caught,
    ):
        client.generate("?", retries=0)
    assert caught.value.provider_type == "RESOURCE_EXHAUSTED"


def test_azures_filter_is_a_filter(server: FakeServer) -> None:
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}
    provided = {"error": {"message": "filtered", "code": "content_filter", "status": 400, "innererror": inner}}
    server.add_replies(Raw(json.dumps(provided).encode(), 400))
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
    server.add_replies(RawStream([exception("serviceUnavailableException", "overloaded")], headers=kind))
    client = invoked(server)
    with pytest.raises(ServerError, match="overloaded"):
        world.stream(client, "?", retries=0)
    world.close(client)


def test_a_damaged_chunk_breaks_the_stream(world: World, server: FakeServer) -> None:
    kind = {"content-type": "application/vnd.amazon.eventstream"}
    broken = write_message({":event-type": "chunk", ":message-type": "event"}, b'{"bytes":"not base64!"}')
    server.add_replies(RawStream([broken], headers=kind))
    client = invoked(server)
    with pytest.raises(BrokenStreamError, match="cannot decode"):
        world.stream(client, "?", retries=0)
    world.close(client)
