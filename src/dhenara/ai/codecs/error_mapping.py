"""Errors from responses: status, body and message become a typed error; bodies of other protocols are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from ..errors import (
    AuthenticationError,
    BadAnswerError,
    BadRequestError,
    CallError,
    ContainerExpiredError,
    ContentFilteredError,
    ContextLengthError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    RateLimitError,
    ServerError,
)
from ..http.protocol.message import Head
from ..wire import json
from ..wire.limits import UNIX_TIMES
from .common.response_fields import read_text

STATUS: dict[int, type[CallError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: QuotaError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: NotFoundError,
    408: ServerError,
    409: ServerError,
    413: BadRequestError,
    422: BadRequestError,
    424: ServerError,
    425: ServerError,
    429: RateLimitError,
    451: ContentFilteredError,
    498: ServerError,
}

# Codes and types that are more exact than the status.
CODES: dict[str, type[CallError]] = {
    **dict.fromkeys(("insufficient_quota", "billing_error", "billing_hard_limit_reached"), QuotaError),
    **dict.fromkeys(("exceeded_current_quota_error", "budget_exceeded", "Arrearage"), QuotaError),
    "context_length_exceeded": ContextLengthError,
    "model_max_prompt_tokens_exceeded": ContextLengthError,
    "tokens_limit_reached": ContextLengthError,
    "content_filter": ContentFilteredError,
    "content_policy_violation": ContentFilteredError,
    "moderation_blocked": ContentFilteredError,
    **dict.fromkeys(("data_inspection_failed", "image_content_policy_violation", "cyber_policy"), ContentFilteredError),
    **dict.fromkeys(("invalid_api_key", "authentication_error"), AuthenticationError),
    "permission_error": PermissionDeniedError,
    **dict.fromkeys(("not_found_error", "model_not_found", "invalid_model"), NotFoundError),
    **dict.fromkeys(("rate_limit_error", "rate_limit_exceeded"), RateLimitError),
    **dict.fromkeys(("overloaded_error", "api_error", "server_error", "internal_server_error"), ServerError),
    "timeout_error": ServerError,
    "container_expired": ContainerExpiredError,
    "invalid_request_error": BadRequestError,
    "request_too_large": BadRequestError,
    # What fails an answer of OpenAI after it began; the same request would fail again.
    **dict.fromkeys(("invalid_prompt", "invalid_image", "invalid_image_format", "invalid_image_url"), BadRequestError),
    **dict.fromkeys(("invalid_base64_image", "image_parse_error", "empty_image_file"), BadRequestError),
    **dict.fromkeys(("image_too_large", "image_too_small", "image_file_too_large"), BadRequestError),
    **dict.fromkeys(("unsupported_image_media_type", "failed_to_download_image"), BadRequestError),
}

# Many servers use these codes with any status.
VAGUE = (BadRequestError, ServerError)

# Patterns for error messages; compiled on the first error.
CONTEXT_WORDS = (
    r"context.{0,20}(length|window|size|limit)|maximum context|prompt is too long|too many (input )?tokens"
    r"|exceeds? the (available )?context|input (token length |is )?too long|reduce the length of the (messages|prompt)"
    r"|input tokens? (count|exceeded)|(maximum|range of) (prompt|input) length|tokens? exceeds? (the )?maximum length"
    r"|prompt exceeds max|exceeded model token limit|`inputs` (tokens|must have less)|prompt token count of \d+ exceeds"
    r"|maximum model length|\bn_ctx\b"
)
# About the maximum output, even if the message mentions other limits as well.
ANSWER_WORDS = r"max[_ ](\w+[_ ])?tokens\W{0,3}(must be less|is too large)"
# The characters at the end of some patterns are Chinese: too little credit, sensitive content, no such model.
QUOTA_WORDS = (
    r"insufficient (quota|balance|credit)|exceeded your current quota|credit balance is too low|out of credits"
    r"|budget has been exceeded|billing (hard )?limit|payment required|no credits|(available|any) credits"
    r"|spending limit|specified (\w+ )?api usage limits|\u4f59\u989d\u4e0d\u8db3"
)
FILTER_WORDS = (
    r"(was|been|content) flagged|flagged (as|for|by)\b|content (moderation|exists risk)|content filtering policy"
    r"|inappropriate content|violates? (our |the )?(usage|content) (guidelines|polic)|our safety system"
    r"|responsible ai\b|new_sensitive|\u654f\u611f\u5185\u5bb9"
)
KEY_WORDS = (
    r"(incorrect|invalid|expired) api key|api key (not valid|expired|is (not valid|invalid|expired))|^login fail"
)
ACCESS_WORDS = r"location is not supported|organization has been disabled"
MODEL_WORDS = r"model identifier is invalid|model not exist|unknown model|\u6a21\u578b\u4e0d\u5b58\u5728"
WAIT_WORDS = r"(?:try again|retry) (?:in|after) (?:(\d+)m(?!s))?(\d+(?:\.\d+)?) ?(ms|s)"
RATE_WORDS = r"^rate limit|rate limit (exceeded|reached)|too many requests"
# Anthropic and OpenAI about a container that is gone; OpenAI also when the history names another one than is in use.
CONTAINER_WORDS = (
    r"container.{0,120}(expired|not found|does not exist|no longer)|expired container|expected container_id"
)
BY_WORDS: tuple[tuple[str, type[CallError], tuple[type[CallError], ...]], ...] = (
    (CONTEXT_WORDS, ContextLengthError, ()),
    (CONTAINER_WORDS, ContainerExpiredError, (NotFoundError,)),
    (QUOTA_WORDS, QuotaError, (RateLimitError, PermissionDeniedError)),
    (FILTER_WORDS, ContentFilteredError, (PermissionDeniedError,)),
    (KEY_WORDS, AuthenticationError, ()),
    (ACCESS_WORDS, PermissionDeniedError, ()),
    (MODEL_WORDS, NotFoundError, ()),
    (RATE_WORDS, RateLimitError, ()),
)
"""Messages that say more than the status: pattern, error, and the errors besides a bad request that it replaces.

