"""Rare content of Converse responses, and fields that hosts leave out."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.converse.codec import CODEC
from dhenara.ai.codecs.quirks import ConverseQuirks
from dhenara.ai.errors import AuthenticationError, ContextLengthError
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.types import ChatResponse
from dhenara.ai.types.content.parts import AudioContent, GenericContent, ImageContent
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame
from support.folding import folded


def received(*events: tuple[str, Any]) -> ChatResponse:
    decoder = CODEC.decoder(ConverseQuirks())
    reported = [delta for name, event in events for delta in decoder.frame(Frame(json.dumps(event), name))]
    return folded([*reported, *decoder.finish()]).response()


def whole(*blocks: Any, **extra: Any) -> ChatResponse:
    body = {"output": {"message": {"content": list(blocks)}}, "stopReason": "end_turn", **extra}
    return folded(CODEC.decoder(ConverseQuirks()).whole(body)).response()


def grow(delta: Any, **index: int) -> tuple[str, Any]:
    return "contentBlockDelta", {"delta": delta, **index}


STOP = ("messageStop", {"stopReason": "end_turn"})


def test_image_block_is_read() -> None:
    (picture,) = whole({"image": {"format": "jpeg", "source": {"bytes": "QUJD"}}}).contents
    assert isinstance(picture, ImageContent)
    assert (picture.data, picture.mime_type) == (b"ABC", "image/jpeg")


def test_image_deltas_are_joined() -> None:
    begun = ("contentBlockStart", {"contentBlockIndex": 0, "start": {"image": {"format": "png"}}})
    pieces = [grow({"image": {"source": {"bytes": piece}}}, contentBlockIndex=0) for piece in ("QUJD", "REVG")]
    (picture,) = received(begun, *pieces, STOP).contents
    assert isinstance(picture, ImageContent)
    assert (picture.data, picture.mime_type) == (b"ABCDEF", "image/png")


def test_failed_image_keeps_its_error() -> None:
    (picture,) = whole({"image": {"format": "png", "error": {"message": "no"}, "source": {}}}).contents
    assert picture.extras == {"error": {"message": "no"}}


def test_audio_block_is_read() -> None:
    (sound,) = whole({"audio": {"format": "mp3", "source": {"s3Location": {"uri": "s3://a/b.mp3"}}}}).contents
    assert isinstance(sound, AudioContent)
    assert (sound.url, sound.mime_type) == ("s3://a/b.mp3", "audio/mpeg")


def test_block_of_unknown_type_is_preserved() -> None:
    (retained,) = whole({"hologram": {"angle": 3}}).contents
    assert isinstance(retained, GenericContent)
    assert (retained.kind, retained.data) == ("hologram", {"hologram": {"angle": 3}})


@pytest.mark.parametrize("given", [{"a": 1}, '{"a": 1}'])
def test_tool_input_may_be_object_or_string(given: Any) -> None:
    (call,) = whole({"toolUse": {"toolUseId": "t1", "name": "add", "input": given}}).tool_calls()
    assert (call.id, call.arguments) == ("t1", {"a": 1})


def test_deltas_without_index_belong_to_last_block() -> None:
    assert received(grow({"text": "Ye"}, contentBlockIndex=1), grow({"text": "s."}), STOP).text() == "Yes."


def test_null_blocks_and_deltas_are_ignored() -> None:
    assert whole(None, {"text": None}, {"text": "Yes.", "toolUse": None}).text() == "Yes."
    assert (
        received(grow(None), grow({"text": None, "toolUse": {"input": None}}), grow({"text": "Yes."}), STOP).text()
        == "Yes."
    )


def test_one_hour_cache_writes_are_counted_separately() -> None:
    details = [{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 10}]
    usage = whole(
        {"text": "Yes."}, usage={"inputTokens": 1, "cacheWriteInputTokens": 40, "cacheDetails": details}
    ).usage
    assert usage is not None
    assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == (10, 30)


def test_extra_fields_of_last_event_are_preserved() -> None:
    tier = {"type": "flex"}
    assert received(grow({"text": "Yes."}), STOP, ("metadata", {"serviceTier": tier})).extras == {"serviceTier": tier}


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_malformed_model_output_is_an_error(reason: str) -> None:
    assert whole({"text": "x"}, stopReason=reason).finish_reason == "error"


def test_response_may_be_empty() -> None:
    answer = whole(output=None)
    assert (answer.contents, answer.interrupted) == ([], False)


@pytest.mark.parametrize("body", [{"message": "overloaded"}, {"Message": "overloaded"}, {"detail": "overloaded"}])
def test_error_body_with_status_200_is_read(body: Any) -> None:
    assert "overloaded" in str(folded(CODEC.decoder(ConverseQuirks()).whole(body)).error)


def test_error_type_is_read_next_to_its_message() -> None:
    body = b'{"__type": "com.amazon.coral.service#UnrecognizedClientException", "message": "invalid"}'
    error = CODEC.error(Head(401), body)
    assert (type(error), error.provider_type) == (AuthenticationError, "UnrecognizedClientException")


@pytest.mark.parametrize(
    "words",
    [
        "The model returned these errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
    ],
)
def test_context_length_error_is_detected_by_its_message(words: str) -> None:
    assert isinstance(CODEC.error(Head(400), json.dumps({"message": words})), ContextLengthError)
