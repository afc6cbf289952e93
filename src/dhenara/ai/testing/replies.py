"""Replies of a fake server and the steps that they consist of; faults are replies too, or wrap one."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..types.model_base import require_type as require
from .protocols import dialect_for


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Pause; ends early when the client closes the connection.

    Attributes:
        seconds: The length of the pause.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing more until the client or the server closes."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection."""


Step = Send | Wait | Stall | Reset | HangUp


REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests", 500: "Server Error"}


class ReceivedRequest(Protocol):
    """The request that is answered."""

    path: str

    @property
    def json(self) -> Any: ...


class Reply(Protocol):
    """Anything with the steps that answer a request."""

    def steps(self, request: ReceivedRequest, /) -> Iterable[Step]:
        """Return the steps that answer a request.

        Args:
            request: The request that the server received.

        Returns:
            What to send, and when to pause or to close.
        """
        ...


def response_head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@dataclass(frozen=True, slots=True)
class Raw:
    """Sends exactly this response.

    Attributes:
        body: The body.
        status: HTTP status. Default 200.
        headers: Headers; `content-length` is added. Default: the content type of JSON.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    def __post_init__(self) -> None:
        require("Raw", "body", self.body, bytes, "bytes")
        require("Raw", "status", self.status, int, "a number")

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        sized = {"content-length": str(len(self.body)), **self.headers}
        yield Send(response_head(self.status, sized) + self.body)


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
