"""Limits: each holds at its step, whatever the peer sends meanwhile, and whether or not bytes are waiting."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from dhenara.ai.errors import CallTimeoutError
from dhenara.ai.http.protocol.message import ReadTimeout
from dhenara.ai.types import Timeouts

from .peers import Action, drip, flood, pause, read, read_head_only, read_no_more, send, serving, stall
from .probe import LONGEST_ROW, Probe
from .row import ALL, Row, head, row, sized

SOON = 0.08
EVENTS = head(200, "content-type: text/event-stream", "transfer-encoding: chunked")
DELTA = b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
FRAMED = b"%x\r\n%s\r\n" % (len(DELTA), DELTA)
PING = b"8\r\n: ping\n\n\r\n"


def limit_row(name: str, limit: str, *script: Action, worlds: tuple[str, ...] = ALL, **timeouts: float) -> Row:
    """A streamed call that ends by this limit; `total` counts whole seconds in many pieces."""

    async def check(probe: Probe) -> None:
        with pytest.raises(CallTimeoutError) as failed:
            async for _ in probe.stream(probe.client(), timeout=Timeouts(**timeouts)):
                pass
        assert failed.value.limit == limit

    return Row(name, [script], check, worlds)


def broken_row(name: str, limit: str, *script: Action, **timeouts: float) -> Row:
    """A streamed call whose answer has begun: the reader gets the words, and then why they end."""

    async def attempt(probe: Probe, times: int) -> tuple[int, str]:
        """Words and problem of a call whose limits are so many times as long."""
        words, problem = 0, ""
        longer = Timeouts(**{name: times * seconds for name, seconds in timeouts.items()})
        try:
            async for chunk, _ in probe.stream(probe.client(), timeout=longer):
                if chunk is not None and "Error" in type(chunk).__name__:
                    problem = str(chunk.data.message)
                else:
                    words += chunk is not None
        except CallTimeoutError:
            pass  # before the answer had begun
        return words, problem

    async def check(probe: Probe) -> None:
        for times in (1, 10, 100):  # a busy machine may need longer for the first words
            words, problem = await attempt(probe, times)
            if words:
                break
        assert words
        assert limit in problem
        await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")

    return Row(name, [script], check)


async def timed_out(probe: Probe, *, connecting: bool = False, **options: Any) -> None:
    failed = await probe.failure(**options)
    assert isinstance(failed, ReadTimeout), failed
    # On a busy machine a total limit may pass while the connection is still being made.
    assert failed.connecting or not connecting


@row("no head within first_token", [read, stall])
async def no_head(probe: Probe) -> None:
    await timed_out(probe, limits=probe.limits(first_token=SOON))
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row("no head within total", [read, stall])
async def no_head_in_total(probe: Probe) -> None:
    await timed_out(probe, limits=probe.limits(total=SOON))


@row("a head that arrives bit by bit does not stretch first_token", [read, drip(b"HTTP/1.1 200 OK\r\n" * 100, 1, 0.02)])
async def dripping_head(probe: Probe) -> None:
    await timed_out(probe, limits=probe.limits(first_token=SOON))


@row("a head that begins and then drips", [read, send(b"HTTP/1.1 200 OK\r\n"), flood(b"x-a: 1\r\n", 0.01)])
async def dripping_headers(probe: Probe) -> None:
    await timed_out(probe, limits=probe.limits(first_token=SOON))


@row("interim responses without end do not stretch first_token", [read, flood(head(100), 0.005)])
async def interim_flood(probe: Probe) -> None:
    await probe.failure(limits=probe.limits(first_token=SOON))
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row("interim responses as fast as they can be sent do not stretch total", [read, flood(head(103, "link: <a>") * 50)])
async def fast_interim_flood(probe: Probe) -> None:
    began = time.monotonic()
    await probe.failure(limits=probe.limits(total=0.2))
    assert time.monotonic() - began < LONGEST_ROW / 2


@row("a body that stalls ends by idle", [read, send(head(200, "content-length: 100") + b"half"), stall])
async def stalled_body(probe: Probe) -> None:
    limits = probe.limits(idle=SOON)
    response = await probe.open(limits=limits)
    limits.mark_started()
    assert await response.read() == b"half"
    try:
        await response.read()
    except ReadTimeout:
        await response.close()
    else:
        raise AssertionError("no limit")
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row("a body that drips ends by total", [read, send(head(200, "content-length: 10000")), flood(b"x", 0.005)])
async def dripping_body(probe: Probe) -> None:
    await timed_out(probe, limits=probe.limits(total=0.15))


@row("a fast body and a slow reader end by total", [read, send(head(200)), flood(b"x" * 65_536)])
async def slow_reader(probe: Probe) -> None:
    limits = probe.limits(total=0.3)
    try:
        response = await probe.open(limits=limits)
    except ReadTimeout:
        return  # on a busy machine, before the body had begun
    began = time.monotonic()
    try:
        while time.monotonic() - began < LONGEST_ROW / 2:
            assert await response.read()
            await probe.pause(0.01)
        raise AssertionError("total did not hold while bytes were waiting")
    except ReadTimeout:
        await response.close()


@row(
    "trailers without end do not stretch total",
    [read, send(head(200, "transfer-encoding: chunked") + b"2\r\nok\r\n0\r\n"), flood(b"x-a: 1\r\n", 0.005)],
)
async def trailer_flood(probe: Probe) -> None:
    await probe.failure(limits=probe.limits(total=0.15))


@row(
    "a chunk extension without end does not stretch total",
    [read, send(head(200, "transfer-encoding: chunked") + b"2;"), flood(b"x=1;", 0.005)],
)
async def extension_flood(probe: Probe) -> None:
    await probe.failure(limits=probe.limits(total=0.15))


@row(
    "a request that the peer does not read ends by total",
    [read_head_only, read_no_more],
    peer={"small_buffers": True},
)
async def unread_request(probe: Probe) -> None:
    await timed_out(probe, body=b"x" * 30_000_000, limits=probe.limits(total=0.3))


@row("a place that takes no connection ends by connect", serving(sized(b"ok")))
async def no_connection(probe: Probe) -> None:
    full = socket.socket()
    waiting = [socket.socket() for _ in range(8)]
    try:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        await timed_out(probe, connecting=True, url=url, limits=probe.limits(connect=SOON))
    finally:
        for one in (full, *waiting):
            one.close()


@row("a TLS handshake that stalls ends by connect", [stall])
async def stalled_handshake(probe: Probe) -> None:
    url = probe.peer.url.replace("http:", "https:")
    await timed_out(probe, connecting=True, url=url, limits=probe.limits(connect=SOON))
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row("one connection keeps to the limits of each of its requests", [read, send(sized(b"ok")), read, stall])
async def limits_of_each_request(probe: Probe) -> None:
    await probe.exchange(limits=probe.limits())
    await timed_out(probe, limits=probe.limits(first_token=SOON))


@row(
    "a later request may have more time than the one before",
    [read, send(sized(b"ok")), read, pause(0.15), send(sized(b"ok")), stall],
)
async def more_time(probe: Probe) -> None:
    assert (await probe.exchange(limits=probe.limits(total=LONGEST_ROW))).body == b"ok"
    limits = probe.limits(total=None)
    assert (await probe.exchange(limits=limits)).body == b"ok"


@row(
    "retries end at total",
    [read, send(sized(b"{}", "content-type: application/json", "retry-after: 60", status=503)), stall],
)
async def retries_in_total(probe: Probe) -> None:
    began = time.monotonic()
    await probe.call_failure(probe.client(), retries=5, timeout=50)
    assert time.monotonic() - began < LONGEST_ROW
    assert len(probe.peer.received) == 1


@row(
    "JSON that drips ends by total",
    [read, send(head(200, "content-type: application/json", "content-length: 100000")), flood(b" ", 0.005)],
)
async def dripping_json(probe: Probe) -> None:
    failed = await probe.call_failure(probe.client(), timeout=0.2)
    assert isinstance(failed, CallTimeoutError)
    assert failed.limit == "total"


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
ROWS += [
    limit_row(
        "a stream without its first event ends by first_token",
        "first_token",
        read,
        send(EVENTS),
        stall,
        first_token=SOON,
    ),
    limit_row(
        "pings do not stretch first_token", "first_token", read, send(EVENTS), flood(PING, 0.01), first_token=SOON
    ),
    limit_row("pings do not stretch total", "total", read, send(EVENTS), flood(PING, 0.01), total=0.15),
    broken_row(
        "a stream that stalls after its first words ends by idle",
        "paused",
        read,
        send(EVENTS + FRAMED),
        stall,
        idle=SOON,
    ),
    broken_row("words that drip end by total", "whole call", read, send(EVENTS), flood(FRAMED, 0.01), total=0.3),
    broken_row("a flood of words ends by total", "whole call", read, send(EVENTS), flood(FRAMED * 20), total=0.3),
    broken_row(
        "pings after the first words do not stretch total",
        "whole call",
        read,
        send(EVENTS + FRAMED),
        flood(PING, 0.01),
        total=0.3,
    ),
]
