"""Fetching: a document of the provider's, on the road that calls take: same key, patience, retries and errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..answer.fold import Draft
from ..codecs.base import Outgoing
from ..dataclass import replace
from ..errors import CallError
from ..providers.target import Target
from ..types.call import Call, Journal
from ..types.delta import Delta, Terminal
from ..wire.frame import Frame
from ..wire.io import IO
from .connecting import connect, limited, refusal
from .deadline import Deadline
from .layer import Send, stack
from .patience import Patience
from .retry import Retry
from .sources import Line, Whole
from .stream import Stream


class DocumentReader:
    """A JSON document, read like any other answer."""

    def __init__(self) -> None:
        self.document: Any = {}

    def whole(self, body: Any) -> Iterator[Delta]:
        self.document = body
        yield Terminal()

    def frame(self, frame: Frame) -> Iterable[Delta]:
        return ()

    def finish(self) -> Iterable[Delta]:
        return ()


async def fetch(io: IO, target: Target, outgoing: Outgoing, call: Call) -> Any:
    """The document, tried for as often and as long as the call's settings say. The call's journal stays its own."""
    reader = DocumentReader()
    send = stack([Deadline(io), Retry(io)], asking(io, target, outgoing, reader))
    await (await send(replace(call, journal=Journal()))).response()
    return reader.document


def asking(io: IO, target: Target, outgoing: Outgoing, reader: DocumentReader) -> Send:
    async def send(call: Call) -> Stream:
        line = await opened(io, target, outgoing, call)
        stream = Stream(Whole(line, reader), Draft(target.origin), discreet=line.discretion.error)
        try:
            await stream.prime()
        except CallError:
            await stream.close()
            raise
        return stream

    return send


async def opened(io: IO, target: Target, outgoing: Outgoing, call: Call) -> Line:
    """The response, once its head is here and no refusal."""
    patience = Patience(call.config.timeouts, call.deadline, io.now)
    request = limited(target.request(outgoing, call, io.wall()), call, outgoing.reading)
    line = await connect(io, target, request, patience)
    call.journal.heard(line.head)
    if line.head.status >= 300:
        raise await refusal(target, line)
    return line
