"""Content blocks that cannot be read are named in a warning; they are not taken for an empty answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer
from dhenara.ai.testing.answer import Raw
from dhenara.ai.types import ChatResponse
from support.worlds import endpoint

Body = dict[str, Any]


def messages(content: Any) -> Body:
    return {"type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": "end_turn"}


def converse(content: Any) -> Body:
    return {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "end_turn"}


def gemini(content: Any) -> Body:
    return {"candidates": [{"content": {"parts": content, "role": "model"}, "finishReason": "STOP", "index": 0}]}


def cohere(content: Any) -> Body:
    return {"id": "c", "message": {"role": "assistant", "content": content}, "finish_reason": "COMPLETE"}


def chat(content: Any) -> Body:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return {"object": "chat.completion", "model": "m", "choices": [choice]}


def responses(content: Any) -> Body:
    item = {"type": "message", "id": "i", "role": "assistant", "content": content}
    return {"object": "response", "id": "r", "status": "completed", "model": "m", "output": [item]}


BODIES = {
    "anthropic": (("anthropic", "m"), messages, {"type": "text", "text": "hi"}),
    "converse": (("amazon_bedrock", "m"), converse, {"text": "hi"}),
    "gemini": (("google_ai", "m"), gemini, {"text": "hi"}),
    "cohere": (("cohere", "m"), cohere, {"type": "text", "text": "hi"}),
    "openai_chat": (("openai", "m"), chat, {"type": "text", "text": "hi"}),
    "openai_responses": (("openai", "gpt-5-codex"), responses, {"type": "output_text", "text": "hi"}),
}


def answer(protocol: str, content: Any) -> ChatResponse:
    speaker, body, _ = BODIES[protocol]
    reply = Raw(json.dumps(body(content)).encode())
    with FakeServer(reply) as server, AIModelClient(endpoint(server.url, *speaker)) as client:
        actual = client.generate("?").chat_response
    assert actual is not None
    return actual


def unread(response: ChatResponse) -> list[str]:
    return [warning.message for warning in response.warnings if "cannot be read" in warning.message]


@pytest.mark.parametrize("protocol", BODIES)
@pytest.mark.parametrize("content", [[{}], [None], [7], [{"text": None}]], ids=json.dumps)
def test_a_response_of_unreadable_blocks_warns(protocol: str, content: Any) -> None:
    response = answer(protocol, content)
    assert response.text() == ""
    assert len(unread(response)) == 1
    assert not [part for part in response.contents if part.type == "generic"]


@pytest.mark.parametrize("protocol", BODIES)
def test_an_unreadable_block_next_to_text_warns(protocol: str) -> None:
    response = answer(protocol, [{}, BODIES[protocol][2]])
    assert response.text() == "hi"
    assert len(unread(response)) == 1


@pytest.mark.parametrize("protocol", BODIES)
@pytest.mark.parametrize("extra", [[], [None]], ids=json.dumps)
def test_readable_content_does_not_warn(protocol: str, extra: list[Any]) -> None:
    response = answer(protocol, [*extra, BODIES[protocol][2]])
    assert response.text() == "hi"
    assert unread(response) == []


@pytest.mark.parametrize("protocol", BODIES)
def test_empty_content_does_not_warn(protocol: str) -> None:
    assert unread(answer(protocol, [])) == []


def test_a_typed_chat_message_without_fields_warns() -> None:
    choice = {"index": 0, "message": {}, "finish_reason": "stop"}
    body = {"object": "chat.completion", "model": "m", "choices": [choice]}
    with FakeServer(Raw(json.dumps(body).encode())) as server, AIModelClient(endpoint(server.url)) as client:
        actual = client.generate("?").chat_response
    assert actual is not None
    assert len(unread(actual)) == 1