Many hosts answer everything with 400, and some (MiniMax) with 200, where an error without a known code may be anything.
"""

LONGEST_BODY = 600
LONGEST_MESSAGE = 2000


def error_from_response(
    head: Head,
    body: Any,
    message: str | None = None,
    code: str | None = None,
    kind: str | None = None,
) -> CallError:
    """Return the error for an error response; the caller adds provider and model."""
    text = (message or describe(head, body))[:LONGEST_MESSAGE]
    error_type = choose_error(head.status, text, code, kind)
    wait = retry_after(head.headers)
    if wait is None and issubclass(error_type, RateLimitError) and (wait := wait_in_words(text)) is not None:
        error_type = RateLimitError  # what ends by itself is no empty account
    return error_type(
        text,
        status=head.status or None,
        request_id=request_id(head),
        provider_code=code,
        provider_type=kind,
        retry_after=wait,
        body=body if not isinstance(body, bytes) else body.decode("utf-8", "replace")[:LONGEST_BODY],
    )


def aws_error(head: Head, body: Any) -> CallError:
    """Return the exception for an AWS error; its type is in a header or in the body."""
    names = ("message", "Message", "errorMessage", "detail", "error")
    messages = (body.get(name) for name in names) if isinstance(body, dict) else iter(())
    message = next((text for text in messages if text), None)
    data = body.get("__type") if isinstance(body, dict) else None
    kind = (head.headers.get("x-amzn-errortype") or str(data or "")).split(":")[0].rpartition("#")[2] or None
    return error_from_response(head, body, message if isinstance(message, str) else None, None, kind)


def choose_error(status: int, message: str, code: str | None, kind: str | None) -> type[CallError]:
    """Return the most specific exception class for status, code, type and message."""
    by_status = STATUS.get(status) or (BadRequestError if 400 <= status < 500 else ServerError)
    error_class = CODES.get(code or "") or CODES.get(kind or "")
    is_unknown = error_class is None and not status
    if error_class is None or (status and error_class in VAGUE):
        error_class = by_status
    is_open = is_unknown or error_class is BadRequestError
    excluded = ContextLengthError if mentions(ANSWER_WORDS, message) else None
    for words, better, others in BY_WORDS:
        if (is_open or error_class in others) and better is not excluded and mentions(words, message):
            return better
    return error_class


def mentions(words: str, message: str) -> bool:
    return re.search(words, message, re.IGNORECASE) is not None


CHECK_BASE_URL = "Check base_url"


def describe(head: Head, body: Any) -> str:
    """Describe an error response without a message of its own."""
    if isinstance(body, bytes):
        text = body.decode("utf-8", "replace").strip()
        if text.startswith("<"):
            return f"received a web page instead of an API response: {page_title(text)}. {CHECK_BASE_URL}"
        return text[:LONGEST_BODY] or f"received status {head.status} with an empty body"
    return json.dumps(body).decode()[:LONGEST_BODY]


def page_title(page: str) -> str:
    match = re.search(r"<title>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
    return match.group(1).strip()[:200] if match else page[:80]


def parse_body(body: bytes) -> Any:
    """Parse an error body as JSON; return the bytes if it is not JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return body


def not_an_answer(head: Head, body: bytes, expected: str) -> CallError:
    """Return the error for a success status with an unexpected body."""
    kind = head.headers.get("content-type", "no content type")
    shown = describe(head, body).removesuffix(f". {CHECK_BASE_URL}")  # the advice of the error says so too
    return BadAnswerError(
        f"expected {expected}, got {kind}: {shown}",
        status=head.status,
        request_id=request_id(head),
        body=body.decode("utf-8", "replace")[:LONGEST_BODY],
    )


