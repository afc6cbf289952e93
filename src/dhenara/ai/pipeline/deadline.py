"""The deadline: when the whole call must be over, set once for all its attempts."""

from __future__ import annotations

from ..dataclass import dataclass, replace
from ..types.call import Call
from ..wire.io_protocol import IO
from .middleware import Send
from .stream import Stream


@dataclass(frozen=True, slots=True)
class Deadline:
    """Turns the total timeout into a point in time; an earlier one that is already set stays."""

    io: IO

    async def __call__(self, call: Call, send: Send) -> Stream:
        total = call.config.timeouts.total
        if total is None:
            return await send(call)
        at = self.io.monotonic() + total
        return await send(replace(call, deadline=at if call.deadline is None else min(at, call.deadline)))
