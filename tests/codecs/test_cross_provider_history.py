"""Every recorded response of every protocol can be sent as history with every other protocol."""

from __future__ import annotations

import json as standard
from typing import Any

import pytest

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.providers.provider import load_provider
from dhenara.ai.providers.target import find_route
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    Message,
    Origin,
    Prompt,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from dhenara.ai.wire import json
from support.corpus import Exchange, read
from support.protocols import PROTOCOLS, Recorded

HOSTS = ("openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "mistral", "deepseek", "ollama")
ANSWERS = [
    pytest.param(protocol, exchange, id=f"{protocol.codec}-{exchange['id'][-90:]}".replace("/", "."))
    for protocol in PROTOCOLS
    for exchange in protocol.exchanges(lambda e: e["expected"]["kind"] == "generate")[::4]
] or [pytest.param(None, None, marks=pytest.mark.skip(reason="the recorded traffic is not available"))]


@pytest.mark.parametrize(("protocol", "exchange"), ANSWERS)
def test_response_is_accepted_as_history_by_every_provider(protocol: Recorded, exchange: Exchange) -> None:
    """Its text arrives unchanged, and its calls with their results."""
    origin = Origin(provider="somewhere_else", model="m", protocol=protocol.codec)
    draft = read(protocol.load(), protocol.quirks, exchange)
    reported = ResponseBuilder(origin)
    reported._choices = draft._choices
    answer = reported.response()
    calls = [part for part in answer.contents if isinstance(part, ToolCallContent)]
    provided = [part.text for part in answer.contents if isinstance(part, TextContent) and part.text.strip()]
    results = [ToolResultContent(call_id=call.id, name=call.name, output="done") for call in calls]
    turns = (
        Prompt(text="?"),
        Message(role="assistant", contents=answer.contents),
        *([Message(role="tool", contents=results)] if results else []),
        Prompt(text="And?"),
    )
    for host in HOSTS:
        body = encoded(host, turns)
        spoken = " ".join(strings(body))
        assert all(words in spoken for words in provided)
        assert all(call.name in spoken for call in calls)


def encoded(host: str, turns: tuple[Message, ...]) -> Any:
    endpoint = AIModelEndpoint(api=AIModelAPI(provider=host), ai_model=AIModel(model_name="m"))
    route = find_route(load_provider(host), "m", None)
    body = load_codec(route.codec).encode(Call(endpoint, turns, AIModelCallConfig()), route.quirks).body
    return standard.loads(json.dumps(body))


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in strings(one)]
