"""The codec: what the rest of the house sees of Chat Completions."""

from __future__ import annotations

from typing import Any

from ...errors import CallError
from ...types.call import Call
from ...wire.frame import Frames
from ...wire.http import Head
from ...wire.sse import SseFrames
from ..base import Outgoing
from ..failure import LONGEST_BODY, failure, parse_body
from .quirks import ChatQuirks
from .request import write_request
from .response import ChatReader


class OpenAIChat:
    """Stateless; one is enough."""

    name = "openai_chat"

    def encode(self, call: Call, quirks: ChatQuirks) -> Outgoing:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: ChatQuirks) -> ChatReader:
        return ChatReader(quirks)

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def read_error(head: Head, body: Any) -> CallError:
    """A refusal in any of the shapes that compatible servers use."""
    told = body[0] if isinstance(body, list) and body else body
    if not isinstance(told, dict):
        return failure(head, body)
    error = told.get("error", told)
    if isinstance(error, str):
        return failure(head, body, error)
    if not isinstance(error, dict):
        return failure(head, body)
    message = error.get("message") or error.get("detail") or error.get("msg")
    code, kind = error.get("code"), error.get("type")
    status = code if isinstance(code, int) and 400 <= code < 600 and head.status < 400 else head.status
    return failure(
        Head(status, head.headers, head.reason),
        body,
        relayed(message, error.get("metadata")) if isinstance(message, str) else None,
        None if code is None else str(code),
        kind if isinstance(kind, str) else None,
    )


def relayed(message: str, about: Any) -> str:
    """With the words of the host behind, where the server only passes a refusal on."""
    raw = about.get("raw") if isinstance(about, dict) else None
    if not isinstance(raw, str) or not raw or raw in message:
        return message
    inner = parse_body(raw.encode())
    told = inner.get("error", inner) if isinstance(inner, dict) else raw
    words = told.get("message") if isinstance(told, dict) else told
    return f"{message}: {words if isinstance(words, str) and words else raw[:LONGEST_BODY]}"


CODEC = OpenAIChat()
