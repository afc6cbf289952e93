"""Tools that providers run: their options in each format, checked against the vendors' types, and their usage."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from anthropic.types.beta import BetaToolUnionParam
from google.genai import types as google_types
from openai.types.responses import ToolParam
from pydantic import TypeAdapter

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import (
    AIModelCallConfig,
    GoogleMaps,
    ImageGeneration,
    InvalidValueError,
    ToolDefinition,
    WebFetch,
    XSearch,
)
from support.worlds import World, endpoint

from .test_provider_tools import encoded

FETCH = WebFetch(allowed_domains=("a.org",), max_uses=2, max_content_tokens=500, citations=True)
POSTS = XSearch(
    allowed_handles=("xai",),
    from_date=datetime.date(2026, 1, 2),
    to_date=datetime.date(2026, 1, 3),
    images=True,
    videos=False,
)
DRAW = ImageGeneration(
    model="gpt-image-2",
    action="generate",
    size="1024x1024",
    quality="low",
    background="transparent",
    output_format="webp",
    compression=80,
    moderation="low",
    input_fidelity="high",
    partial_images=2,
)
RESPONSES = {"protocol": "openai_responses"}


def test_anthropic_fetches_pages() -> None:
    body, warned = encoded("anthropic", "claude-sonnet-4-6", FETCH)
    assert (body["tools"], warned) == (
        [
            {
                "type": "web_fetch_20250910",
                "name": "web_fetch",
                "allowed_domains": ["a.org"],
                "max_uses": 2,
                "max_content_tokens": 500,
                "citations": {"enabled": True},
            }
        ],
        [],
    )
    TypeAdapter(list[BetaToolUnionParam]).validate_python(body["tools"])


def test_pages_without_the_cache_need_a_newer_version() -> None:
    body, _ = encoded("anthropic", "claude-sonnet-4-6", WebFetch(use_cache=False))
    assert body["tools"] == [{"type": "web_fetch_20260309", "name": "web_fetch", "use_cache": False}]
    TypeAdapter(list[BetaToolUnionParam]).validate_python(body["tools"])


def test_domains_are_allowed_or_blocked_at_anthropic() -> None:
    for given in ({"allowed_domains": ("a",)}, {"blocked_domains": ("a",)}):
        body, warned = encoded("anthropic", "claude-sonnet-4-6", WebFetch(**given))
        assert [body["tools"][0][name] for name in given] == [["a"]]
        assert warned == []


def test_gemini_reads_pages_and_maps() -> None:
    maps = GoogleMaps(latitude=52.5, longitude=13.4)
    body, warned = encoded("google_ai", "gemini-3-flash", WebFetch(), maps, ToolDefinition(name="f", strict=True))
    assert [next(iter(tool)) for tool in body["tools"]] == ["functionDeclarations", "urlContext", "googleMaps"]
    assert body["toolConfig"] == {
        "retrievalConfig": {"latLng": {"latitude": 52.5, "longitude": 13.4}},
        "functionCallingConfig": {"mode": "VALIDATED"},
    }
    assert warned == []
    TypeAdapter(list[google_types.Tool]).validate_python(body["tools"])
    google_types.ToolConfig.model_validate(body["toolConfig"])


def test_options_that_gemini_does_not_have_are_warned_about() -> None:
    body, warned = encoded("google_ai", "gemini-3-flash", WebFetch(max_uses=1, allowed_domains=("a",)))
    assert body["tools"] == [{"urlContext": {}}]
    assert warned == ["web_fetch.allowed_domains", "web_fetch.max_uses"]


def test_openai_draws_with_every_option() -> None:
    body, warned = encoded("openai", "gpt-5.4", DRAW, **RESPONSES)
    expected = {**DRAW.model_dump(exclude={"kind", "compression"}), "output_compression": 80}
    assert (body["tools"], warned) == ([{"type": "image_generation", **expected}], [])
    TypeAdapter(list[ToolParam]).validate_python(body["tools"])


def test_xai_searches_posts() -> None:
    body, warned = encoded("xai", "grok-4.6", POSTS, **RESPONSES)
    assert (body["tools"], warned) == (
        [
            {
                "type": "x_search",
                "allowed_x_handles": ["xai"],
                "from_date": "2026-01-02",
                "to_date": "2026-01-03",
                "enable_image_understanding": True,
                "enable_video_understanding": False,
            }
        ],
        [],
    )


@pytest.mark.parametrize("tool", [WebFetch(), XSearch(), ImageGeneration(), GoogleMaps()], ids=lambda tool: tool.kind)
@pytest.mark.parametrize(
    ("provider", "model", "api", "kinds"),
    [
        ("openai", "gpt-4.1", {}, ()),
        ("openai", "gpt-5.4", RESPONSES, ("image_generation",)),
        ("xai", "grok-4.6", RESPONSES, ("x_search", "image_generation")),
        ("anthropic", "claude-sonnet-4-6", {}, ("web_fetch",)),
        ("google_ai", "gemini-3-flash", {}, ("web_fetch", "google_maps")),
        ("cohere", "command-a", {}, ()),
        ("ollama", "m", {}, ()),
        ("amazon_bedrock", "us.amazon.nova-2-lite-v1:0", {}, ()),
        ("groq", "openai/gpt-oss-120b", {}, ()),
    ],
)
def test_a_tool_that_a_provider_does_not_have_is_left_out_with_a_warning(
    provider: str, model: str, api: dict[str, Any], kinds: tuple[str, ...], tool: Any
) -> None:
    body, warned = encoded(provider, model, tool, **api)
    has = tool.kind in kinds
    assert bool(body.get("tools")) is has
    assert warned == ([] if has else [tool.kind])


def test_strict_calls_raise_for_a_missing_tool(world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, model="gpt-4.1"))
    with pytest.raises(UnsupportedError, match="x_search"):
        world.run(client, "?", tools=[XSearch()], strict=True)


@pytest.mark.parametrize("tool", [FETCH, POSTS, DRAW, GoogleMaps(latitude=1, longitude=2)], ids=lambda tool: tool.kind)
def test_tools_survive_json(tool: Any) -> None:
    config = AIModelCallConfig(tools=[tool])
    again = AIModelCallConfig.model_validate_json(config.model_dump_json())
    assert again.tools == (tool,)


def test_options_out_of_range_are_refused() -> None:
    for make in (
        lambda: GoogleMaps(latitude=91, longitude=0),
        lambda: ImageGeneration(partial_images=4),
        lambda: ImageGeneration(compression=-1),
        lambda: WebFetch(max_uses=0),
    ):
        with pytest.raises(InvalidValueError):
            make()


def test_a_search_on_maps_is_a_unit_of_the_usage(world: World, server: FakeServer) -> None:
    place = {"maps": {"uri": "https://maps.google.com/?cid=1", "title": "Cafe", "placeId": "p1"}}
    support = {"segment": {"startIndex": 0, "endIndex": 4}, "groundingChunkIndices": [0]}
    candidate = {
        "content": {"role": "model", "parts": [{"text": "Cafe"}]},
        "finishReason": "STOP",
        "groundingMetadata": {"groundingChunks": [place], "groundingSupports": [support]},
    }
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4}
    body = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-3-flash", "responseId": "r"}
    server.add_replies(Raw(json.dumps(body).encode()))
    client = AIModelClient(endpoint(server.url, "google_ai", "gemini-3-flash"))
    response = world.run(client, "Coffee?", tools=[GoogleMaps(latitude=1, longitude=2)]).chat_response
    assert response.usage.units == {"maps_searches": 1.0}
    assert [(source.url, source.title) for source in response.sources] == [("https://maps.google.com/?cid=1", "Cafe")]
