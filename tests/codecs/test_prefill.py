"""Histories that end with an assistant message: prefill where supported, an instruction elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import Message, TextContent
from support.worlds import endpoint

BEGUN = [
    Message(role="user", contents=[TextContent(text="Count to five.")]),
    Message(role="assistant", contents=[TextContent(text="One, two, ")]),
]


def sent(server: FakeServer, provider: str, model: str, **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """The messages that arrive, and what was warned of."""
    server.add_replies(Answer(text="three, four, five."))
    with AIModelClient(endpoint(server.url, provider, model)) as client:
        answer = client.generate(messages=BEGUN, **options).chat_response
    assert answer is not None
    return server.exchanges[-1].json["messages"], [warning.code for warning in answer.warnings]


@pytest.fixture
def server() -> Any:
    with FakeServer(strict=True) as strict:
        yield strict


@pytest.mark.parametrize(
    ("provider", "mark"), [("mistral", {"prefix": True}), ("moonshot", {"partial": True}), ("openai", {})]
)
def test_prefill_is_marked_per_provider(server: FakeServer, provider: str, mark: Any) -> None:
    messages, warned = sent(server, provider, "some-model")
    assert messages[-1] == {"role": "assistant", "content": "One, two, ", **mark}
    assert warned == []


def test_only_last_assistant_message_is_marked_as_prefill(server: FakeServer) -> None:
    server.add_replies(Answer(text="Six."))
    with AIModelClient(endpoint(server.url, "mistral", "mistral-large-latest")) as client:
        client.generate(messages=[*BEGUN, "And then?"])
    assert [("prefix" in message) for message in server.exchanges[-1].json["messages"]] == [False, False, False]


def test_older_claude_continues_from_last_character(server: FakeServer) -> None:
    messages, warned = sent(server, "anthropic", "claude-sonnet-4-5")
    assert messages[-1] == {"role": "assistant", "content": [{"type": "text", "text": "One, two,"}]}
    assert warned == []


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-opus-5"),
        ("amazon_bedrock", "global.anthropic.claude-opus-5-v1:0"),
        ("perplexity", "sonar"),
    ],
)
def test_prefill_becomes_instruction_where_unsupported(server: FakeServer, provider: str, model: str) -> None:
    messages, warned = sent(server, provider, model)
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert "Go on exactly where your last answer ends" in str(messages[-1]["content"])
    assert warned == ["translated_parameter"]


@pytest.mark.parametrize(("provider", "model"), [("anthropic", "claude-opus-5"), ("perplexity", "sonar")])
def test_strict_call_refuses_prefill_as_instruction(server: FakeServer, provider: str, model: str) -> None:
    client = AIModelClient(endpoint(server.url, provider, model))
    with client, pytest.raises(UnsupportedError, match="prefilled answers are not supported"):
        client.generate(messages=BEGUN, strict=True)
    assert server.exchanges == []
