"""Bounds: nothing that a peer sends makes a call grow without end, and what is too large is a typed error.

The peers send until the client hangs up, so a row without a bound ends by `total`; the rows tell the two apart.
"""

from __future__ import annotations

import zlib
from typing import Any

from dhenara.ai.errors import CallTimeoutError
from dhenara.ai.http.protocol.message import ReadTimeout
from dhenara.ai.wire.limits import LimitExceeded

from .peers import Action, flood, read, send
from .probe import Probe
from .row import Row, head, row

LONG = 30.0
MEGABYTE = b"x" * 1_000_000
JSON = "content-type: application/json"
EVENTS = "content-type: text/event-stream"


def bomb(size: int) -> bytes:
    """So many megabytes of spaces as one gzip member without its trailer."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * 1_000_000) for _ in range(size)) + packer.flush(zlib.Z_SYNC_FLUSH)


BOMB = bomb(16)


def bound_row(name: str, *script: Action, streaming: bool = False) -> Row:
    """A call that ends with an error long before its time is over, and hangs up."""

    async def check(probe: Probe) -> None:
        failed = await ended(probe, streaming)
        assert not isinstance(failed, CallTimeoutError)
        await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")

    return Row(name, [script], check)


async def ended(probe: Probe, streaming: bool) -> Any:
    if not streaming:
        return await probe.call_failure(probe.client(), timeout=LONG)
    try:
        async for chunk, final in probe.stream(probe.client(), timeout=LONG):
            if chunk is None:
                assert final is None or final.chat_response.interrupted
    except Exception as error:  # noqa: BLE001 - any error of the call; the row looks at its kind
        return error
    return None


async def refused(probe: Probe) -> None:
    failed = await probe.failure(limits=probe.limits(total=LONG))
    assert not isinstance(failed, ReadTimeout)


@row("a head without end is refused", [read, send(b"HTTP/1.1 200 OK\r\n"), flood(b"x-a: " + b"a" * 1000 + b"\r\n")])
async def endless_head(probe: Probe) -> None:
    await refused(probe)


@row("a header without end is refused", [read, send(b"HTTP/1.1 200 OK\r\nx-a: "), flood(b"a" * 1000)])
async def endless_header(probe: Probe) -> None:
    await refused(probe)


@row(
    "a chunk extension without end is refused",
    [read, send(head(200, "transfer-encoding: chunked") + b"2;"), flood(b"x=1;" * 250)],
)
async def endless_extension(probe: Probe) -> None:
    await refused(probe)


@row(
    "trailers without end are refused",
    [read, send(head(200, "transfer-encoding: chunked") + b"0\r\n"), flood(b"x-a: 1\r\n" * 200)],
)
async def endless_trailers(probe: Probe) -> None:
    await refused(probe)


@row("interim responses without end are refused", [read, flood(head(103, "link: <a>") * 20)])
async def endless_interim_responses(probe: Probe) -> None:
    failed = await probe.failure(limits=probe.limits(total=LONG))
    assert isinstance(failed, LimitExceeded)
    assert failed.limit == "interim_responses"


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
ROWS += [
    bound_row("an error body without end is cut", read, send(head(500, JSON)), flood(MEGABYTE)),
    bound_row(
        "an error body that unpacks without end is cut",
        read,
        send(head(500, JSON, "content-encoding: gzip")),
        flood(BOMB),
    ),
    bound_row("a redirect's body without end is cut", read, send(head(302, "location: /x")), flood(MEGABYTE)),
]
