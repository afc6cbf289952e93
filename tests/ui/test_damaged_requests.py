"""Damaged requests of browsers are read or refused with `ConfigurationError`; nothing else happens."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

from hypothesis import given, strategies as st

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import Message
from dhenara.ai.ui import UIRequest, read_run_input, read_ui_messages

TOOL = {"type": "tool-a", "toolCallId": "c", "state": "approval-responded", "input": {"a": 1}}
CHAT: dict[str, Any] = {
    "id": "chat",
    "messages": [
        {"id": "s", "role": "system", "parts": [{"type": "text", "text": "Obey"}]},
        {
            "id": "u",
            "role": "user",
            "parts": [
                {"type": "text", "text": "?"},
                {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,SGk=", "filename": "a.png"},
                {"type": "file", "mediaType": "text/plain", "url": "https://example.com/a.txt"},
            ],
        },
        {
            "id": "a",
            "role": "assistant",
            "parts": [
                {"type": "step-start"},
                {"type": "reasoning", "text": "Hm"},
                {**TOOL, "approval": {"id": "x", "approved": False, "reason": "no"}},
                {**TOOL, "toolCallId": "d", "state": "output-available", "output": [{"type": "text", "text": "1"}]},
                {
                    "type": "dynamic-tool",
                    "toolName": "b",
                    "toolCallId": "e",
                    "state": "output-error",
                    "errorText": "no",
                },
            ],
        },
    ],
}
CALL = {"id": "c", "type": "function", "function": {"name": "a", "arguments": '{"a": 1}'}}
INPUT: dict[str, Any] = {
    "threadId": "t",
    "runId": "r",
    "messages": [
        {"id": "u", "role": "user", "content": [{"type": "text", "text": "?"}]},
        {
            "id": "v",
            "role": "user",
            "content": [
                {"type": "image", "source": {"type": "data", "value": "SGk=", "mimeType": "image/png"}},
                {"type": "binary", "mimeType": "text/plain", "url": "https://example.com/a.txt"},
            ],
        },
        {"id": "a", "role": "assistant", "content": "Hm", "toolCalls": [CALL]},
        {"id": "r", "role": "tool", "toolCallId": "c", "content": "1"},
    ],
    "tools": [{"name": "p", "description": "d", "parameters": {"type": "object", "properties": {}}}],
    "context": [{"description": "d", "value": "v"}],
    "resume": [{"interruptId": "approval-c", "status": "resolved", "payload": {"approved": True}}],
    "state": {},
    "forwardedProps": {},
}
DAMAGE: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        1.5,
        "",
        "x",
        "\ud800",
        [],
        [1],
        [None],
        {},
        {"a": 1},
        ["x"],
        [[]],
        "data:,",
        "http://",
        "tool-",
        "system",
    ]
)
STORED = [Message(role="user", text="?"), Message(role="assistant", text="Hm"), Message(role="user", text="?")]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values inside of a JSON value."""
    if isinstance(value, dict):
        return [place for key in value for place in [(*path, key), *places(value[key], (*path, key))]]
    if isinstance(value, list):
        return [place for at, one in enumerate(value) for place in [(*path, at), *places(one, (*path, at))]]
    return []


@st.composite
def damaged(draw: st.DrawFn, body: dict[str, Any]) -> dict[str, Any]:
    """The body with some values replaced or left out."""
    result = copy.deepcopy(body)
    for path in draw(st.lists(st.sampled_from(places(body)), min_size=1, max_size=3)):
        parent: Any = result
        try:
            for key in path[:-1]:
                parent = parent[key]
            if draw(st.booleans()):
                parent[path[-1]] = draw(DAMAGE)
            else:
                del parent[path[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # it is gone
    return result


def check(request: UIRequest) -> None:
    for message in request.messages:
        assert isinstance(message, Message)
    with suppress(ConfigurationError):
        request.continue_from(STORED)


@given(damaged(CHAT))
def test_damaged_requests_of_chats(body: dict[str, Any]) -> None:
    for allow_system in (True, False):
        try:
            check(read_ui_messages(body, allow_system=allow_system))
        except ConfigurationError:
            continue


@given(damaged(INPUT))
def test_damaged_inputs_of_runs(body: dict[str, Any]) -> None:
    try:
        check(read_run_input(body))
    except ConfigurationError:
        return
