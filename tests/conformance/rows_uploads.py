"""Uploads that the peer ends early: its response is read, before and after the body has gone out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dhenara.ai.errors import BadRequestError, ConnectionFailedError

from .peers import PeerConnection, half_close, hang_up, read_head_only, read_no_more, reset, send, serving
from .probe import Probe
from .row import Row, row, sized

BODY = b'{"error": {"message": "too large", "type": "request_too_large"}}'
TOO_LARGE = sized(BODY, "content-type: application/json", status=413)
CLOSED = sized(BODY, "content-type: application/json", "connection: close", status=413)
LARGE = b"x" * 8_000_000
OK = sized(b"ok")


def linger(connection: PeerConnection) -> bool:
    """What nginx does: it answers, ends its own side, and reads on for a while."""
    half_close(connection)
    connection.wait_left()
    return False


class Growing:
    """A body in pieces that counts what was taken of it."""

    size = 8_000_000

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(800):
            self.taken += 10_000
            yield b"x" * 10_000


@row("an early refusal with a lingering close", [read_head_only, send(CLOSED), linger], serving(OK))
async def lingering(probe: Probe) -> None:
    answered = await probe.exchange(body=LARGE)
    assert (answered.status, answered.body) == (413, BODY)
    assert (await probe.exchange()).body == b"ok"


@row("an early refusal of a body in pieces", [read_head_only, send(CLOSED), linger], serving(OK))
async def lingering_pieces(probe: Probe) -> None:
    answered = await probe.exchange(body=Growing())
    assert (answered.status, answered.body) == (413, BODY)
    assert (await probe.exchange()).body == b"ok"


@row(
    "an early refusal of a peer that reads no more",
    [read_head_only, send(CLOSED), read_no_more],
    peer={"small_buffers": True},
)
async def unread_body(probe: Probe) -> None:
    answered = await probe.exchange(body=b"x" * 30_000_000, limits=probe.limits(first_token=4.0))
    assert (answered.status, answered.body) == (413, BODY)


@row("an early refusal, to a caller of the client", [read_head_only, send(CLOSED), linger])
async def refused_call(probe: Probe) -> None:
    failed = await probe.call_failure(probe.client(), prompt="x" * 8_000_000)
    assert isinstance(failed, BadRequestError)
    assert (failed.status, "too large" in str(failed)) == (413, True)


@row(
    "an early answer does not leave the rest of the body on the connection",
    [read_head_only, send(TOO_LARGE), linger],
    serving(OK),
)
async def not_reused(probe: Probe) -> None:
    assert (await probe.exchange(body=LARGE)).status == 413
    assert (await probe.exchange()).body == b"ok"
    assert probe.peer.connections == 2


@row("a peer that hangs up in the middle of an upload", [read_head_only, hang_up])
async def hung_up(probe: Probe) -> None:
    await probe.failure(body=LARGE)


@row("a peer that resets in the middle of an upload", [read_head_only, reset])
async def was_reset(probe: Probe) -> None:
    failed = await probe.call_failure(probe.client(), prompt="x" * 8_000_000)
    assert isinstance(failed, ConnectionFailedError)


class Failing:
    """A body whose file cannot be read to its end."""

    size = 100_000

    def __iter__(self) -> Iterator[bytes]:
        yield b"x" * 10_000
        raise LookupError("the file is gone")


@row("a body that fails half-way ends the connection and tells why", [read_head_only], serving(OK))
async def failing_body(probe: Probe) -> None:
    with pytest.raises(LookupError, match="the file is gone"):
        await probe.exchange(body=Failing())
    assert (await probe.exchange()).body == b"ok"
    assert probe.peer.connections == 2


@row("a request that is refused leaves the pool usable", serving(OK))
async def usable_after_refusal(probe: Probe) -> None:
    assert (await probe.exchange(body=LARGE)).body == b"ok"
    assert (await probe.exchange(body=Growing())).body == b"ok"
    assert probe.peer.connections == 1


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
