"""Base of the codecs of operations other than chat, and token counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from ...errors import CallError, ConfigurationError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ErrorDelta, ResultDelta, StreamEnd
from ...types.chat.message import Message
from ...types.chat.report import TokenCountResponse
from ...types.config.call import Call
from ...types.content.parts import Media
from ...types.model_base import FrozenModel
from ...types.tools.tool_definition import ToolDefinition
from ...wire import json
from ...wire.frame import Frame, Frames
from ...wire.sse import SseFrames
from ..base import MALFORMED, EncodedRequest, Quirks
from ..common.fields import count
from ..error_mapping import contains_error, parse_body

Q = TypeVar("Q", bound=Quirks)
V = TypeVar("V", bound=FrozenModel)


@dataclass(slots=True, eq=False)
class DocumentReader:
    """Reads a response that is a single document; if it is unreadable, looks for an error message in it."""

    read: Callable[[Any], Iterable[Delta]]
    refuse: Callable[[Head, Any], CallError] | None = None

    def whole(self, body: Any) -> Iterable[Delta]:
        try:
            data = list(self.read(body))
        except MALFORMED:
            if self.refuse is None or not contains_error(body):
                raise
            yield ErrorDelta(self.refuse(Head(0), body))
            return
        yield from data
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        raise ValueError("expected one document, got a stream")

    def finish(self) -> Iterable[Delta]:
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class OperationCodec(Generic[Q]):
    """An operation codec: `write` encodes the request, `read` decodes the response, `refuse` decodes an error."""

    name: str
    write: Callable[[Call, Q], EncodedRequest]
    read: Callable[[Q, Any], Iterable[Delta]]
    refuse: Callable[[Head, Any], CallError]

    def encode(self, call: Call, quirks: Q) -> EncodedRequest:
        return self.write(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: Q) -> DocumentReader:
        return DocumentReader(partial(self.read, quirks), self.refuse)

    def error(self, head: Head, body: bytes) -> CallError:
        return self.refuse(head, parse_body(body))


def request_of(call: Call, kind: type[V]) -> V:
    """Return the request of the call, checked to be of this class."""
    if not isinstance(call.request, kind):
        raise ConfigurationError(f"{call.operation!r}: request must be a {kind.__name__}. Pass it as Call.request")
    return call.request


@runtime_checkable
class SupportsBackground(Protocol):
    """A codec that supports background responses."""

    def is_pending(self, body: Any) -> bool: ...

    def retrieve_request(self, answer_id: str, quirks: Any, after: int | None = None) -> EncodedRequest: ...

    def stop(self, answer_id: str, quirks: Any) -> EncodedRequest: ...


def count_reader(field: str) -> Callable[[Any, Any], Iterator[Delta]]:
    """Return a reader for a count in this field of the response."""

    def read(quirks: Any, body: Any) -> Iterator[Delta]:
        counted = count(body, field)
        if counted is None:
            raise ValueError(f"expected a token count, but the field {field} is missing")
        yield ResultDelta(TokenCountResponse(input_tokens=counted))

    return read


LETTERS_PER_TOKEN = 4
TOKENS_PER_TURN = 4
TOKENS_PER_PICTURE = 800
"""Providers count images by size, from a few hundred to 2,000 tokens."""


def estimate_tokens(call: Call) -> int:
    """Estimate the input tokens; within a third of the real count for most languages and models, rather too high."""
    words = sum(tokens(text) for text in call_texts(call))
    pictures = sum(isinstance(part, Media) for message in call.messages for part in message.contents)
    return words + TOKENS_PER_TURN * (len(call.messages) + len(call.instructions)) + TOKENS_PER_PICTURE * pictures


def tokens(text: str) -> int:
    """Estimate a text: four Latin letters per token, one character per token for most other scripts."""
    plain = len(text) if text.isascii() else sum(letter < "\u0250" for letter in text)
    return -(-plain // LETTERS_PER_TOKEN) + len(text) - plain


def call_texts(call: Call) -> Iterator[str]:
    yield from call.instructions
    for message in call.messages:
        yield from message_texts(message)
    for tool in call.config.tools:
        if isinstance(tool, ToolDefinition):
            yield json.dumps(tool.model_dump(exclude_none=True)).decode()


def message_texts(message: Message) -> Iterator[str]:
    """Return all content of a message that becomes tokens; content that is not text as its JSON."""
    for part in message.contents:
        text = part.get_text()
        if text:
            yield text
        elif not isinstance(part, Media):
            yield json.dumps(part.model_dump(exclude_none=True, exclude={"origin", "extras", "type"})).decode()
