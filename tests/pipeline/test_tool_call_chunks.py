"""Chunks of a tool call have its id and name once, whatever the protocol repeats."""

from __future__ import annotations

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall

ENDPOINTS = {
    "openai/gpt-5.4-mini": "/v1",
    "openai/gpt-5.4-pro": "/v1",
    "anthropic/claude-sonnet-5": "",
    "google_ai/gemini-3.5-flash": "/v1beta",
    "cohere/command-a-03-2025": "",
    "ollama/qwen3": "",
}


@pytest.mark.parametrize("model", ENDPOINTS)
def test_a_call_is_named_once(model: str) -> None:
    calls = (FakeToolCall("weather", {"city": "Paris"}, "call_a"), FakeToolCall("weather", {"city": "Rome"}, "call_b"))
    with FakeServer(Answer(tool_calls=calls)) as server:
        client = AIModelClient(model, api_key="any", base_url=server.url + ENDPOINTS[model])
        with client, client.generate("Weather?", streaming=True).sync_stream_generator as stream:
            chunks = [event.data for event, _ in stream if event is not None and not event.is_error()]
            response = stream.response
    deltas = [delta for chunk in chunks for choice in chunk.choice_deltas for delta in choice.content_deltas]
    named = [(delta.id, delta.name) for delta in deltas if delta.type == "tool_call" and (delta.id or delta.name)]
    assert named == [(call.id, call.name) for call in response.tool_calls]
    assert len(named) == 2
