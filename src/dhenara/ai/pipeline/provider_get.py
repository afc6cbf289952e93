"""Requests JSON documents from a provider with the same key, timeouts, retries and errors as calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..codecs.base import EncodedRequest
from ..dataclass import replace
from ..errors import CallError
from ..providers.target import ResolvedTarget
from ..response.builder import ResponseBuilder
from ..types.call import Call, CallJournal
from ..types.delta import Delta, StreamEnd
from ..wire.frame import Frame
from ..wire.io_protocol import IO
from .connect import connect, limited, read_error_response
from .deadline import Deadline
from .middleware import Send, stack_layers
from .response_reader import BufferedSource, ResponseReader
from .retry import Retry
from .stream import Stream
from .timeouts import TimeoutPolicy


class JsonDocumentReader:
    """Decoder that keeps the whole JSON document."""

    def __init__(self) -> None:
        self.document: Any = {}

    def whole(self, body: Any) -> Iterator[Delta]:
        self.document = body
        yield StreamEnd()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        return ()

    def finish(self) -> Iterable[Delta]:
        return ()


async def fetch(
    io: IO, target: ResolvedTarget, encoded: EncodedRequest, call: Call, journal: CallJournal | None = None
) -> Any:
    """Return the document, with the retries and timeouts of the call but a journal of its own."""
    reader = JsonDocumentReader()
    send = stack_layers([Deadline(io), Retry(io)], document_sender(io, target, encoded, reader))
    await (await send(replace(call, journal=journal or CallJournal()))).response()
    return reader.document


def document_sender(io: IO, target: ResolvedTarget, encoded: EncodedRequest, reader: JsonDocumentReader) -> Send:
    async def send(call: Call) -> Stream:
        response_reader = await open_document(io, target, encoded, call)
        stream = Stream(
            BufferedSource(response_reader, reader),
            ResponseBuilder(target.origin),
            discreet=response_reader.redactor.redact_error,
        )
        try:
            await stream.prime()
        except CallError:
            await stream.close()
            raise
        return stream

    return send


async def open_document(io: IO, target: ResolvedTarget, encoded: EncodedRequest, call: Call) -> ResponseReader:
    """Send the request and return a reader; raise if the status is an error."""
    timeout_policy = TimeoutPolicy(call.config.timeouts, call.deadline, io.monotonic)
    request = limited(target.request(encoded, call, io.time()), call, encoded.response_format)
    reader = await connect(io, target, request, timeout_policy)
    call.journal.set_head(reader.head)
    if reader.head.status >= 300:
        raise await read_error_response(target, reader)
    return reader
