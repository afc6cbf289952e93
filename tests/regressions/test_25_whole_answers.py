"""Answers in the form of vendors' SDKs, whole or as dicts, go back without loss, or what is left out is named."""

from __future__ import annotations

from typing import Any

import anthropic.types
import google.genai.types
import openai.types.chat
import openai.types.responses
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import Message
from support.worlds import endpoint

PROTOCOLS: dict[str, dict[str, str]] = {
    "openai_chat": {"provider": "openai", "protocol": "openai_chat"},
    "openai_responses": {"provider": "openai", "protocol": "openai_responses"},
    "anthropic": {"provider": "anthropic"},
    "gemini": {"provider": "google_ai"},
    "converse": {"provider": "amazon_bedrock", "region": "us-east-1"},
    "cohere": {"provider": "cohere"},
    "ollama": {"provider": "ollama"},
}
QUESTION = {"role": "user", "content": "Is it warm?"}
CLAUDE = anthropic.types.Message.model_validate(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
        "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "text", "text": "I look.", "citations": None},
            {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": None}},
        ],
    }
)
CLAUDES_RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "21"}]}
GPT = openai.types.chat.ChatCompletionMessage.model_validate(
    {
        "role": "assistant",
        "content": "I look.",
        "refusal": None,
        "annotations": [],
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":null}'}}
        ],
    }
)
GPTS_RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "21"}
GEMINI = google.genai.types.Content.model_validate(
    {
        "role": "model",
        "parts": [
            {"text": "I look."},
            {"function_call": {"name": "weather", "args": {"city": None}, "id": "call_1"}, "thought_signature": b"sig"},
        ],
    }
)
GEMINIS_RESULT = google.genai.types.Content.model_validate(
    {
        "role": "user",
        "parts": [{"function_response": {"name": "weather", "id": "call_1", "response": {"result": "21"}}}],
    }
)
RESPONSES = openai.types.responses.ResponseFunctionToolCall.model_validate(
    {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":null}', "id": "fc_1"}
)
RESPONSES_RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "21"}
HISTORIES: dict[str, list[Any]] = {
    "anthropic-object": [QUESTION, CLAUDE, CLAUDES_RESULT],
    "anthropic-dump": [QUESTION, CLAUDE.model_dump(), CLAUDES_RESULT],
    "anthropic-blocks": [QUESTION, {"role": "assistant", "content": CLAUDE.content}, CLAUDES_RESULT],
    "anthropic-dumped-blocks": [
        QUESTION,
        {"role": "assistant", "content": CLAUDE.model_dump()["content"]},
        CLAUDES_RESULT,
    ],
    "chat-object": [QUESTION, GPT, GPTS_RESULT],
    "chat-dump": [QUESTION, GPT.model_dump(), GPTS_RESULT],
    "gemini-object": [QUESTION, GEMINI, GEMINIS_RESULT],
    "gemini-dump": [QUESTION, GEMINI.model_dump(), GEMINIS_RESULT.model_dump()],
    "responses-object": [QUESTION, RESPONSES, RESPONSES_RESULT],
    "responses-dump": [QUESTION, RESPONSES.model_dump(), RESPONSES_RESULT],
}


def ask(server: FakeServer, protocol: str, messages: list[Any], **config: Any) -> tuple[Any, list[str]]:
    there = PROTOCOLS[protocol]
    about = {name: value for name, value in there.items() if name != "provider"}
    server.add_replies(Answer(text="Yes."))
    with AIModelClient(endpoint(server.url, there["provider"], **about)) as client:
        answer = client.generate(messages=messages, max_output_tokens=9, **config).chat_response
    assert answer is not None
    return server.exchanges[-1].json, [warning.message for warning in answer.warnings]


def assistant(history: dict[str, Any], **fields: Any) -> list[Any]:
    answer = {"role": "assistant", "content": "Yes.", **history, **fields}
    return [QUESTION, answer, {"role": "user", "content": "Why?"}]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", HISTORIES)
def test_calls_and_results_of_whole_answers_are_sent(name: str, protocol: str, server: FakeServer) -> None:
    body, warnings = ask(server, protocol, HISTORIES[name])
    assert "weather" in str(body)
    assert "21" in str(body)
    assert "not run" not in str(body)
    assert "city" in str(body), "an argument that is null is an argument"
    assert not [one for one in warnings if "no open call" in one]


