"""Answers of a fake provider, the steps that send them, and the interface of the protocols that write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..types.model_base import require_type as require


@dataclass(frozen=True, slots=True)
class FakeToolCall:
    """A tool call in a response.

    Attributes:
        name: Name of the tool.
        arguments: Its arguments.
        id: Id of the call. Default `"call_1"`.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: str = "call_1"

    def __post_init__(self) -> None:
        require("FakeToolCall", "name", self.name, str, "the name of a tool")
        require("FakeToolCall", "arguments", self.arguments, dict, "a dict")


@dataclass(frozen=True, slots=True)
class FakeUsage:
    """Token counts of a response.

    Attributes:
        input: Prompt tokens that were neither read from nor written to a cache. Default 11.
        output: Output tokens, including reasoning. Default 7.
        cache_read: Prompt tokens read from the provider's cache. Default 0.
        cache_write: Prompt tokens written to it. Default 0.
        reasoning: Reasoning tokens. Default 0.
    """

    input: int = 11
    output: int = 7
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0

    @property
    def prompt(self) -> int:
        """All prompt tokens."""
        return self.input + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. The protocol of the request decides how it is written, as a body or a stream.

    Attributes:
        text: Text of the answer.
        reasoning: Reasoning text.
        signature: Signature of the reasoning, where the protocol has one.
        tool_calls: Tool calls.
        refusal: Text of a refusal.
        finish: The provider's finish reason. Default None: the usual one.
        usage: Token counts.
        id: Id of the response.
        model: Model that answers. Default None: the requested one.
        choices: Texts of further choices, for requests with n > 1.

    Raises:
        ConfigurationError: If a field has another type.
    """

    text: str = ""
    reasoning: str = ""
    signature: str | None = None
    tool_calls: tuple[FakeToolCall, ...] = ()
    refusal: str | None = None
    finish: str | None = None
    usage: FakeUsage = FakeUsage()
    id: str = "answer-1"
    model: str | None = None
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("text", "reasoning"):
            require("Answer", name, getattr(self, name), str, "a string; to answer with JSON pass json.dumps(...)")
        require("Answer", "usage", self.usage, FakeUsage, "a FakeUsage")
        for name, kind in (("tool_calls", FakeToolCall), ("choices", str)):
            given = getattr(self, name)
            require("Answer", name, given, (tuple, list), f"a tuple of {kind.__name__}")
            for one in given:
                require("Answer", name, one, kind, f"a tuple with nothing but {kind.__name__}")
            object.__setattr__(self, name, tuple(given))

    @property
    def pieces(self) -> list[str]:
        """The text in the pieces in which it is streamed."""
        return split_pieces(self.text)


def split_pieces(text: str, size: int = 6) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


class Dialect(Protocol):
    """Writes bodies, streams and errors as the vendor does."""

    stream_type: str

    def wants_stream(self, request: Any) -> bool: ...

    def body(self, answer: Answer, request: Any) -> Any: ...

    def stream(self, answer: Answer, request: Any) -> Sequence[bytes]: ...

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any: ...


def pairing_violations(made: Iterable[str], answered: Iterable[str], *, over: bool) -> Iterator[str]:
    """Yield the errors between a turn's calls and the results after it; `over` if nothing follows."""
    calls, results = list(made), list(answered)
    if not all(calls):
        yield "a tool call has no id"
    if len(set(calls)) < len(calls):
        yield "two tool calls have the same id"
    if len(set(results)) < len(results):
        yield "a tool call was answered twice"
    for result in results:
        if result not in calls:
            yield f"the tool result {result!r} has no tool call in the turn before it"
    if not over:
        for call in calls:
            if call not in results:
                yield f"the tool call {call!r} has no result in the turn after it"


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
