"""A strict server refuses what each vendor refuses, with the vendor's reasons, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.testing.protocols import block_violations
from support.worlds import World, endpoint

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
GEMINI, CONVERSE, COHERE = "/v1beta/models/m:generateContent", "/model/m/converse", "/v2/chat"
OLLAMA = "/api/chat"


def chat(*messages: Any) -> Any:
    return {"messages": list(messages)}


def claude(*turns: Any, **more: Any) -> Any:
    return {"max_tokens": 9, "messages": [{"role": role, "content": content} for role, content in turns], **more}


def ollama(*messages: Any, **more: Any) -> Any:
    return {"model": "qwen3", "messages": list(messages), **more}


def gemini(*turns: Any) -> Any:
    return {"contents": [{"role": role, "parts": parts} for role, parts in turns]}


def converse(*turns: Any, **more: Any) -> Any:
    return {"messages": [{"role": role, "content": content} for role, content in turns], **more}


USER = {"role": "user", "content": "?"}
MADE: Any = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
CALL = {"role": "assistant", "tool_calls": [MADE]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "1"}
USE = {"type": "tool_use", "id": "c1", "name": "f", "input": {}}
USED = {"type": "tool_result", "tool_use_id": "c1"}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}
REQUESTED = ("user", [{"text": "?"}])
FUNCTION = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s"}
RETURNED = {"functionResponse": {"name": "f", "response": {}}}
TOOL = {"toolUse": {"toolUseId": "c1", "name": "f", "input": {}}}
GAVE = {"toolResult": {"toolUseId": "c1", "content": []}}
TOOLS = {"toolConfig": {"tools": [{}]}}
PROVIDED = {"type": "text", "text": "Hm."}


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        (CHAT, chat(), "there is none"),
        (CHAT, chat({"role": "robot", "content": "?"}), "robot"),
        (CHAT, chat(USER, CALL, USER), "no result"),
        (CHAT, chat(USER, RESULT), "no tool call"),
        (CHAT, chat(USER, CALL, RESULT, RESULT, USER), "answered twice"),
        (CHAT, chat(USER, {"role": "assistant", "content": ""}), "has content or tool calls"),
        (CHAT, chat(USER, {**CALL, "tool_calls": [{**MADE, "id": ""}]}), "no id"),
        (MESSAGES, {"messages": [USER]}, "max_tokens"),
        (MESSAGES, claude(("assistant", "Hm.")), "user role"),
        (MESSAGES, claude(("user", "?"), ("user", "?")), "alternate"),
        (MESSAGES, claude(("user", " \n")), "non-whitespace"),
        (MESSAGES, claude(("user", "?"), ("assistant", []), ("user", "?")), "non-empty"),
        (MESSAGES, claude(("user", "?"), ("assistant", [{"type": "thinking", "thinking": "Hm."}])), "signature"),
        (MESSAGES, claude(("user", "?"), ("assistant", [{**USE, "id": "a:b"}])), "pattern"),
        (MESSAGES, claude(("user", "?"), ("assistant", [USE]), ("user", "And?")), "no result"),
        (
            MESSAGES,
            claude(
                ("user", "?"),
                ("assistant", [USE]),
                ("user", [PROVIDED, USED]),
            ),
            "must come first",
        ),
        (MESSAGES, claude(("user", [{**PROVIDED, "cache_control": {}}] * 5)), "maximum of 4"),
        (RESPONSES, {"input": []}, "there is none"),
        (RESPONSES, {"input": [{"type": "function_call", "call_id": "c1"}, USER]}, "No tool output found"),
        (RESPONSES, {"input": [{"type": "function_call_output", "call_id": "c1"}]}, "No tool call found"),
        (
            RESPONSES,
            {"input": [THOUGHT, USER]},
            "required following item",
        ),
        (
            RESPONSES,
            {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}, {"role": "assistant"}]},
            "not found",
        ),
        (
            RESPONSES,
            {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "?"}]}]},
            "is not valid in the role",
        ),
        (GEMINI, gemini(("model", [{"text": "Hm."}])), "begin with a user"),
        (GEMINI, gemini(REQUESTED, REQUESTED), "alternate"),
        (GEMINI, gemini(("user", [])), "must not be empty"),
        (
            GEMINI,
            gemini(REQUESTED, ("model", [FUNCTION]), ("user", [{"text": "?"}])),
            "number of function",
        ),
        (GEMINI, gemini(REQUESTED, ("model", [{"functionCall": {"name": "f"}}])), "thought_signature"),
        (GEMINI, gemini(("assistant", [{"text": "?"}])), "valid role|user role"),
        (CONVERSE, converse(("assistant", [{"text": "Hm."}])), "start with a user"),
        (CONVERSE, converse(("user", [{"text": " "}])), "blank"),
        (CONVERSE, converse(("user", [{"text": "?"}]), ("assistant", [TOOL]), ("user", [GAVE])), "toolConfig"),
        (CONVERSE, converse(("user", [{"document": {"name": "a b"}}])), "accompanied"),
        (CONVERSE, converse(("user", [{"document": {"name": "a.b"}}, {"text": "?"}])), "file name"),
        (COHERE, chat(USER, CALL, USER), "no result"),
        (COHERE, chat(USER, {"role": "assistant"}), "non-empty"),
        (OLLAMA, chat(USER), "model is required"),
        (OLLAMA, ollama({"role": "user", "content": [PROVIDED]}), "of type string"),
        (OLLAMA, ollama({"role": "assistant", "tool_calls": [MADE]}), "of type map"),
        (OLLAMA, ollama({**USER, "images": ["data:image/png;base64,aGk="]}), "base64"),
        (OLLAMA, ollama(USER, think="a lot"), "invalid think"),
        (OLLAMA, ollama(USER, format="xml"), "invalid format"),
        (OLLAMA, ollama(USER, options={"stop": "."}), "array"),
        (OLLAMA, ollama(USER, options={"num_ctx": "8k"}), "integer"),
    ],
)
def test_it_is_refused(path: str, body: Any, why: str) -> None:
    provided = block_violations(path, body)
    assert provided is not None
    assert re.search(why, provided)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, chat(USER, CALL, RESULT, {"role": "assistant", "content": "1"}, USER)),
        (CHAT, chat(USER, CALL)),
        (
            MESSAGES,
            claude(("user", "?"), ("assistant", [USE]), ("user", [{"type": "tool_result", "tool_use_id": "c1"}])),
        ),
        (RESPONSES, {"input": "?"}),
        (GEMINI, gemini(REQUESTED, ("model", [FUNCTION]), ("user", [RETURNED]))),
        (CONVERSE, converse(("user", [{"text": "?"}]), ("assistant", [TOOL]), ("user", [GAVE]), **TOOLS)),
        (COHERE, chat(USER, CALL, RESULT)),
        (OLLAMA, ollama(USER, USER, {"role": "tool", "content": "1"}, think=True, options={"mirostat": "?"})),
        ("/v1/embeddings", {"input": []}),
    ],
)
def test_it_is_taken(path: str, body: Any) -> None:
    assert block_violations(path, body) is None


def test_the_refusal_is_an_error_as_from_the_vendor(world: World) -> None:
    with FakeServer(Answer(text="Hm."), strict=True) as server:
        client = AIModelClient(endpoint(server.url, "anthropic"))
        with pytest.raises(BadRequestError, match="non-whitespace"):
            world.run(client, "?", instructions=" ")
        assert world.run(client, "?").chat_response.text() == "Hm."
        world.close(client)
