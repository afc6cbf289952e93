"""Replies of a fake server for what it is given; faults are replies too, or wrap one."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..errors import ConfigurationError
from ..types.model_base import require_type as require
from .answer import Answer, HangUp, Raw, ReceivedRequest, Reply, Reset, Send, Stall, Step, Wait, chunk, response_head
from .protocols import dialect_for
from .sample_operations import SampleOperations, is_operation


@dataclass(frozen=True, slots=True)
class RawStream:
    """Sends the pieces of a body in separate writes.

    Attributes:
        chunks: The pieces.
        pause: Seconds before each piece. Default 0.
        status: HTTP status. Default 200.
        headers: Headers. Default: the content type of server-sent events.
    """

    chunks: Sequence[bytes]
    pause: float = 0.0
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})

    def __post_init__(self) -> None:
        require("RawStream", "chunks", self.chunks, (list, tuple), "a list of bytes")
        for one in self.chunks:
            require("RawStream", "chunks", one, bytes, "a list with nothing but bytes")

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        yield Send(response_head(self.status, {**self.headers, "transfer-encoding": "chunked"}))
        for piece in self.chunks:
            if self.pause:
                yield Wait(self.pause)
            yield Send(chunk(piece))
        yield Send(b"0\r\n\r\n")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error response in the format of the request's protocol.

    Attributes:
        status: HTTP status.
        message: The provider's message.
        kind: The provider's type of error. Default None: the usual one for the status.
        code: The provider's error code.
        headers: Further headers, such as `retry-after`.
    """

    status: int
    message: str = "no"
    kind: str | None = None
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require("Refusal", "status", self.status, int, "an HTTP status such as 429")
        require("Refusal", "message", self.message, str, "a string")

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        body = dialect_for(request.path).error(self.status, self.message, self.kind, self.code)
        yield from Raw(
            json.dumps(body).encode(), self.status, {"content-type": "application/json", **self.headers}
        ).steps(request)


@dataclass(frozen=True, slots=True)
class CutReply:
    """Another reply that ends early.

    Attributes:
        reply: The reply.
        after: Number of writes of the reply, including the head, before it ends.
        end: What happens then. Default: the connection is reset.
    """

    reply: Reply
    after: int
    end: Step = field(default_factory=Reset)

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        sent = 0
        for step in self.reply.steps(request):
            if isinstance(step, Send):
                if sent == self.after:
                    break
                sent += 1
            yield step
        yield self.end


@dataclass(frozen=True, slots=True)
class MangledReply:
    """Another reply with changed bytes.

    Attributes:
        reply: The reply.
        change: Gets the bytes of every write and returns what is sent instead.
    """

    reply: Reply
    change: Callable[[bytes], bytes]

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        for step in self.reply.steps(request):
            yield Send(self.change(step.data)) if isinstance(step, Send) else step


@dataclass(frozen=True, slots=True)
class GzippedReply:
    """Another reply with a gzip-compressed body.

    Attributes:
        reply: The reply.
    """

    reply: Raw

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        headers = {**self.reply.headers, "content-encoding": "gzip"}
        packed = Raw(gzip.compress(self.reply.body), self.reply.status, headers)
        yield from packed.steps(request)


def reset_before_head() -> Reply:
    """Return a reply that resets the connection before the head of the response."""
    return CutReply(Raw(), 0, Reset())


def stall_before_head() -> Reply:
    """Return a reply that sends nothing and leaves the connection open."""
    return CutReply(Raw(), 0, Stall())


def hang_up_before_head() -> Reply:
    """Return a reply that closes the connection before the head of the response."""
    return CutReply(Raw(), 0, HangUp())


# Responses are resumed after the event with this number.
STARTING_AFTER = re.compile(r"[?&]starting_after=(\d{1,9})")

ACCEPTED = (
    "Pass Answer(text=...), Refusal(429), Raw(b'...'), RawStream([...]), DialectReply, CutReply, FakeBatches(), "
    "or an object with a method steps(request)"
)

NO_CHAT = re.compile(r"/(files|uploads|batches|vector_stores)(\?|$)")
OTHERS = "For files and batches pass FakeBatches(), for anything else Raw(b'...')"


@dataclass(frozen=True, slots=True)
class DialectReply:
    """An answer in the protocol of the request's path, streamed if the request says so.

    For operations other than chat, such as embeddings, the server generates sample results.

    Attributes:
        answer: The answer.
        pause: Seconds before each event of a stream. Default 0.
        headers: Further headers.
    """

    answer: Answer
    pause: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        if is_operation(request.path):
            yield from SampleOperations().steps(request)
            return
        dialect = dialect_for(request.path)
        if NO_CHAT.search(request.path):
            yield from Refusal(400, f"an Answer is no reply to {request.path}. {OTHERS}").steps(request)
        elif dialect.wants_stream(request):
            kind = {"content-type": dialect.stream_type, **self.headers}
            events = dialect.stream(self.answer, request.json)
            if after := STARTING_AFTER.search(request.path):
                events = events[int(after[1]) + 1 :]
            yield from RawStream(events, self.pause, headers=kind).steps(request)
        else:
            body = json.dumps(dialect.body(self.answer, request.json)).encode()
            yield from Raw(body, headers={"content-type": "application/json", **self.headers}).steps(request)


def to_reply(given: Reply | Answer) -> Reply:
    """Return what the server sends for this; an `Answer` inside another reply counts too.

    Raises:
        ConfigurationError: If it is not a reply.
    """
    if isinstance(given, Answer):
        return DialectReply(given)
    if isinstance(given, DialectReply):
        require("DialectReply", "answer", given.answer, Answer, "an Answer")
    elif isinstance(given, CutReply | MangledReply):
        return replace(given, reply=to_reply(given.reply))
    elif isinstance(given, GzippedReply):
        require("GzippedReply", "reply", given.reply, Raw, "a Raw")
    elif isinstance(given, type) or not callable(getattr(given, "steps", None)):
        raise ConfigurationError(f"FakeServer: {describe_value(given)} is not a reply{hint_for(given)}. {ACCEPTED}.")
    return given


def describe_value(given: object) -> str:
    shown = repr(given)
    return shown if len(shown) <= 60 else f"a value of type {type(given).__name__}"


def hint_for(given: object) -> str:
    """Return what was probably meant."""
    match given:
        case str():
            return "; for a text pass Answer(text=...)"
        case bytes() | dict():
            return "; for an exact body pass Raw(b'...')"
        case list() | tuple():
            return "; pass several replies one by one: FakeServer(*replies)"
        case type():
            return "; pass an instance, not the class"
        case BaseException():
            return "; for an error pass Refusal(status, message)"
    return ""