def request_id(head: Head) -> str | None:
    """Return the provider's request id from the headers."""
    for name in ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "x-goog-request-id", "cf-ray"):
        if name in head.headers:
            return head.headers[name]
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the Retry-After delay in seconds; dates and other times are read where the clock is.

    A delay of 0 and negative ones are no delays: without a wait, all retries would be made within milliseconds.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0), ("x-ratelimit-reset-after", 1.0)):
        try:
            seconds = float(headers[name]) * scale
        except (KeyError, ValueError):
            continue
        if isfinite(seconds) and 0 < seconds < UNIX_TIMES:
            return seconds
    return None


def wait_in_words(message: str) -> float | None:
    """Return the delay that a message names: errors inside of streams have no headers."""
    match = re.search(WAIT_WORDS, message, re.IGNORECASE)
    if match is None:
        return None
    seconds = 60 * int(match[1] or 0) + float(match[2]) * (0.001 if match[3].lower() == "ms" else 1.0)
    return retry_after({"retry-after": str(seconds)})


CHAT, RESPONSES, MESSAGES = "Chat Completions", "Responses", "Anthropic Messages"
GEMINI, CONVERSE, COHERE, OLLAMA = "Gemini", "Bedrock Converse", "Cohere", "Ollama"

# Values of `type` that identify an event or a body.
TYPES = {
    **dict.fromkeys(("message_start", "message_delta", "message_stop", "content_block_start"), MESSAGES),
    **dict.fromkeys(("content_block_delta", "content_block_stop"), MESSAGES),
    **dict.fromkeys(("message-start", "message-end", "content-start", "content-delta", "content-end"), COHERE),
    **dict.fromkeys(("tool-call-start", "tool-call-delta", "tool-plan-delta", "citation-start"), COHERE),
}
CONVERSE_EVENTS = frozenset({"contentBlockIndex", "messageStart", "contentBlockDelta", "contentBlockStart"})
Body = Mapping[str, Any]
ERROR_FIELDS = ("error", "errors", "message", "detail")


def protocol_of(body: Any) -> str | None:
    """Return the protocol of a body or event if it is unambiguous, otherwise None."""
    if body.__class__ is not dict and not isinstance(body, Mapping):
        return None
    kind = read_text(body, "type")
    if kind in TYPES:
        return TYPES[kind]
    for name, is_protocol in PROTOCOL_CHECKS:
        if is_protocol(body, kind):
            return name
    return None


def is_responses(body: Body, kind: str) -> bool:
    return (
        kind.startswith("response.") or read_text(body, "object") == "response" or isinstance(body.get("output"), list)
    )


def is_chat(body: Body, kind: str) -> bool:
    return isinstance(body.get("choices"), list) or read_text(body, "object").startswith("chat.completion")


def is_gemini(body: Body, kind: str) -> bool:
    return isinstance(body.get("candidates"), list) or "promptFeedback" in body


def is_messages(body: Body, kind: str) -> bool:
    return kind == "message" and "content" in body


def is_converse(body: Body, kind: str) -> bool:
    output = body.get("output")
    has_message = isinstance(output, Mapping) and isinstance(output.get("message"), Mapping)
    return has_message or "stopReason" in body or not CONVERSE_EVENTS.isdisjoint(body)


def is_ollama(body: Body, kind: str) -> bool:
    return isinstance(body.get("message"), Mapping) and isinstance(body.get("done"), bool)


def is_cohere(body: Body, kind: str) -> bool:
    return isinstance(body.get("message"), Mapping) and "finish_reason" in body


PROTOCOL_CHECKS: tuple[tuple[str, Callable[[Body, str], bool]], ...] = (
    (CHAT, is_chat),
    (GEMINI, is_gemini),
    (MESSAGES, is_messages),
    (RESPONSES, is_responses),
    (CONVERSE, is_converse),
    (OLLAMA, is_ollama),
    (COHERE, is_cohere),
)


OWN_MARKS = {RESPONSES: ("object", "response"), MESSAGES: ("type", "message")}
"""A field and its value that bodies of a protocol have; with it, the others need not be looked for."""


def refuse_foreign(body: Any, own: str) -> None:
    """Raise ValueError if the body is in another protocol."""
    if own in OWN_MARKS and body.__class__ is dict:
        name, value = OWN_MARKS[own]
        if body.get(name) == value:
            return
    protocol = protocol_of(body)
    if protocol is not None and protocol != own:
        raise ValueError(f"expected a response in the protocol {own}, got {protocol}. Check base_url and provider")


def contains_error(body: Any) -> bool:
    """Whether a body that is not a response contains an error message."""
    data = body[0] if isinstance(body, list) and body else body
    if not isinstance(data, Mapping):
        return False
    # An object under `message` is the message of another protocol, not an error message.
    kinds = ((name, (str, list) if name == "message" else (str, list, dict)) for name in ERROR_FIELDS)
    return any(data.get(name) and isinstance(data[name], kind) for name, kind in kinds)


def missing_response(own: str) -> ValueError:
    return ValueError(f"expected a response in the protocol {own}, but none of its fields is present")
