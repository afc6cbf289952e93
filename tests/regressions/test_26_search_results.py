"""Search results and cited documents: one vocabulary, written for each provider, with citations read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, Raw, RawStream
from dhenara.ai.types import (
    AIModelEndpoint,
    ContainerUploadContent,
    FileContent,
    Message,
    SearchResultContent,
    ToolCallContent,
    ToolResultContent,
    VideoContent,
)
from support.worlds import World, endpoint

MATCHES = SearchResultContent(
    source="https://example.org/otters",
    title="Otters",
    texts=["Otters hold hands.", "They sleep afloat."],
    citations=True,
)
OWN = SearchResultContent(source="note-7", title="A note", text="Rivers are cold.", citations=False)
PAPER = FileContent(data=b"Rivers freeze.", mime_type="text/plain", name="rivers.txt", citations=True, context="1999")
QUESTION = "Do otters hold hands?"


def at(server: FakeServer, protocol: str) -> AIModelEndpoint:
    match protocol:
        case "converse":
            return endpoint(server.url, "amazon_bedrock", "us.anthropic.claude-sonnet-4-5-v1:0", region="us-east-1")
        case "openai_responses" | "openai_chat":
            return endpoint(server.url, "openai", protocol=protocol)
        case "gemini":
            return endpoint(server.url, "google_ai")
    return endpoint(server.url, protocol)


def requested(server: FakeServer, protocol: str, *parts: Any, **config: Any) -> tuple[Any, Any]:
    """The body that was sent, and the answer."""
    server.add_replies(Answer(text="Yes."))
    with AIModelClient(at(server, protocol)) as client:
        answer = client.generate([*parts, QUESTION], max_output_tokens=9, **config).chat_response
    return server.exchanges[-1].json, answer


def test_anthropic_is_given_search_results(server: FakeServer) -> None:
    types = pytest.importorskip("anthropic.types")
    body, answer = requested(server, "anthropic", MATCHES, OWN)
    actual, own, _ = body["messages"][0]["content"]
    assert actual == {
        "type": "search_result",
        "source": "https://example.org/otters",
        "title": "Otters",
        "content": [{"type": "text", "text": "Otters hold hands."}, {"type": "text", "text": "They sleep afloat."}],
        "citations": {"enabled": True},
    }
    assert own["citations"] == {"enabled": False}
    assert set(actual) <= set(types.SearchResultBlockParam.__annotations__)
    assert not answer.warnings


def test_bedrock_is_given_search_results(server: FakeServer) -> None:
    body, answer = requested(server, "converse", MATCHES)
    assert body["messages"][0]["content"][0] == {
        "searchResult": {
            "source": "https://example.org/otters",
            "title": "Otters",
            "content": [{"text": "Otters hold hands."}, {"text": "They sleep afloat."}],
            "citations": {"enabled": True},
        }
    }
    assert not answer.warnings


def test_cohere_is_given_documents(server: FakeServer) -> None:
    cohere = pytest.importorskip("cohere")
    body, answer = requested(server, "cohere", MATCHES, OWN)
    assert body["messages"] == [{"role": "user", "content": QUESTION}]
    first, second = (cohere.Document.model_validate(one) for one in body["documents"])
    assert first.id == "https://example.org/otters"
    assert first.data == {
        "title": "Otters",
        "url": "https://example.org/otters",
        "snippet": "Otters hold hands.\nThey sleep afloat.",
    }
    assert (second.id, second.data["source"]) == ("note-7", "note-7")
    assert "citation_options" not in body
    assert not answer.warnings


def test_cohere_citations_are_turned_off_when_nothing_may_be_cited(server: FakeServer) -> None:
    body, _ = requested(server, "cohere", OWN)
    assert body["citation_options"] == {"mode": "OFF"}
    assert len(body["documents"]) == 1


@pytest.mark.parametrize("protocol", ["openai_chat", "openai_responses", "gemini", "ollama"])
def test_elsewhere_search_results_are_text_with_a_warning(protocol: str, server: FakeServer) -> None:
    body, answer = requested(server, protocol, MATCHES)
    provided = json.dumps(body)
    assert "Otters hold hands." in provided
    assert "https://example.org/otters" in provided
    assert [warning.code for warning in answer.warnings] == ["translated_content"]
    with pytest.raises(UnsupportedError, match="a search result"):
        requested(server, protocol, MATCHES, strict=True)
    assert len(server.exchanges) == 1


@pytest.mark.parametrize("streaming", [False, True])
def test_search_results_are_sent_in_every_world(world: World, streaming: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Yes."))
    client = AIModelClient(at(server, "anthropic"))
    (world.stream if streaming else world.run)(client, [MATCHES, QUESTION], max_output_tokens=9)
    world.close(client)
    assert server.exchanges[0].json["messages"][0]["content"][0]["type"] == "search_result"


RESULTS = {
    "anthropic": lambda body: body["messages"][-1]["content"][0]["content"][0]["type"] == "search_result",
    "converse": lambda body: "searchResult" in body["messages"][-1]["content"][0]["toolResult"]["content"][0],
    "cohere": lambda body: body["messages"][-1]["content"][0]["type"] == "document",
    "openai_chat": lambda body: "Otters hold hands." in body["messages"][-1]["content"],
    "openai_responses": lambda body: "Otters hold hands." in str(body["input"][-1]["output"]),
    "gemini": lambda body: "Otters hold hands." in str(body["contents"][-1]),
    "ollama": lambda body: "Otters hold hands." in body["messages"][-1]["content"],
}


@pytest.mark.parametrize("protocol", RESULTS)
def test_tools_return_search_results(protocol: str, server: FakeServer) -> None:
    def search(query: str) -> SearchResultContent:
        """Searches."""
        return MATCHES

    server.add_replies(Answer(tool_calls=(FakeToolCall("search", {"query": "otters"}),)), Answer(text="Yes."))
    with AIModelClient(at(server, protocol)) as client:
        client.run(QUESTION, tools=[search], max_output_tokens=9)
    assert RESULTS[protocol](server.exchanges[1].json)


def test_documents_are_cited_where_that_is_offered(server: FakeServer) -> None:
    body, answer = requested(server, "anthropic", PAPER)
    document = body["messages"][0]["content"][0]
    assert (document["citations"], document["context"], document["title"]) == ({"enabled": True}, "1999", "rivers.txt")
    assert not answer.warnings
    body, answer = requested(server, "converse", PAPER)
    document = body["messages"][0]["content"][0]["document"]
    assert (document["citations"], document["context"]) == ({"enabled": True}, "1999")
    body, answer = requested(server, "cohere", PAPER)
    assert body["documents"][0]["data"]["snippet"].endswith("Rivers freeze.")
    assert ["context" in warning.message for warning in answer.warnings] == [True]


@pytest.mark.parametrize("protocol", ["openai_chat", "openai_responses", "gemini", "ollama"])
def test_elsewhere_citations_and_context_are_named(protocol: str, server: FakeServer) -> None:
    _, answer = requested(server, protocol, PAPER)
    provided = " ".join(warning.message for warning in answer.warnings)
    assert "citations of a part" in provided
    assert "context of a part" in provided


@pytest.mark.parametrize("protocol", RESULTS)
def test_a_file_for_a_container_goes_to_anthropic_alone(protocol: str, server: FakeServer) -> None:
    body, answer = requested(server, protocol, ContainerUploadContent(file_id="file_1"))
    if protocol == "anthropic":
        assert body["messages"][0]["content"][0] == {"type": "container_upload", "file_id": "file_1"}
        assert not answer.warnings
    else:
        assert "file_1" not in json.dumps(body)
        assert [warning.code for warning in answer.warnings] == ["dropped_content"]


@pytest.mark.parametrize("provider", ["openrouter", "alibaba", "moonshot", "zai"])
def test_video_urls_are_read_and_written(provider: str, server: FakeServer) -> None:
    part = {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}}
    server.add_replies(Answer(text="Yes."), Answer(text="Yes."))
    with AIModelClient(endpoint(server.url, provider, "any-model")) as client:
        client.generate({"role": "user", "content": [part, {"type": "text", "text": "?"}]})
        client.generate([VideoContent(url="https://example.org/a.mp4"), "?"])
    for exchange in server.exchanges:
        assert exchange.json["messages"][0]["content"][0] == part


LOCATION = {
    "type": "search_result_location",
    "cited_text": "Otters hold hands.",
    "source": "https://example.org/otters",
    "title": "Otters",
    "search_result_index": 0,
    "start_block_index": 0,
    "end_block_index": 1,
}
ABOUT: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
CLAUDE = {**ABOUT, "content": [{"type": "text", "text": "Yes.", "citations": [LOCATION]}]}
NOVA = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {
                    "citationsContent": {
                        "content": [{"text": "Yes."}],
                        "citations": [
                            {
                                "title": "Otters",
                                "source": "https://example.org/otters",
                                "sourceContent": [{"text": "Otters hold hands."}],
                                "location": {"searchResultLocation": {"searchResultIndex": 0, "start": 0, "end": 1}},
                            }
                        ],
                    }
                }
            ],
        }
    },
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
}
COMMAND = {
    "id": "c",
    "finish_reason": "COMPLETE",
    "message": {
        "role": "assistant",
        "content": [{"type": "text", "text": "Yes."}],
        "citations": [
            {
                "start": 0,
                "end": 4,
                "text": "Yes.",
                "sources": [
                    {
                        "type": "document",
                        "id": "https://example.org/otters",
                        "document": {"id": "d", "title": "Otters", "url": "https://example.org/otters"},
                    }
                ],
            }
        ],
    },
    "usage": {"tokens": {"input_tokens": 1, "output_tokens": 1}},
}


@pytest.mark.parametrize(("protocol", "body"), [("anthropic", CLAUDE), ("converse", NOVA), ("cohere", COMMAND)])
def test_citations_of_search_results_are_read(protocol: str, body: Any, world: World, server: FakeServer) -> None:
    server.add_replies(Raw(json.dumps(body).encode()))
    client = AIModelClient(at(server, protocol))
    answer = world.run(client, [MATCHES, QUESTION], max_output_tokens=9).chat_response
    world.close(client)
    assert answer is not None
    (cited,) = [one for part in answer.contents for one in getattr(part, "citations", ())]
    assert (cited.url, cited.title) == ("https://example.org/otters", "Otters")


def test_citations_of_search_results_are_read_from_streams(world: World, server: FakeServer) -> None:
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**ABOUT, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "", "citations": []}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": LOCATION}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Yes."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    lines = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    server.add_replies(RawStream([lines.encode()]))
    client = AIModelClient(at(server, "anthropic"))
    final = world.stream(client, [MATCHES, QUESTION], max_output_tokens=9)[-1][1]
    world.close(client)
    (cited,) = final.chat_response.contents[0].citations
    assert (cited.url, cited.cited_text) == ("https://example.org/otters", "Otters hold hands.")


VENDORS: list[Any] = [
    {
        "type": "search_result",
        "source": "https://example.org/otters",
        "title": "Otters",
        "content": [{"type": "text", "text": "Otters hold hands."}, {"type": "text", "text": "They sleep afloat."}],
        "citations": {"enabled": True},
    },
    {
        "searchResult": {
            "source": "https://example.org/otters",
            "title": "Otters",
            "content": [{"text": "Otters hold hands."}, {"text": "They sleep afloat."}],
            "citations": {"enabled": True},
        }
    },
]


@pytest.mark.parametrize("part", VENDORS)
def test_vendors_forms_are_the_same_part(part: dict[str, Any]) -> None:
    assert Message.model_validate({"role": "user", "content": [part]}).contents == [MATCHES]


def test_a_document_of_coheres_goes_elsewhere_as_a_search_result(server: FakeServer) -> None:
    part = {"type": "document", "document": {"id": "d1", "data": {"title": "Otters", "text": "They float.", "year": 1}}}
    body, _ = requested(server, "anthropic", part)
    actual = body["messages"][0]["content"][0]
    assert (actual["type"], actual["title"], actual["source"]) == ("search_result", "Otters", "d1")
    assert [one["text"] for one in actual["content"]] == ["They float.", "year: 1"]
    body, _ = requested(server, "cohere", part)
    assert body["documents"] == [{"id": "d1", "data": {"title": "Otters", "text": "They float.", "year": 1}}]


def test_search_results_are_saved_with_a_conversation() -> None:
    result = ToolResultContent(call_id="c", contents=[MATCHES])
    message = Message(role="tool", contents=[result])
    assert Message.model_validate_json(message.model_dump_json()) == message
    provided = Message(role="user", contents=[MATCHES, PAPER, ContainerUploadContent(file_id="f")])
    assert Message.model_validate_json(provided.model_dump_json()) == provided
    assert ToolCallContent(name="f").text == ""


def test_a_search_result_has_one_text_or_several() -> None:
    assert SearchResultContent(source="s", text="a").texts == ["a"]
    with pytest.raises(ValueError, match="text and texts are both set"):
        SearchResultContent(source="s", text="a", texts=["b"])


MIXED = {
    "type": "search_result",
    "source": "https://example.org/otters",
    "title": "Otters",
    "content": [
        {"type": "text", "text": "Otters hold hands.", "cache_control": {"type": "ephemeral"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
    ],
}


def test_a_document_in_a_search_result_is_sent_to_its_vendor(server: FakeServer) -> None:
    body, answer = requested(server, "anthropic", MIXED)
    assert body["messages"][0]["content"][0] == MIXED
    assert not answer.warnings


@pytest.mark.parametrize("protocol", ["converse", "cohere", "gemini", "ollama", "openai_chat", "openai_responses"])
def test_a_document_in_a_search_result_is_not_dropped_silently(protocol: str, server: FakeServer) -> None:
    body, answer = requested(server, protocol, MIXED, strict=False)
    assert "Otters hold hands." in json.dumps(body)
    assert "JVBERi0=" not in json.dumps(body)
    assert '"text": ""' not in json.dumps(body)
    dropped = [warning.message for warning in answer.warnings if warning.code == "dropped_content"]
    assert any("content.cache_control, content.document of a part of kind 'search_result'" in one for one in dropped)


def test_strict_calls_refuse_to_drop_a_document_in_a_search_result(server: FakeServer) -> None:
    with pytest.raises(UnsupportedError, match=r"content\.document"):
        requested(server, "cohere", MIXED, strict=True)