def test_an_answer_of_anthropics_goes_back_with_its_thinking(server: FakeServer) -> None:
    body, warnings = ask(server, "anthropic", HISTORIES["anthropic-dump"])
    assert [block["type"] for block in body["messages"][1]["content"]] == ["thinking", "text", "tool_use"]
    assert warnings == []


def test_a_message_of_responses_is_still_one(server: FakeServer) -> None:
    item = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "Yes.", "annotations": []}],
    }
    body, _ = ask(server, "openai_responses", [QUESTION, item, {"role": "user", "content": "Why?"}])
    assert body["input"][1] == item


FIELDS = [
    ("openai_chat", {"reasoning_content": "Hm."}),
    ("openai_chat", {"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]}),
    ("openai_chat", {"audio": {"id": "audio_1"}}),
    ("openai_chat", {"annotations": [{"type": "url_citation", "url_citation": {"url": "https://example.org"}}]}),
    ("openai_chat", {"prefix": True}),
    ("cohere", {"tool_plan": "I look."}),
    ("cohere", {"citations": [{"start": 0, "end": 3, "text": "Yes", "sources": []}]}),
    ("ollama", {"thinking": "Hm."}),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("owner", "fields"), FIELDS, ids=lambda given: str(list(given))[:30])
def test_fields_of_a_message_go_to_their_protocol_and_are_named_elsewhere(
    owner: str, fields: dict[str, Any], protocol: str, server: FakeServer
) -> None:
    body, warnings = ask(server, protocol, assistant({}, **fields))
    if protocol == owner:
        assert fields.items() <= body["messages"][1].items()
        assert warnings == []
    else:
        assert all(name in "".join(warnings) for name in fields)
        with pytest.raises(UnsupportedError, match=next(iter(fields))):
            ask(server, protocol, assistant({}, **fields), strict=True)


def test_a_field_that_no_vendor_has_is_refused(server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match="mood"):
        ask(server, "openai_chat", assistant({}, mood="good"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_refusal_next_to_the_content_is_sent(protocol: str, server: FakeServer) -> None:
    body, _ = ask(server, protocol, assistant({"content": None}, refusal="I cannot say."))
    assert "I cannot say." in str(body)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_images_next_to_the_content_are_sent(protocol: str, server: FakeServer) -> None:
    body, warnings = ask(server, protocol, [{"role": "user", "content": "What is it?", "images": ["iVBORw0KGgo="]}])
    assert "iVBORw0KGgo=" in str(body)
    assert warnings == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("message", [{**QUESTION, "name": "ann"}, Message(role="user", text="Hi", name="ann")])
def test_the_name_of_a_message_is_sent_or_named(message: Any, protocol: str, server: FakeServer) -> None:
    body, warnings = ask(server, protocol, [message])
    assert ("ann" in str(body)) is (protocol == "openai_chat")
    assert bool(warnings) is (protocol != "openai_chat")


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_every_role_of_chat_completions_has_a_name(role: str, server: FakeServer) -> None:
    body, _ = ask(server, "openai_chat", [{"role": role, "content": "x", "name": "ann"}, QUESTION])
    assert body["messages"][0]["name"] == "ann"


CUSTOM = {"id": "call_1", "type": "custom", "custom": {"name": "shell", "input": "ls -l"}}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_call_of_a_custom_tool_is_sent(protocol: str, server: FakeServer) -> None:
    body, warnings = ask(server, protocol, [QUESTION, {"role": "assistant", "tool_calls": [CUSTOM]}, GPTS_RESULT])
    assert "shell" in str(body)
    assert "ls -l" in str(body)
    assert warnings == []
    if protocol == "openai_chat":
        assert body["messages"][1]["tool_calls"] == [CUSTOM]


def test_a_tool_call_of_an_unknown_type_is_refused(server: FakeServer) -> None:
    call = {"id": "call_1", "type": "psychic", "psychic": {"name": "x"}}
    with pytest.raises(ConfigurationError, match="psychic"):
        ask(server, "anthropic", [QUESTION, {"role": "assistant", "tool_calls": [call]}])


def test_signed_thinking_of_mistrals_stays_with_it(server: FakeServer) -> None:
    chunk = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}], "signature": "s"}
    server.add_replies(Answer(text="Yes."))
    with AIModelClient(endpoint(server.url, "mistral")) as client:
        client.generate(messages=assistant({"content": [chunk, {"type": "text", "text": "Yes."}]}))
    assert server.exchanges[-1].json["messages"][1]["content"][0] == chunk
