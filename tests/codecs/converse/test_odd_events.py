"""What Converse may tell that is seldom heard, and what hosts of it leave out."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.converse.codec import CODEC
from dhenara.ai.codecs.converse.quirks import ConverseQuirks
from dhenara.ai.errors import AuthenticationError, ContextLengthError
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.types import ChatResponse
from dhenara.ai.types.content.parts import AudioContent, GenericContent, ImageContent
from dhenara.ai.wire import json
from dhenara.ai.wire.frame import Frame
from support.folding import folded


def heard(*events: tuple[str, Any]) -> ChatResponse:
    decoder = CODEC.decoder(ConverseQuirks())
    told = [delta for name, event in events for delta in decoder.frame(Frame(json.dumps(event), name))]
    return folded([*told, *decoder.finish()]).response()


def whole(*blocks: Any, **beside: Any) -> ChatResponse:
    body = {"output": {"message": {"content": list(blocks)}}, "stopReason": "end_turn", **beside}
    return folded(CODEC.decoder(ConverseQuirks()).whole(body)).response()


def grow(delta: Any, **index: int) -> tuple[str, Any]:
    return "contentBlockDelta", {"delta": delta, **index}


STOP = ("messageStop", {"stopReason": "end_turn"})


def test_a_picture_is_a_picture() -> None:
    (picture,) = whole({"image": {"format": "jpeg", "source": {"bytes": "QUJD"}}}).contents
    assert isinstance(picture, ImageContent)
    assert (picture.data, picture.mime_type) == (b"ABC", "image/jpeg")


def test_a_picture_comes_in_pieces() -> None:
    begun = ("contentBlockStart", {"contentBlockIndex": 0, "start": {"image": {"format": "png"}}})
    pieces = [grow({"image": {"source": {"bytes": piece}}}, contentBlockIndex=0) for piece in ("QUJD", "REVG")]
    (picture,) = heard(begun, *pieces, STOP).contents
    assert isinstance(picture, ImageContent)
    assert (picture.data, picture.mime_type) == (b"ABCDEF", "image/png")


def test_a_picture_that_could_not_be_made_says_why() -> None:
    (picture,) = whole({"image": {"format": "png", "error": {"message": "no"}, "source": {}}}).contents
    assert picture.extras == {"error": {"message": "no"}}


def test_sound_is_sound() -> None:
    (sound,) = whole({"audio": {"format": "mp3", "source": {"s3Location": {"uri": "s3://a/b.mp3"}}}}).contents
    assert isinstance(sound, AudioContent)
    assert (sound.url, sound.mime_type) == ("s3://a/b.mp3", "audio/mpeg")


def test_a_block_of_tomorrow_is_kept_whole() -> None:
    (kept,) = whole({"hologram": {"angle": 3}}).contents
    assert isinstance(kept, GenericContent)
    assert (kept.kind, kept.data) == ("hologram", {"hologram": {"angle": 3}})


@pytest.mark.parametrize("given", [{"a": 1}, '{"a": 1}'])
def test_an_input_may_be_an_object_or_its_text(given: Any) -> None:
    (call,) = whole({"toolUse": {"toolUseId": "t1", "name": "add", "input": given}}).tool_calls()
    assert (call.id, call.arguments) == ("t1", {"a": 1})


def test_pieces_without_a_place_belong_to_the_block_told_last() -> None:
    assert heard(grow({"text": "Ye"}, contentBlockIndex=1), grow({"text": "s."}), STOP).text() == "Yes."


def test_blocks_and_pieces_that_are_null_are_passed_over() -> None:
    assert whole(None, {"text": None}, {"text": "Yes.", "toolUse": None}).text() == "Yes."
    assert (
        heard(grow(None), grow({"text": None, "toolUse": {"input": None}}), grow({"text": "Yes."}), STOP).text()
        == "Yes."
    )


def test_what_is_kept_for_an_hour_is_counted_apart() -> None:
    details = [{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 10}]
    usage = whole(
        {"text": "Yes."}, usage={"inputTokens": 1, "cacheWriteInputTokens": 40, "cacheDetails": details}
    ).usage
    assert usage is not None
    assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == (10, 30)


def test_what_the_last_event_tells_beside_the_counts_is_kept() -> None:
    tier = {"type": "flex"}
    assert heard(grow({"text": "Yes."}), STOP, ("metadata", {"serviceTier": tier})).extras == {"serviceTier": tier}


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_an_answer_that_the_model_spoiled_is_an_error(reason: str) -> None:
    assert whole({"text": "x"}, stopReason=reason).finish_reason == "error"


def test_an_answer_may_say_nothing() -> None:
    answer = whole(output=None)
    assert (answer.contents, answer.interrupted) == ([], False)


@pytest.mark.parametrize("body", [{"message": "overloaded"}, {"Message": "overloaded"}, {"detail": "overloaded"}])
def test_an_error_in_the_place_of_an_answer_says_what_it_says(body: Any) -> None:
    assert "overloaded" in str(folded(CODEC.decoder(ConverseQuirks()).whole(body)).error)


def test_the_kind_of_an_error_may_stand_beside_its_words() -> None:
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
def test_a_prompt_that_is_too_long_is_known_by_its_words(words: str) -> None:
    assert isinstance(CODEC.error(Head(400), json.dumps({"message": words})), ContextLengthError)
