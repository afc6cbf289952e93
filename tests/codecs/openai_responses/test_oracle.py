"""Requests match OpenAI's own types; own items are sent back unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from openai.types.responses import response_create_params as params
from pydantic import TypeAdapter

from dhenara.ai.codecs.openai_responses.codec import CODEC
from dhenara.ai.codecs.quirks import ResponsesQuirks
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types import AIModelCallConfig, Call, Message, Origin, Prompt
from dhenara.ai.wire import json
from support.calls import calls
from support.corpus import Exchange, as_parameters, exchanges, read
from support.thorough import examples
from support.worlds import endpoint

TYPES = TypeAdapter(params.ResponseCreateParamsNonStreaming)
KNOWN = {*params.ResponseCreateParamsStreaming.__annotations__, *params.ResponseCreateParamsBase.__annotations__}
HOME = Origin(provider="openai", model="m", protocol="openai_responses")
WHOLE = exchanges(
    "openai-responses",
    lambda e: e["provider"] == "openai" and not e["stream"] and e["expected"]["kind"] == "generate",
)


@settings(max_examples=examples(60))
@given(calls("openai"))
def test_requests_match_types_of_openai_sdk(call: Call) -> None:
    body: dict[str, Any] = json.loads(json.dumps(CODEC.encode(call, ResponsesQuirks()).body))
    assert body.keys() <= KNOWN
    TYPES.validate_python({name: value for name, value in body.items() if name != "stream"})


@settings(max_examples=examples(60))
@given(calls("openai"))
def test_every_output_has_an_earlier_call(call: Call) -> None:
    made: set[str] = set()
    for item in CODEC.encode(call, ResponsesQuirks()).body["input"]:
        if item.get("type") == "function_call":
            made.add(item["call_id"])
        if item.get("type") == "function_call_output":
            assert item["call_id"] in made


@pytest.mark.parametrize("exchange", as_parameters(WHOLE))
def test_own_items_are_sent_back_unchanged(exchange: Exchange) -> None:
    """Fields that an answer has and a request may leave out are not compared: logprobs and nulls.

    Thinking that nothing follows would be refused, so it is not sent.
    """
    draft = read(CODEC, ResponsesQuirks(), exchange)
    home = ResponseBuilder(HOME)
    home._choices = draft._choices
    answer = home.response()
    call = Call(
        endpoint("http://x").model_copy(),
        (Prompt(text="?"), Message(role="assistant", contents=answer.contents), Prompt(text="And?")),
        AIModelCallConfig(),
    )
    sent = CODEC.encode(call, ResponsesQuirks()).body["input"][1:-1]
    made = json.loads(exchange["response_body"])["output"]
    while made and made[-1]["type"] == "reasoning":
        made.pop()
    assert [bare(item) for item in sent] == [bare(item) for item in made]


def bare(value: Any) -> Any:
    if isinstance(value, dict):
        # One recorded picture was shortened with dots, so its bytes are not the ones that were sent.
        left_out = {"logprobs", "output_index", *(["result"] if value.get("type") == "image_generation_call" else [])}
        return {k: bare(v) for k, v in value.items() if v not in (None, []) and k not in left_out}
    return [bare(one) for one in value] if isinstance(value, list) else value
