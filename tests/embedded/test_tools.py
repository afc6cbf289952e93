"""Tools of models whose chat template has none; no model is needed for these tests."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from dhenara.ai.embedded.engine import KEY, knows_tools
from dhenara.ai.embedded.tools import ConstrainedCall, concerns_tools
from dhenara.ai.types import Tool


class Leaf(BaseModel):
    """A leaf, with a leaf of its own."""

    size: int
    next: Leaf | None = None


def grow(leaf: Leaf) -> str:
    """Grows."""
    return str(leaf)


class Stone(BaseModel):
    weight: int


def throw(leaf: list[Stone]) -> str:
    """Throws."""
    return str(leaf)


def wire(*functions: Any) -> list[dict[str, Any]]:
    tools = [Tool.from_function(function) for function in functions]
    return [{"type": "function", "function": {"name": one.name, "parameters": one.parameters}} for one in tools]


USER = {"role": "user", "content": "Grow!"}
CALL = {"id": "c1", "type": "function", "function": {"name": "grow", "arguments": '{"leaf": {"size": 1}}'}}
DONE = [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}, {"role": "tool", "content": "grown"}]


def spoken(body: dict[str, Any], *pieces: str, finish: str = "stop") -> list[dict[str, Any]]:
    """The messages for an answer in these pieces."""
    received: list[dict[str, Any]] = []
    constrained = ConstrainedCall(body, lambda provided: bool(received.append(provided)))
    for piece in pieces:
        constrained.add_chunk({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
    constrained.add_chunk({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    constrained.add_chunk({"choices": [], "usage": {}})
    return received


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "grow"}}])
def test_a_forced_tool_choice_allows_only_a_call(choice: Any) -> None:
    """Definitions of several tools do not meet."""
    body = {"messages": [USER], "tools": wire(grow, throw), "tool_choice": choice}
    schema = ConstrainedCall(body, lambda provided: False).body["response_format"]["json_schema"]["schema"]
    judge = jsonschema.Draft202012Validator(schema)
    judge.check_schema(schema)
    tree = {"size": 1, "next": {"size": 2, "next": None}}
    assert judge.is_valid({"name": "grow", "arguments": {"leaf": tree}})
    assert not judge.is_valid({"name": "grow", "arguments": {"leaf": {**tree, "next": {"weight": 1}}}})
    assert judge.is_valid({"name": "throw", "arguments": {"leaf": [{"weight": 2}]}}) == (choice == "required")
    assert not judge.is_valid({"answer": "No."})


def test_generated_json_becomes_a_tool_call() -> None:
    body = {"messages": [USER], "tools": wire(grow), "tool_choice": "required"}
    *quiet, last, usage = spoken(body, '{"name": "grow", ', '"arguments": {"leaf": {"size": 1}}}')
    assert [provided["choices"][0]["delta"] for provided in quiet] == [{}, {}]
    (call,) = last["choices"][0]["delta"]["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == ("grow", {"leaf": {"size": 1}})
    assert last["choices"][0]["finish_reason"] == "tool_calls"
    assert usage == {"choices": [], "usage": {}}


def test_a_truncated_call_becomes_truncated_text() -> None:
    body = {"messages": [USER], "tools": wire(grow), "tool_choice": "required"}
    (choice,) = spoken(body, '{"name": "gr', finish="length")[-2]["choices"]
    assert choice == {"index": 0, "delta": {"content": '{"name": "gr'}, "finish_reason": "length"}


def test_tool_results_are_sent_as_text_and_answered_with_text() -> None:
    body = {"messages": [{"role": "system", "content": "Be brief."}, *DONE], "tools": wire(grow)}
    constrained = ConstrainedCall(body, lambda provided: False)
    assert [message["role"] for message in constrained.body["messages"]] == ["system", "user", "assistant", "user"]
    assert constrained.body["messages"][0]["content"].startswith("Be brief.")
    assert json.loads(constrained.body["messages"][2]["content"])["name"] == "grow"
    assert "grown" in constrained.body["messages"][3]["content"]
    assert spoken(body, '{"answer": ', '"It grew."}')[-2]["choices"][0]["delta"] == {"content": "It grew."}


def test_a_requested_response_format_is_not_changed() -> None:
    shape = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    body = {"messages": DONE, "tools": wire(grow), "response_format": shape}
    assert spoken(body, "{}")[0]["choices"][0]["delta"] == {"content": "{}"}
    assert ConstrainedCall(body, lambda provided: False).body["response_format"] == shape


def test_an_optional_tool_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="tool_choice"):
        ConstrainedCall({"messages": [USER], "tools": wire(grow)}, lambda provided: False)
    assert not concerns_tools({"messages": [USER]})
    assert concerns_tools({"messages": DONE})


@pytest.mark.parametrize(
    ("template", "known"), [("{% if tools %}", True), ("{% for message in messages %}", False), (None, False)]
)
def test_tool_support_of_a_template_is_read_from_the_model_file(
    template: str | None, known: bool, tmp_path: Path
) -> None:
    provided = b"" if template is None else struct.pack("<Q", len(KEY)) + KEY + struct.pack("<IQ", 8, len(template))
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF tools" + provided + (template or "").encode() + b" tools")
    assert knows_tools(model) is known
