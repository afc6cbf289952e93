"""Fetching: a document of the provider's, on the road that calls take: same key, patience, retries and errors."""

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
    """A JSON document, read like any other answer."""

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
    """The document, tried for as often and as long as the call's settings say. The call's journal stays its own."""
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
    """The response, once its head is here and no refusal."""
    timeout_policy = TimeoutPolicy(call.config.timeouts, call.deadline, io.monotonic)
    request = limited(target.request(encoded, call, io.time()), call, encoded.response_format)
    reader = await connect(io, target, request, timeout_policy)
    call.journal.set_head(reader.head)
    if reader.head.status >= 300:
        raise await read_error_response(target, reader)
    return reader
