"""Requests match the service's own model; responses are read as by botocore."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

import botocore.loaders
import pytest
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.validate import ParamValidator
from hypothesis import given, note, settings

from dhenara.ai.codecs.converse.codec import CODEC
from dhenara.ai.codecs.quirks import ConverseQuirks
from dhenara.ai.errors import RateLimitError
from dhenara.ai.types import Call, TextContent, ToolCallContent
from dhenara.ai.wire.eventstream import EventStreamFrames, write_message
from support.calls import calls
from support.corpus import Exchange, as_parameters, body_bytes, exchanges, read
from support.thorough import examples

SERVICE = ServiceModel(botocore.loaders.Loader().load_service_model("bedrock-runtime", "service-2"))
SHAPE = SERVICE.operation_model("Converse").input_shape
DIALECTS = [ConverseQuirks(reasoning=kind) for kind in ("none", "budget", "adaptive", "config", "effort")]
WHOLE = exchanges("bedrock-converse", lambda e: e["expected"]["kind"] == "generate" and e["fidelity"] == "raw")


@settings(max_examples=examples(60))
@given(call=calls("amazon_bedrock"))
def test_requests_match_model_of_botocore(call: Call) -> None:
    for quirks in DIALECTS:
        note(repr(quirks))
        body = with_bytes(CODEC.encode(call, quirks).body)
        report = ParamValidator().validate({"modelId": "m", **body}, SHAPE)
        assert not report.has_errors(), report.generate_report()


@settings(max_examples=examples(60))
@given(calls("amazon_bedrock"))
def test_turns_alternate_with_results_first_and_no_blank_text(call: Call) -> None:
    turns = CODEC.encode(call, ConverseQuirks()).body["messages"]
    assert turns[0]["role"] == "user"
    assert all(before["role"] != turn["role"] for before, turn in pairwise(turns))
    for turn in turns:
        assert turn["content"]
        assert all(block["text"].strip() for block in turn["content"] if "text" in block)
        results = ["toolResult" in block for block in turn["content"]]
        assert results == sorted(results, reverse=True)


@pytest.mark.parametrize("exchange", as_parameters(WHOLE))
def test_botocore_reads_the_same_response(exchange: Exchange) -> None:
    ours = read(CODEC, ConverseQuirks(), exchange).response()
    raw = {"body": body_bytes(exchange), "headers": {}, "status_code": 200}
    theirs = create_parser("rest-json").parse(raw, SERVICE.operation_model("Converse").output_shape)
    content = theirs["output"]["message"]["content"]
    assert [p.text for p in ours.contents if isinstance(p, TextContent) and not p.citations] == [
        block["text"] for block in content if "text" in block
    ]
    assert [(p.id, p.name, p.arguments) for p in ours.contents if isinstance(p, ToolCallContent)] == [
        (b["toolUse"]["toolUseId"], b["toolUse"]["name"], b["toolUse"]["input"]) for b in content if "toolUse" in b
    ]
    assert ours.choices[0].raw_finish_reason == theirs["stopReason"]


def test_stream_exception_is_mapped_like_an_error_response() -> None:
    headers = {":message-type": "exception", ":exception-type": "throttlingException"}
    (frame,) = EventStreamFrames().feed(write_message(headers, b'{"message": "Too many requests"}'))
    (failed,) = CODEC.decoder(ConverseQuirks()).frame(frame)
    error: Any = failed.error  # type: ignore[union-attr]  # it failed
    assert isinstance(error, RateLimitError)
    assert error.message == "Too many requests"


def with_bytes(value: Any) -> Any:
    """botocore wants bytes where the wire has base64."""
    if isinstance(value, dict):
        return {
            k: base64.b64decode(v) if k in ("bytes", "redactedContent") and isinstance(v, str) else with_bytes(v)
            for k, v in value.items()
        }
    return [with_bytes(one) for one in value] if isinstance(value, list) else value
