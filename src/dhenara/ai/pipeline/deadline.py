"""Turns the `total` timeout into a deadline that all attempts of the call share."""

from __future__ import annotations

from ..dataclass import dataclass, replace
from ..types.call import Call
from ..wire.io_protocol import IO
from .middleware import Send
from .stream import Stream


@dataclass(frozen=True, slots=True)
class Deadline:
    """Middleware that sets the deadline; an earlier deadline stays."""

    io: IO

    async def __call__(self, call: Call, send: Send) -> Stream:
        total = call.config.timeouts.total
        if total is None:
            return await send(call)
        at = self.io.monotonic() + total
        return await send(replace(call, deadline=at if call.deadline is None else min(at, call.deadline)))
