"""The codec: what the rest of the house sees of Chat Completions."""

from __future__ import annotations

from typing import Any

from ...errors import CallError
from ...types.call import Call
from ...wire.frame import Frames
from ...wire.http import Head
from ..base import Outgoing
from ..failure import LONGEST_BODY, failure, parse_body
from ..told import Wire, section, words
from .quirks import ChatQuirks
from .request import write_request
from .response import ChatReader


class OpenAIChat:
    """Stateless; one is enough."""

    name = "openai_chat"

    def encode(self, call: Call, quirks: ChatQuirks) -> Outgoing:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        from ...wire.sse import SseFrames

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
    message, code, kind = complaint(told)
    return failure(
        Head(head.status if head.status >= 400 else status_in(told, code) or head.status, head.headers, head.reason),
        body,
        relayed(message, section(told, "error").get("metadata")) if message else None,
        None if code is None else str(code),
        kind,
    )


def relayed(message: str, about: Any) -> str:
    """With the words of the host behind, where the server only passes a refusal on."""
    raw = about.get("raw") if isinstance(about, dict) else None
    if not isinstance(raw, str) or not raw or raw in message:
        return message
    inner = parse_body(raw.encode())
    told = inner.get("error", inner) if isinstance(inner, dict) else raw
    said = told.get("message") if isinstance(told, dict) else told
    return f"{message}: {said if isinstance(said, str) and said else raw[:LONGEST_BODY]}"


def complaint(told: Wire) -> tuple[str | None, Any, str | None]:
    """The words, the code and the type, in an object of their own or loose."""
    error = next((found for name in CASES if (found := told.get(name))), told)
    if isinstance(error, list):
        error = error[0]
    if isinstance(error, str):
        return error, told.get("code"), words(told, "error_type") or None
    if not isinstance(error, dict):
        return None, None, None
    message = next((said for name in WORDS if (said := words(error, name))), None)
    code = next((error[name] for name in CODES if error.get(name) is not None), None)
    return message, code, words(error, "type") or None


def status_in(told: Wire, code: Any) -> int | None:
    """The status that a refusal inside a success would have had."""
    said = (str(one) for one in (code, section(told, "error").get("status_code")))
    return next((int(one) for one in said if one.isdigit() and 400 <= int(one) < 600), None)


CASES = ("error", "errors", "base_resp")
WORDS = ("message", "detail", "msg", "status_msg")
CODES = ("code", "status_code")


CODEC = OpenAIChat()
