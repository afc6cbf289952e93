"""Documents outside of the messages, search results of tools, and what cites them, at every provider."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, Raw, RawStream
from dhenara.ai.types import (
    ContainerUploadContent,
    FileContent,
    SearchResultContent,
    ToolCallContent,
    ToolResultContent,
)
from support.worlds import World, endpoint

MATCHES = SearchResultContent(source="https://example.org/otters", title="Otters", text="Otters hold hands.")
OTHER = SearchResultContent(source="note-7", text="Rivers are cold.")
NOTE = FileContent(data=b"Rivers freeze.", mime_type="text/plain", name="rivers.txt", citations=True)
QUESTION = "Do otters hold hands?"
PROVIDERS = ["openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "ollama", "mistral"]


def ask(server: FakeServer, provider: str, messages: list[Any], **config: Any) -> tuple[Any, list[str]]:
    region = {"region": "us-east-1"} if provider == "amazon_bedrock" else {}
    server.add_replies(Answer(text="Yes."))
    with AIModelClient(endpoint(server.url, provider, **region)) as client:
        answer = client.generate(messages=messages, max_output_tokens=9, **config).chat_response
    assert answer is not None
    return server.exchanges[-1].json, [warning.message for warning in answer.warnings]


@pytest.mark.parametrize("actual", [[MATCHES], [MATCHES, OTHER], [NOTE, MATCHES], [[MATCHES, OTHER]]])
def test_cohere_gets_documents_only_outside_of_the_messages(actual: list[Any], server: FakeServer) -> None:
    body, warnings = ask(server, "cohere", [*actual, QUESTION])
    assert body["messages"] == [{"role": "user", "content": QUESTION}]
    assert body["documents"]
    assert warnings == []


def test_documents_alone_are_still_a_message(server: FakeServer) -> None:
    body, _ = ask(server, "cohere", [MATCHES, OTHER])
    assert [message["role"] for message in body["messages"]] == ["user"]


def test_documents_of_an_earlier_turn_stay(server: FakeServer) -> None:
    history = [MATCHES, QUESTION, {"role": "assistant", "content": "Yes."}, OTHER, "And rivers?"]
    body, _ = ask(server, "cohere", history)
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert len(body["documents"]) == 2


@pytest.mark.parametrize("provider", ["openai", "cohere", "ollama", "mistral"])
def test_a_part_that_stays_out_leaves_no_message(provider: str, server: FakeServer) -> None:
    body, warnings = ask(server, provider, [ContainerUploadContent(file_id="file_1"), QUESTION])
    assert [message["content"] for message in body["messages"]] == [QUESTION]
    assert any("file_1" in one for one in warnings)


def test_documents_in_options_are_added_to_those_of_messages(server: FakeServer) -> None:
    body, _ = ask(server, "cohere", [MATCHES, QUESTION], options={"documents": ["Rivers are cold."]})
    assert "Otters hold hands." in str(body["documents"])
    assert body["documents"][-1] == "Rivers are cold."


@pytest.mark.parametrize("provider", PROVIDERS)
def test_results_of_a_search_by_a_tool_stand_apart(provider: str, server: FakeServer) -> None:
    call = {"role": "assistant", "contents": [ToolCallContent(id="abcdefghi", name="search")]}
    result = ToolResultContent(call_id="abcdefghi", contents=[OTHER, MATCHES])
    body, _ = ask(server, provider, [QUESTION, call, result])
    assert "cold.Otters" not in str(body)
    assert "Otters hold hands." in str(body)


@pytest.mark.parametrize("provider", ["openai", "google_ai", "ollama", "mistral"])
def test_the_warning_names_everybody_who_cites_documents(provider: str, server: FakeServer) -> None:
    _, warnings = ask(server, provider, [NOTE, QUESTION])
    assert any("Anthropic, Bedrock and Cohere" in one for one in warnings)


CITED = {
    "start": 0,
    "end": 4,
    "text": "Yes.",
    "sources": [
        {
            "type": "tool",
            "id": "search:0",
            "tool_output": {"title": "Otters", "url": "https://example.org/otters", "snippet": "Otters hold hands."},
        }
    ],
}
TOKENS = {"tokens": {"input_tokens": 1, "output_tokens": 1}}


@pytest.mark.parametrize("streaming", [False, True])
def test_tool_results_of_cohere_are_cited_with_their_source(streaming: bool, world: World, server: FakeServer) -> None:
    provided = {"role": "assistant", "content": [{"type": "text", "text": "Yes."}], "citations": [CITED]}
    whole = {"id": "c", "finish_reason": "COMPLETE", "message": provided, "usage": TOKENS}
    events: list[dict[str, Any]] = [
        {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant"}}},
        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": "Yes."}}}},
        {"type": "citation-start", "index": 0, "delta": {"message": {"citations": CITED}}},
        {"type": "content-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": TOKENS}},
    ]
    lines = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    server.add_replies(RawStream([lines.encode()]) if streaming else Raw(json.dumps(whole).encode()))
    client = AIModelClient(endpoint(server.url, "cohere"))
    answer = world.stream(client, QUESTION)[-1][1] if streaming else world.run(client, QUESTION)
    world.close(client)
    (cited,) = answer.chat_response.contents[0].citations
    assert (cited.url, cited.title) == ("https://example.org/otters", "Otters")
