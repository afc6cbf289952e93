"""Codecs for operations beside chat: one request, one document, two functions."""

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
    """Reads an answer that comes as one document; one that cannot be read may say why there is none."""

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
        raise ValueError("a stream came where one document was asked for")

    def finish(self) -> Iterable[Delta]:
        return ()


@dataclass(frozen=True, slots=True)
class OperationCodec(Generic[Q]):
    """`write` makes the request, `read` the deltas of the answer, `refuse` the error of a refusal."""

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
    """What this operation was asked for."""
    if not isinstance(call.request, kind):
        raise ConfigurationError(f"{call.operation!r} needs a {kind.__name__} as the request of its call")
    return call.request
