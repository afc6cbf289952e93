"""Base class of the codecs for operations other than chat: one request and one response."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Generic, TypeVar

from ..dataclass import dataclass
from ..errors import CallError, ConfigurationError
from ..types.call import Call
from ..types.delta import Delta, ErrorDelta, StreamEnd
from ..types.model_base import FrozenModel
from ..wire.frame import Frame, Frames
from ..wire.http import Head
from ..wire.sse import SseFrames
from .base import MALFORMED, EncodedRequest, Quirks
from .failure import parse_body
from .foreign import says_why as says_why

Q = TypeVar("Q", bound=Quirks)
V = TypeVar("V", bound=FrozenModel)


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Reads a response that is a single document; if it is unreadable, looks for an error message in it."""

    read: Callable[[Any], Iterable[Delta]]
    refuse: Callable[[Head, Any], CallError] | None = None

    def whole(self, body: Any) -> Iterable[Delta]:
        try:
            data = list(self.read(body))
        except MALFORMED:
            if self.refuse is None or not says_why(body):
                raise
            yield ErrorDelta(self.refuse(Head(0), body))
            return
        yield from data
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        raise ValueError("expected one document, got a stream")

    def finish(self) -> Iterable[Delta]:
        return ()


@dataclass(frozen=True, slots=True)
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
