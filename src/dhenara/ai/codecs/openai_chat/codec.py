"""The Chat Completions codec and its errors; images and token counts over the same endpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.frame import Frames
from ..base import EncodedRequest
from ..common.fields import Wire, read_object, read_text
from ..failure import LONGEST_BODY, error_from_response, parse_body
from ..operations.operation import OperationCodec, count_reader
from .quirks import ChatQuirks
from .request import write_request
from .response import ChatReader


class OpenAIChat:
    """Stateless codec; one instance is enough."""

    name = "openai_chat"

    def encode(self, call: Call, quirks: ChatQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        from ...wire.sse import SseFrames

        return SseFrames()

    def decoder(self, quirks: ChatQuirks) -> ChatReader:
        return ChatReader(quirks)

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


def read_error(head: Head, body: Any) -> CallError:
    """Read an error in any of the formats of compatible servers."""
    data = body[0] if isinstance(body, list) and body else body
    if not isinstance(data, dict):
        return error_from_response(head, body)
    message, code, kind = error_fields(data)
    return error_from_response(
        Head(head.status if head.status >= 400 else error_status(data, code) or head.status, head.headers, head.reason),
        body,
        relayed_message(message, read_object(data, "error").get("metadata")) if message else None,
        None if code is None else str(code),
        kind,
    )


def relayed_message(message: str, about: Any) -> str:
    """Append the message of the upstream provider, if a router passes an error on."""
    raw = about.get("raw") if isinstance(about, dict) else None
    if not isinstance(raw, str) or not raw or raw in message:
        return message
    inner = parse_body(raw.encode())
    data = inner.get("error", inner) if isinstance(inner, dict) else raw
    text = data.get("message") if isinstance(data, dict) else data
    return f"{message}: {text if isinstance(text, str) and text else raw[:LONGEST_BODY]}"


def error_fields(data: Wire) -> tuple[str | None, Any, str | None]:
    """Return message, code and type, nested or at the top level."""
    error = next((match for name in CASES if (match := data.get(name))), data)
    if isinstance(error, list):
        error = error[0]
    if isinstance(error, str):
        return error, data.get("code"), read_text(data, "error_type") or None
    if not isinstance(error, dict):
        return None, None, None
    message = next((text for name in WORDS if (text := read_text(error, name))), None)
    code = next((error[name] for name in CODES if error.get(name) is not None), None)
    return message, code, read_text(error, "type") or None


def error_status(data: Wire, code: Any) -> int | None:
    """Return the HTTP status for an error inside a 200 response."""
    text = (str(one) for one in (code, read_object(data, "error").get("status_code")))
    return next((int(one) for one in text if one.isdigit() and 400 <= int(one) < 600), None)


CASES = ("error", "errors", "base_resp")
WORDS = ("message", "detail", "msg", "status_msg")
CODES = ("code", "status_code")


CODEC = OpenAIChat()


def write_count(call: Call, quirks: ChatQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    return replace(request, path=f"{request.path}/input_tokens")


COUNT_TOKENS = OperationCodec("openai_chat.count_tokens", write_count, count_reader("input_tokens"), read_error)


MODALITIES = ["image", "text"]


class ChatImages(OpenAIChat):
    """Returns text in addition to the images."""

    name = "openai_chat.images"

    def encode(self, call: Call, quirks: ChatQuirks) -> EncodedRequest:
        options = {"modalities": MODALITIES, **call.config.options}
        return super().encode(replace(call, config=call.config.model_copy(update={"options": options})), quirks)


IMAGES = ChatImages()
