"""Requests match Google's own types and rules; responses are read as by its types."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from google.genai import types
from hypothesis import given, note, settings
from pydantic import TypeAdapter

from dhenara.ai.codecs.gemini.codec import CODEC
from dhenara.ai.codecs.quirks import GeminiQuirks
from dhenara.ai.types import Call, TextContent, ToolCallContent
from dhenara.ai.wire import json
from support.calls import calls
from support.corpus import Exchange, as_parameters, exchanges, read
from support.thorough import examples

CONTENTS = TypeAdapter(list[types.Content])
TOOLS = TypeAdapter(list[types.Tool])
GENERATION = TypeAdapter(types.GenerationConfig)
CHOICE = TypeAdapter(types.ToolConfig)
KNOWN = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig"}
DIALECTS = [GeminiQuirks(), GeminiQuirks(thinking="budget"), GeminiQuirks(thinking="none")]
WHOLE = exchanges(
    "gemini-generate",
    lambda e: e["provider"] == "gemini" and e["expected"]["kind"] == "generate" and e["fidelity"] == "raw",
)


@settings(max_examples=examples(60))
@given(calls("google_ai"))
def test_requests_match_types_of_google_sdk(call: Call) -> None:
    for quirks in DIALECTS:
        note(repr(quirks))
        body = encoded(call, quirks)
        assert body.keys() <= KNOWN
        CONTENTS.validate_python(body["contents"])
        TOOLS.validate_python(body.get("tools", []))
        CHOICE.validate_python(body.get("toolConfig", {}))
        GENERATION.validate_python(body.get("generationConfig", {}))


@settings(max_examples=examples(60))
@given(calls("google_ai"))
def test_turns_alternate_and_first_call_is_signed(call: Call) -> None:
    turns = encoded(call, GeminiQuirks())["contents"]
    assert all(before["role"] != turn["role"] for before, turn in pairwise(turns))
    assert all(turn["parts"] for turn in turns)
    for turn in turns:
        made = [part for part in turn["parts"] if "functionCall" in part]
        foreign = all(p.origin is None or p.origin.protocol != "gemini" for m in call.messages for p in m.contents)
        assert not made or not foreign or "thoughtSignature" in made[0]


@pytest.mark.parametrize("exchange", as_parameters(WHOLE))
def test_google_sdk_reads_the_same_response(exchange: Exchange) -> None:
    ours = read(CODEC, GeminiQuirks(), exchange).response()
    (first, *_) = json.loads(exchange["response_body"])["candidates"]
    parts = types.Content.model_validate(first["content"]).parts or []
    assert "".join(p.text for p in ours.contents if isinstance(p, TextContent)) == "".join(
        p.text for p in parts if p.text and not p.thought
    )
    assert [(c.name, c.arguments) for c in ours.contents if isinstance(c, ToolCallContent)] == [
        (p.function_call.name, p.function_call.args or {}) for p in parts if p.function_call
    ]


def encoded(call: Call, quirks: GeminiQuirks) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(CODEC.encode(call, quirks).body))
    return body
