"""Errors that hosts answer with a status that says too little are told apart by their codes and words."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.codecs.openai_chat.response import ChatReader
from dhenara.ai.codecs.quirks import ChatQuirks, ResponsesQuirks
from dhenara.ai.errors import (
    AuthenticationError,
    BadRequestError,
    CallError,
    ContentFilteredError,
    ContextLengthError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    RateLimitError,
    ServerError,
)
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.wire import json

MODERATED = {"reasons": ["violence"], "flagged_input": "...", "provider_name": "OpenAI"}
FOR_WORDS: list[tuple[int, dict[str, Any], type[CallError]]] = [
    # Content filters.
    (400, {"message": "Input data may contain inappropriate content."}, ContentFilteredError),
    (400, {"message": "No.", "code": "data_inspection_failed"}, ContentFilteredError),
    (400, {"message": "Content Exists Risk", "type": "invalid_request_error"}, ContentFilteredError),
    (400, {"message": "\u53ef\u80fd\u5305\u542b\u654f\u611f\u5185\u5bb9", "code": "1301"}, ContentFilteredError),
    (400, {"message": "Output blocked by content filtering policy"}, ContentFilteredError),
    (400, {"message": "Invalid prompt: your prompt was flagged as violating our policy"}, ContentFilteredError),
    (400, {"message": "Rejected as a result of our safety system."}, ContentFilteredError),
    (403, {"message": 'Your input was flagged for "violence".', "metadata": MODERATED}, ContentFilteredError),
    (400, {"message": "Gemini blocked this request through content moderation."}, ContentFilteredError),
    (403, {"message": "Content violates usage guidelines. Failed check: X"}, ContentFilteredError),
    (400, {"message": "It violates Google's Responsible AI practices"}, ContentFilteredError),
    # Nothing to spend.
    (400, {"message": "Your account is not in good standing.", "code": "Arrearage"}, QuotaError),
    (429, {"message": "\u4f59\u989d\u4e0d\u8db3", "code": "1113"}, QuotaError),
    (429, {"message": "Current quota", "type": "exceeded_current_quota_error"}, QuotaError),
    (429, {"message": "Over", "type": "budget_exceeded", "code": "429"}, QuotaError),
    (400, {"message": "Budget has been exceeded! Max budget: 0.05"}, QuotaError),
    (403, {"message": "Your team doesn't have any credits or licenses yet."}, QuotaError),
    (429, {"message": "It has used all available credits"}, QuotaError),
    (412, {"message": "Suspended, possibly for reaching the monthly spending limit"}, QuotaError),
    (400, {"message": "You have reached your specified workspace API usage limits."}, QuotaError),
    # Too long.
    (
        400,
        {"message": "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000"},
        ContextLengthError,
    ),
    (400, {"message": "Range of input length should be [1, 129024]"}, ContextLengthError),
    (400, {"message": "Prompt exceeds max length", "code": "1261"}, ContextLengthError),
    (400, {"message": "Your request exceeded model token limit: 262144"}, ContextLengthError),
    (400, {"message": "Input token length too long"}, ContextLengthError),
    (422, {"message": "`inputs` tokens + `max_new_tokens` must be <= 32769"}, ContextLengthError),
    (413, {"message": "`inputs` must have less than 512 tokens. Given: 600"}, ContextLengthError),
    (400, {"message": "Too many", "code": "model_max_prompt_tokens_exceeded"}, ContextLengthError),
    (400, {"message": "prompt token count of 131000 exceeds the limit of 128000"}, ContextLengthError),
    (413, {"message": "Request body too large for the model", "code": "tokens_limit_reached"}, ContextLengthError),
    (400, {"message": "The prompt (length 9) is longer than the maximum model length of 8"}, ContextLengthError),
    (400, {"message": "Cannot truncate prompt with n_keep (9) >= n_ctx (8)"}, ContextLengthError),
    # The key, the account, the model.
    (400, {"message": "API key not valid. Please pass a valid API key."}, AuthenticationError),
    (400, {"message": "API key expired. Please renew the API key."}, AuthenticationError),
    (400, {"message": "Incorrect API key provided: xa***."}, AuthenticationError),
    (400, {"message": "User location is not supported for the API use."}, PermissionDeniedError),
    (400, {"message": "This organization has been disabled."}, PermissionDeniedError),
    (400, {"message": "Model Not Exist", "type": "invalid_request_error"}, NotFoundError),
    (400, {"message": "Invalid model: x", "type": "invalid_model"}, NotFoundError),
    (400, {"message": "The provided model identifier is invalid."}, NotFoundError),
    # What the status says is right.
    (400, {"message": "max_tokens is too large: the context window has 8192 tokens"}, BadRequestError),
    (400, {"message": "temperature: Input should be less than 2"}, BadRequestError),
    (403, {"message": "Your key may not use this model"}, PermissionDeniedError),
    (429, {"message": "Requests per minute limit exceeded", "code": "request_quota_exceeded"}, RateLimitError),
    (500, {"message": "The context window of this model failed"}, ServerError),
]


@pytest.mark.parametrize("codec", ["openai_chat", "openai_responses", "anthropic", "gemini"])
@pytest.mark.parametrize(("status", "error", "expected"), FOR_WORDS)
def test_the_kind_of_an_error_follows_from_its_code_or_its_words(
    codec: str, status: int, error: dict[str, Any], expected: type[CallError]
) -> None:
    known = {"type": "invalid_request_error", **error}  # what some of these protocols always have
    code = error.get("code") if codec != "anthropic" else error.get("type", error.get("code"))
    if codec == "gemini" and (error.get("type") or code):
        pytest.skip("this protocol has other types and codes")
    body = {"error": {**known, "code": code}} if codec != "anthropic" else {"type": "error", "error": known}
    assert type(load_codec(codec).error(Head(status, {}), json.dumps(body))) is expected


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (1008, "insufficient balance", QuotaError),
        (1004, "login fail: carry the API secret key in the header", AuthenticationError),
        (2049, "invalid api key", AuthenticationError),
        (1002, "rate limit", RateLimitError),
        (1026, "input new_sensitive", ContentFilteredError),
        (2013, "invalid params, context window exceeds limit", ContextLengthError),
        (1000, "unknown error", ServerError),
    ],
)
def test_the_kind_of_an_error_in_a_successful_answer_follows_from_its_words(
    code: int, message: str, expected: type[CallError]
) -> None:
    builder = ResponseBuilder()
    builder.add_all(ChatReader(ChatQuirks()).whole({"base_resp": {"status_code": code, "status_msg": message}}))
    assert type(builder.error) is expected
    assert message in str(builder.error)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("invalid_prompt", BadRequestError),
        ("failed_to_download_image", BadRequestError),
        ("image_content_policy_violation", ContentFilteredError),
        ("cyber_policy", ContentFilteredError),
        ("vector_store_timeout", ServerError),
    ],
)
def test_an_answer_that_failed_for_its_request_is_not_a_failure_of_the_server(
    code: str, expected: type[CallError]
) -> None:
    body = {"object": "response", "status": "failed", "output": [], "error": {"code": code, "message": "No."}}
    builder = ResponseBuilder()
    builder.add_all(load_codec("openai_responses").decoder(ResponsesQuirks()).whole(body))
    assert type(builder.error) is expected


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 11.054s. Visit https://example.com", 11.054),
        ("Please try again in 120ms.", 0.12),
        ("Please try again in 1m30s.", 90.0),
        ("Please retry after 26 seconds.", 26.0),
        ("Please try again later.", None),
    ],
)
def test_a_rate_limit_in_a_stream_says_in_words_how_long_to_wait(words: str, seconds: float | None) -> None:
    failed = {"error": {"code": "rate_limit_exceeded", "message": f"Rate limit reached. {words}"}}
    builder = ResponseBuilder()
    builder.add_all(load_codec("openai_responses").decoder(ResponsesQuirks()).whole({"status": "failed", **failed}))
    assert isinstance(builder.error, RateLimitError)
    assert builder.error.retry_after == seconds


def test_a_quota_that_ends_in_seconds_is_a_rate_limit() -> None:
    words = "You exceeded your current quota, please check your plan. Please retry in 35.5s."
    error = load_codec("openai_chat").error(Head(429, {}), json.dumps([{"error": {"code": 429, "message": words}}]))
    assert (type(error), error.retry_after) == (RateLimitError, 35.5)


def test_the_header_counts_more_than_the_words_about_how_long_to_wait() -> None:
    body = json.dumps({"error": {"message": "Try again in 9s."}})
    error = load_codec("openai_chat").error(Head(429, {"retry-after": "3"}), body)
    assert error.retry_after == 3.0


FAILED = {"code": 502, "message": "the upstream provider failed"}


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": "the upstream provider failed"}, "finish_reason": "error", "error": FAILED},
        {"finish_reason": "error", "error": FAILED},
        {"error": FAILED},
    ],
)
def test_an_error_in_a_choice_is_an_error_and_no_answer(choice: dict[str, Any]) -> None:
    builder = ResponseBuilder()
    builder.add_all(ChatReader(ChatQuirks()).whole({"id": "1", "model": "m", "choices": [choice]}))
    assert type(builder.error) is ServerError
    assert (builder.error.status, builder.error.message) == (502, FAILED["message"])


def test_the_type_of_an_error_may_stand_in_its_metadata() -> None:
    failed = {"code": 200, "message": "No.", "metadata": {"error_type": "rate_limit_exceeded"}}
    builder = ResponseBuilder()
    builder.add_all(ChatReader(ChatQuirks()).whole({"choices": [{"finish_reason": "error", "error": failed}]}))
    assert isinstance(builder.error, RateLimitError)
    assert builder.error.provider_type == "rate_limit_exceeded"


def test_an_error_in_a_choice_ends_a_stream_and_the_text_before_it_remains() -> None:
    reader, builder = ChatReader(ChatQuirks()), ResponseBuilder()
    events = [{"delta": {"content": "Half"}}, {"delta": {"content": ""}, "finish_reason": "error", "error": FAILED}]
    for choice in events:
        [frame] = load_codec("openai_chat").frames().feed(b"data: " + json.dumps({"choices": [choice]}) + b"\n\n")
        builder.add_all(reader.frame(frame))
    assert (builder.response().text, type(builder.error), builder.complete) == ("Half", ServerError, False)
