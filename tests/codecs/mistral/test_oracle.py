"""Mistral's dialect of Chat Completions: requests and responses are compared with its SDK."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from mistralai.client import Mistral, models

from dhenara.ai.codecs.openai_chat.codec import CODEC
from dhenara.ai.codecs.quirks import ChatQuirks
from dhenara.ai.providers.provider import load_provider
from dhenara.ai.response.builder import build_response
from dhenara.ai.types import (
    AIModelCallConfig,
    AudioContent,
    Call,
    FileContent,
    GenericContent,
    Prompt,
    ReasoningContent,
    TextContent,
    ToolCallContent,
)
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame
from support.calls import calls
from support.corpus import Exchange, as_parameters, body_bytes, exchanges, read
from support.thorough import examples
from support.worlds import endpoint

QUIRKS = load_provider("mistral").routes[0].quirks
KNOWN = models.ChatCompletionRequest.model_fields
RECORDED = exchanges("openai-chat", lambda e: e["provider"] == "mistral" and e["expected"]["kind"] == "generate")
NINE = re.compile(r"[A-Za-z0-9]{9}")
CHUNKS: list[Any] = [
    {
        "type": "thinking",
        "thinking": [{"type": "text", "text": "Hm, "}, {"type": "text", "text": "so."}],
        "signature": "s",
    },
    {"type": "text", "text": "The sky is blue"},
    {"type": "reference", "reference_ids": [3, 7]},
    {"type": "text", "text": "."},
    {"type": "document_url", "document_url": "https://example.org/a.pdf", "document_name": "a.pdf"},
]


@settings(max_examples=examples(80))
@given(calls("mistral"))
def test_requests_match_types_of_mistral_sdk(call: Call) -> None:
    """The client's own types read our body and write it again without adding or losing anything."""
    body = encoded(call)
    assert body.keys() <= KNOWN.keys()
    again = models.ChatCompletionRequest.model_validate(body).model_dump(mode="json", by_alias=True)
    assert bare(again) == bare(body)


@settings(max_examples=examples(60))
@given(calls("mistral"))
def test_tool_call_ids_have_nine_characters(call: Call) -> None:
    made: set[str] = set()
    for message in encoded(call)["messages"]:
        made |= {one["id"] for one in message.get("tool_calls", ())}
        assert message["role"] != "tool" or message["tool_call_id"] in made
    assert all(NINE.fullmatch(one) for one in made)


@pytest.mark.parametrize("exchange", as_parameters([e for e in RECORDED if not e["stream"]]))
def test_mistral_sdk_reads_the_same_response(exchange: Exchange) -> None:
    ours = read(CODEC, QUIRKS, exchange).response()
    theirs = client(exchange).chat.complete(model="m", messages=[])
    message = theirs.choices[0].message
    text, thought = spoken(message.content)
    assert (texts(ours, TextContent), texts(ours, ReasoningContent)) == (text, thought)
    assert made(ours) == [(c.id, c.function.name, arguments(c)) for c in message.tool_calls or ()]
    assert (ours.id, ours.model) == (theirs.id, theirs.model)
    assert ours.choices[0].raw_finish_reason == theirs.choices[0].finish_reason
    assert ours.usage is not None
    assert ours.usage.total_tokens == theirs.usage.total_tokens


@pytest.mark.parametrize("exchange", as_parameters([e for e in RECORDED if e["stream"]]))
def test_mistral_sdk_reads_the_same_stream(exchange: Exchange) -> None:
    ours = read(CODEC, QUIRKS, exchange).response()
    text, thought, arguments_reported = "", "", ""
    for event in client(exchange).chat.stream(model="m", messages=[]):
        for choice in event.data.choices:
            provided, mused = spoken(choice.delta.content)
            text, thought = text + provided, thought + mused
            arguments_reported += "".join(str(call.function.arguments) for call in choice.delta.tool_calls or ())
    assert (texts(ours, TextContent), texts(ours, ReasoningContent)) == (text, thought)
    assert "".join(p.arguments_text or "" for p in ours.tool_calls()) == arguments_reported


@pytest.mark.parametrize("streamed", [False, True])
def test_chunks_of_every_kind_are_read(streamed: bool) -> None:
    decoder = CODEC.decoder(QUIRKS)
    if streamed:
        events = [json.dumps({"choices": [{"delta": {"content": [chunk]}}]}) for chunk in CHUNKS]
        reported = [delta for event in events for delta in decoder.frame(Frame(event))]
    else:
        reported = list(decoder.whole({"choices": [{"message": {"content": CHUNKS}, "finish_reason": "stop"}]}))
    thought, words, document = build_response(reported).contents
    assert isinstance(thought, ReasoningContent)
    assert isinstance(words, TextContent)
    assert isinstance(document, GenericContent)
    assert (thought.text, thought.signature) == ("Hm, so.", "s")
    assert (words.text, words.citations[0].extras["reference_ids"]) == ("The sky is blue.", [3, 7])
    assert (document.kind, document.data) == ("document_url", CHUNKS[-1])
    assert models.AssistantMessage.model_validate({"content": CHUNKS})


def test_audio_and_documents_are_encoded_for_mistral() -> None:
    parts = [
        AudioContent(data=b"abc", mime_type="audio/wav"),
        FileContent(data=b"%PDF", mime_type="application/pdf", name="a.pdf"),
        FileContent(file_id="file-1"),
    ]
    call = Call(endpoint("http://x", "mistral"), (Prompt(contents=parts),), AIModelCallConfig())
    body = encoded(call)
    models.ChatCompletionRequest.model_validate(body)
    assert body["messages"][0]["content"] == [
        {"type": "input_audio", "input_audio": "YWJj"},
        {"type": "document_url", "document_url": "data:application/pdf;base64,JVBERg==", "document_name": "a.pdf"},
        {"type": "file", "file_id": "file-1"},
    ]


def spoken(content: Any) -> tuple[str, str]:
    """Words and thinking as the client holds them."""
    if not isinstance(content, list):
        return (content if isinstance(content, str) else ""), ""
    text = "".join(chunk.text for chunk in content if chunk.type == "text")
    return text, "".join(inner.text for chunk in content if chunk.type == "thinking" for inner in chunk.thinking)


def arguments(call: Any) -> Any:
    provided = call.function.arguments
    return json.loads(provided) if isinstance(provided, str) else provided


def texts(answer: Any, kind: type[TextContent] | type[ReasoningContent]) -> str:
    return "".join(part.text for part in answer.contents if isinstance(part, kind))


def made(answer: Any) -> list[tuple[str, str, Any]]:
    return [(p.id, p.name, p.arguments) for p in answer.contents if isinstance(p, ToolCallContent)]


def client(exchange: Exchange) -> Any:
    kind = "text/event-stream" if exchange["stream"] else "application/json"
    reply = httpx.Response(200, headers={"content-type": kind}, content=body_bytes(exchange))
    return Mistral(api_key="x", client=httpx.Client(transport=httpx.MockTransport(lambda _: reply)))


def bare(value: Any) -> Any:
    """Without what says nothing: nulls, and false where that is the default."""
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items() if v is not None and (k, v) not in DEFAULTS}
    return [bare(one) for one in value] if isinstance(value, list) else value


DEFAULTS = [("stream", False), ("prefix", False), ("index", 0), ("type", "function")]


def encoded(call: Call) -> dict[str, Any]:
    assert isinstance(QUIRKS, ChatQuirks)
    body: dict[str, Any] = json.loads(json.dumps(CODEC.encode(call, QUIRKS).body))
    return body
