"""Leaving early: cancelled calls, closed clients and forgotten streams hang up, and nobody waits for them."""

from __future__ import annotations

import asyncio
import gc
import time

import anyio
import pytest

from dhenara.ai.types import Timeouts

from .peers import PATIENT_TIMEOUT, read, read_head_only, send, serving, stall
from .probe import LONGEST_ROW, Probe
from .row import ALL, ASYNC, Row, head, row, sized

OK = sized(b"ok")
CHAT = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"Hello!"},"finish_reason":"stop"}]}'
ANSWER = sized(CHAT, "content-type: application/json")
EVENTS = head(200, "content-type: text/event-stream", "transfer-encoding: chunked")
DELTA = b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
BEGUN = EVENTS + b"%x\r\n%s\r\n" % (len(DELTA), DELTA)
LONG = Timeouts(connect=600, first_token=600, idle=600)


async def cancelled(probe: Probe, when: object, **options: object) -> None:
    """Starts a call, and cancels it once the peer has got so far."""
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: probe.exchange(**options))  # type: ignore[arg-type]
        await probe.until(when, "the call is on its way")  # type: ignore[arg-type]
        group.cancel_scope.cancel()
    await probe.until(lambda: probe.peer.open_connections == 0, "the connection is closed")


@row("cancelled while it waits for the head", [read, stall], serving(OK), worlds=ASYNC)
async def in_head(probe: Probe) -> None:
    await cancelled(probe, probe.peer.request_seen.is_set)
    assert (await probe.exchange()).body == b"ok"


@row(
    "cancelled while it reads the body",
    [read, send(head(200, "content-length: 99") + b"half"), stall],
    serving(OK),
    worlds=ASYNC,
)
async def in_body(probe: Probe) -> None:
    await cancelled(probe, probe.peer.request_seen.is_set)
    assert (await probe.exchange()).body == b"ok"


@row(
    "cancelled while it sends",
    [read_head_only, lambda c: c.peer.event("go").wait(PATIENT_TIMEOUT), stall],
    serving(OK),
    worlds=ASYNC,
    peer={"small_buffers": True},
)
async def in_upload(probe: Probe) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: probe.exchange(body=b"x" * 20_000_000))
        await probe.until(probe.peer.request_seen.is_set, "the call is on its way")
        group.cancel_scope.cancel()
    probe.peer.event("go").set()
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")
    assert (await probe.exchange()).body == b"ok"


@row("cancelled in the TLS handshake", [stall], worlds=ASYNC)
async def in_handshake(probe: Probe) -> None:
    await cancelled(probe, lambda: probe.peer.connections == 1, url=probe.peer.url.replace("http:", "https:"))


@row("two hundred calls cancelled while they connect leave nothing open", serving(OK), worlds=ASYNC)
async def in_connecting(probe: Probe) -> None:
    """The scopes end after none, one, two, ... steps of the loop, so some of them in the middle of connecting."""
    for steps in range(200):
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: probe.exchange(url=f"http://localhost:{probe.peer.port}/"))
            for _ in range(steps % 20):
                await anyio.sleep(0)
            group.cancel_scope.cancel()
    await probe.transport.close()
    await probe.until(lambda: probe.peer.open_connections == 0, "every connection is closed")


@row("fifty calls cancelled at once leave nothing open", [read, stall], worlds=ASYNC)
async def fifty_at_once(probe: Probe) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(probe.exchange)
        await probe.until(lambda: len(probe.peer.received) == 50, "all are on their way")
        group.cancel_scope.cancel()
    await probe.until(lambda: probe.peer.open_connections == 0, "every connection is closed")


@row("a limit of the caller's own ends the call with its own error", [read, stall], worlds=ASYNC)
async def own_limit(probe: Probe) -> None:
    with pytest.raises(TimeoutError), anyio.fail_after(0.05):
        await probe.exchange()


@row("a limit of asyncio ends the call with its own error", [read, stall], worlds=("asyncio", "uvloop"))
async def asyncio_limit(probe: Probe) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await probe.exchange()


@row("a cancelled call is cancelled and not an error", [read, stall], worlds=("asyncio", "uvloop"))
async def task_cancelled(probe: Probe) -> None:
    task = asyncio.create_task(probe.generate(probe.client()))
    await probe.until(probe.peer.request_seen.is_set, "the call is on its way")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@row("closing while calls are on their way closes their connections", [read, stall], worlds=ASYNC)
async def closed_under_calls(probe: Probe) -> None:
    async def call() -> None:
        try:
            await probe.exchange(limits=probe.limits(first_token=600.0))
        except Exception:  # noqa: BLE001, S110 - how such a call ends is not looked at here
            pass

    with anyio.move_on_after(LONGEST_ROW / 2):
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(call)
            await probe.until(lambda: len(probe.peer.received) == 10, "all are on their way")
            await probe.transport.close()
            await probe.until(lambda: probe.peer.open_connections == 0, "every connection is closed")
            group.cancel_scope.cancel()


@row("closing while calls connect leaves nothing open", serving(OK), worlds=ASYNC)
async def closed_under_connecting(probe: Probe) -> None:
    async def call() -> None:
        try:
            await probe.exchange()
        except Exception:  # noqa: BLE001, S110 - how such a call ends is not looked at here
            pass

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(call)
        await anyio.sleep(0)
        await probe.transport.close()
    await probe.transport.close()
    await probe.until(lambda: probe.peer.open_connections == 0, "every connection is closed")


@row("closing a stream from another task wakes its reader", [read, send(BEGUN), stall], worlds=ASYNC)
async def closed_by_another_task(probe: Probe) -> None:
    response = await probe.open(limits=probe.limits(idle=600.0, first_token=600.0))
    assert await response.read()
    began = time.monotonic()

    async def reader() -> None:
        try:
            while await response.read():
                pass
        except Exception:  # noqa: BLE001, S110 - an error or an end, both wake it
            pass

    async with anyio.create_task_group() as group:
        group.start_soon(reader)
        await anyio.sleep(0.02)
        await response.close()
    assert time.monotonic() - began < LONGEST_ROW / 2
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row("leaving a stream early hangs up", [read, send(BEGUN), stall], worlds=ALL)
async def left_early(probe: Probe) -> None:
    response = await probe.generate(probe.client(), streaming=True, timeout=LONG)
    if probe.is_async:
        async for _ in response.async_stream_generator:
            break
        await response.async_stream_generator.aclose()
    else:
        for _ in response.stream_generator:
            break
        response.stream_generator.close()
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row("a stream that is forgotten hangs up", [read, send(BEGUN), stall], worlds=ALL)
async def forgotten(probe: Probe) -> None:
    response = await probe.generate(probe.client(), streaming=True, timeout=LONG)
    if probe.is_async:
        await anext(aiter(response.async_stream_generator))
    else:
        next(iter(response.stream_generator))
    del response
    gc.collect()
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row("a client that is closed in the middle of a stream hangs up", [read, send(BEGUN), stall], worlds=ASYNC)
async def client_closed_in_stream(probe: Probe) -> None:
    client = probe.client()
    response = await probe.generate(client, streaming=True, timeout=LONG)
    await anext(aiter(response.async_stream_generator))
    await client.aclose()
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")
    await response.async_stream_generator.aclose()


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
