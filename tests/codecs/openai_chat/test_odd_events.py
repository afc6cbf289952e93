"""Events and bodies of compatible hosts that are no response, or more than one."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.openai_chat.codec import CODEC
from dhenara.ai.errors import ServerError
from dhenara.ai.wire import json
from support.chat import QUIRKS, drafted, received, streamed, whole

BOTH = pytest.mark.parametrize("read", [whole, streamed], ids=["body", "stream"])


@BOTH
@pytest.mark.parametrize("odd", [{"tokens": ["Yes"], "token_logprobs": [-0.1]}, [], "x", {"content": [None]}])
def test_invalid_logprobs_are_ignored(read: Any, odd: Any) -> None:
    body = {"choices": [{"index": 0, "message": {"content": "Yes."}, "finish_reason": "stop", "logprobs": odd}]}
    assert drafted(*CODEC.decoder(QUIRKS).whole(body)).response().text() == "Yes."


@pytest.mark.parametrize(
    "line",
    [b"data:\n\n", b"data: \n\n", b"data: null\n\n", b"data: {}\n\n", b": ping\n\n", b"\n\n\n", b"event: ping\n\n"],
)
def test_keep_alive_events_are_ignored(line: bytes) -> None:
    event = (
        b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Yes."},"finish_reason":"stop"}]}\n\n'
    )
    answer = received(line + event + line + b"data: [DONE] \n\n" + line)
    assert (answer.text(), answer.interrupted) == ("Yes.", False)


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error": {"message": "overloaded", "code": 503}}\n\n',
        b'data: {"error": "overloaded"}\n\n',
        b'data: {"object": "error", "message": "overloaded", "type": "ServerError", "code": 503}\n\n',
        b'event: error\ndata: {"message": "overloaded"}\n\n',
        b'event: error\ndata: {"error": {"message": "overloaded"}}\n\n',
        b'data: [{"error": {"message": "overloaded", "code": 503, "status": "UNAVAILABLE"}}]\n\n',
    ],
)
def test_stream_error_message_is_read_in_every_shape(event: bytes) -> None:
    first = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Ye"}}]}\n\n'
    answer = received(first + event)
    assert (answer.text(), answer.interrupted) == ("Ye", True)
    assert "overloaded" in (answer.error or "")


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "overloaded", "code": 503}},
        {"detail": "overloaded"},
        {"message": "overloaded", "code": 50505, "data": None},
        {"object": "error", "message": "overloaded", "code": 503},
        {"success": False, "errors": [{"code": 3040, "message": "overloaded"}]},
        {"base_resp": {"status_code": 1000, "status_msg": "overloaded"}, "choices": None},
        [{"error": {"message": "overloaded", "code": 503}}],
    ],
)
def test_error_body_with_status_200_is_read(body: Any) -> None:
    draft = drafted(*CODEC.decoder(QUIRKS).whole(body))
    assert isinstance(draft.error, ServerError)
    assert "overloaded" in str(draft.error)


def test_text_outside_of_message_is_read() -> None:
    body = {"choices": [{"index": 0, "text": "Yes.", "finish_reason": "stop"}]}
    assert drafted(*CODEC.decoder(QUIRKS).whole(body)).response().text() == "Yes."


@BOTH
def test_extra_fields_of_last_chunk_are_preserved(read: Any) -> None:
    body = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Yes."},"finish_reason":"stop"}]}\n\n'
    last = b'data: {"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":1},"search_results":[{"url":"u"}]}\n\n'
    assert received(body + last).extras["search_results"] == [{"url": "u"}]


def test_invalid_token_counts_are_ignored() -> None:
    assert whole({"content": "Yes."}, usage=[], x_groq="x", error=None).text() == "Yes."


def test_token_counts_may_stand_in_the_choice_that_ends_a_stream() -> None:
    usage = {"prompt_tokens": 13, "completion_tokens": 26, "total_tokens": 39, "cached_tokens": 8}
    choices = [{"delta": {"content": "Yes."}}, {"delta": {}, "finish_reason": "stop", "usage": usage}]
    events = [{"id": "c", "model": "m", "choices": [{"index": 0, **choice}]} for choice in choices]
    answer = received(b"".join(b"data: " + json.dumps(event) + b"\n\n" for event in events) + b"data: [DONE]\n\n")
    assert (answer.text(), answer.usage.input_tokens, answer.usage.cache_read_tokens) == ("Yes.", 5, 8)
    assert (answer.usage.output_tokens, answer.finish_reason) == (26, "stop")
