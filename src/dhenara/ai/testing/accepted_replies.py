"""What a fake server sends for what it is given, and what it refuses at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..errors import ConfigurationError
from ..types.model_base import require_type as require
from .answer import Answer
from .protocols import dialect_for
from .replies import CutReply, GzippedReply, MangledReply, Raw, RawStream, ReceivedRequest, Refusal, Reply, Step
from .sample_operations import SampleOperations, is_operation

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
