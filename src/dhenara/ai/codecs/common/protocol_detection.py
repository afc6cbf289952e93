"""Detection of responses in another protocol, so that they are not decoded as an empty response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .fields import read_text

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
REASONS = ("error", "errors", "message", "detail")


def protocol_of(body: Any) -> str | None:
    """Return the protocol of a body or event if it is unambiguous, otherwise None."""
    if not isinstance(body, Mapping):
        return None
    kind = read_text(body, "type")
    if kind in TYPES:
        return TYPES[kind]
    return next((name for name, looks_like in LOOKS if looks_like(body, kind)), None)


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


LOOKS: tuple[tuple[str, Callable[[Body, str], bool]], ...] = (
    (CHAT, is_chat),
    (GEMINI, is_gemini),
    (MESSAGES, is_messages),
    (RESPONSES, is_responses),
    (CONVERSE, is_converse),
    (OLLAMA, is_ollama),
    (COHERE, is_cohere),
)


def refuse_foreign(body: Any, own: str) -> None:
    """Raise ValueError if the body is in another protocol."""
    spoken = protocol_of(body)
    if spoken is not None and spoken != own:
        raise ValueError(f"expected a response in the protocol {own}, got {spoken}. Check base_url and provider")


def says_why(body: Any) -> bool:
    """Whether a body that is not a response contains an error message."""
    data = body[0] if isinstance(body, list) and body else body
    if not isinstance(data, Mapping):
        return False
    # An object under `message` is the message of another protocol, and no read_text.
    kinds = ((name, (str, list) if name == "message" else (str, list, dict)) for name in REASONS)
    return any(data.get(name) and isinstance(data[name], kind) for name, kind in kinds)


def not_an_answer(own: str) -> ValueError:
    return ValueError(f"expected a response in the protocol {own}, but none of its fields is present")
