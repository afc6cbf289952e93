"""Tool calls of hosts that leave out ids, indexes or fields."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.openai_chat.codec import CODEC
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.response.deltas import ChunkBuilder
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    ChatResponse,
    Message,
    Origin,
    Prompt,
)
from dhenara.ai.types.chat.delta import ToolCallDelta
from support.chat import QUIRKS, streamed, whole

BOTH = pytest.mark.parametrize("read", [whole, streamed], ids=["body", "stream"])


def calls(answer: ChatResponse) -> list[tuple[str, str, dict[str, Any]]]:
    return [(call.id, call.name, call.arguments) for call in answer.tool_calls()]


@BOTH
def test_legacy_function_call_is_a_tool_call(read: Any) -> None:
    answer = read({"content": None, "function_call": {"name": "add", "arguments": '{"a": 1}'}})
    assert calls(answer) == [("", "add", {"a": 1})]


def test_legacy_function_call_deltas_are_joined() -> None:
    answer = streamed(
        {"function_call": {"name": "add", "arguments": ""}},
        {"function_call": {"arguments": '{"a"'}},
        {"function_call": {"arguments": ": 1}"}},
    )
    assert calls(answer) == [("", "add", {"a": 1})]


@BOTH
def test_empty_function_call_is_ignored(read: Any) -> None:
    assert calls(read({"content": "4", "function_call": {"name": "", "arguments": ""}})) == []


@BOTH
def test_custom_tool_call_has_text_input(read: Any) -> None:
    custom = {"id": "c1", "type": "custom", "custom": {"name": "run", "input": "ls -l"}}
    (call,) = read({"content": None, "tool_calls": [custom]}).tool_calls()
    assert (call.id, call.name, call.arguments_text) == ("c1", "run", "ls -l")


def test_null_custom_field_of_function_call_is_ignored() -> None:
    both = {"id": "c1", "custom": {"name": "", "input": ""}, "function": {"name": "add", "arguments": "{}"}}
    assert calls(whole({"tool_calls": [both]})) == [("c1", "add", {})]


def test_tool_calls_of_one_body_are_not_joined() -> None:
    twice = [{"index": 0, "function": {"name": "add", "arguments": '{"a": 1}'}}] * 2
    assert calls(whole({"tool_calls": twice})) == [("", "add", {"a": 1})] * 2


def test_tool_calls_without_id_and_index_are_separated_by_name() -> None:
    answer = streamed(
        {"tool_calls": [{"function": {"name": "add", "arguments": '{"a": 1}'}}]},
        {"tool_calls": [{"function": {"name": "sub", "arguments": '{"a": 2}'}}]},
    )
    assert calls(answer) == [("", "add", {"a": 1}), ("", "sub", {"a": 2})]


def test_second_call_without_id_starts_after_complete_arguments() -> None:
    answer = streamed(
        {"tool_calls": [{"index": 0, "function": {"name": "add", "arguments": '{"a":'}}]},
        {"tool_calls": [{"index": 0, "function": {"name": "add", "arguments": " 1}"}}]},
        {"tool_calls": [{"index": 0, "function": {"name": "add", "arguments": '{"a": 2}'}}]},
    )
    assert calls(answer) == [("", "add", {"a": 1}), ("", "add", {"a": 2})]


def test_tool_call_without_function_field_is_read() -> None:
    assert calls(whole({"tool_calls": [{"id": "c1", "name": "add", "arguments": {"a": 1}}]})) == [
        ("c1", "add", {"a": 1})
    ]


def test_custom_tool_call_is_sent_back_unchanged() -> None:
    custom = {"id": "c1", "type": "custom", "custom": {"name": "run", "input": "ls -l"}}
    draft = ResponseBuilder(Origin(provider="openai", model="m", protocol="openai_chat"))
    for delta in CODEC.decoder(QUIRKS).whole({"choices": [{"message": {"tool_calls": [custom]}}]}):
        draft.add(delta)
    endpoint = AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=AIModel(model_name="m"))
    turns = (Prompt(text="List."), Message(role="assistant", contents=draft.response().contents))
    body = CODEC.encode(Call(endpoint, turns, AIModelCallConfig()), QUIRKS).body
    assert body["messages"][1]["tool_calls"] == [custom]


@BOTH
@pytest.mark.parametrize("name", ["look_up<|channel|>commentary", "default_api:look_up"])
def test_what_models_leave_of_their_own_format_is_no_part_of_a_tools_name(read: Any, name: str) -> None:
    function = {"name": name, "arguments": '{"a": 1}'}
    answer = read({"tool_calls": [{"index": 0, "id": "c", "function": function}]})
    assert calls(answer) == [("c", "look_up", {"a": 1})]


def test_chunks_have_the_name_of_a_tool_without_such_a_marker() -> None:
    builder = ChunkBuilder(Origin(provider="p", model="m", protocol="openai_chat"))
    chunk = builder.chunk([ToolCallDelta("0", "c", "look_up<|channel|>json"), ToolCallDelta("0", arguments="{}")])
    assert chunk is not None
    shown = chunk.data.choice_deltas[0].content_deltas
    assert [getattr(one, "name", None) for one in shown] == ["look_up", None]
