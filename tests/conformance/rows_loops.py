"""Event loops: one client in several of them, after each other and side by side; loops that end early."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

from dhenara.ai import AIModelClient
from support.worlds import endpoint

from .peers import PATIENT_TIMEOUT, read, send, serving, stall
from .probe import Probe
from .row import ASYNC, Row, head, row, sized

CHAT = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"Hello!"},"finish_reason":"stop"}]}'
ANSWER = sized(CHAT, "content-type: application/json")
EVENTS = head(200, "content-type: text/event-stream", "transfer-encoding: chunked")
DELTA = b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
BEGUN = EVENTS + b"%x\r\n%s\r\n" % (len(DELTA), DELTA)


def run_loop(world: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """A loop of its own, in a thread of its own."""
    actual: list[Any] = []

    def target() -> None:
        match world:
            case "asyncio":
                actual.append(asyncio.run(work()))
            case "uvloop":
                import uvloop

                actual.append(uvloop.run(work()))
            case "trio":
                import trio

                actual.append(trio.run(work))

    thread = threading.Thread(target=target)
    thread.start()
    thread.join(PATIENT_TIMEOUT)
    assert actual, "the loop did not end"
    return actual[0]


async def in_a_thread(function: Callable[[], Any]) -> Any:
    import anyio.to_thread

    return await anyio.to_thread.run_sync(function)


def made(probe: Probe) -> AIModelClient:
    return AIModelClient(endpoint(probe.peer.url), transport=probe.name)  # type: ignore[arg-type]


@row("one client in three loops after each other", serving(ANSWER), worlds=ASYNC)
async def after_each_other(probe: Probe) -> None:
    client = made(probe)

    async def call() -> str:
        return (await client.generate_async("?", retries=0)).chat_response.text()  # type: ignore[union-attr]

    for _ in range(3):
        assert await in_a_thread(lambda: run_loop(probe.world, call)) == "Hello!"
    assert probe.peer.connections == 3
    await probe.until(lambda: probe.peer.open_connections == 0, "each loop took its connections with it")


@row("one client in two loops at once", serving(ANSWER), worlds=ASYNC)
async def side_by_side(probe: Probe) -> None:
    client, meeting = made(probe), threading.Barrier(2, timeout=PATIENT_TIMEOUT)

    async def call() -> int:
        await client.generate_async("?", retries=0)
        meeting.wait()
        for _ in range(5):
            await client.generate_async("?", retries=0)
        return 1

    actual: list[int] = []
    threads = [threading.Thread(target=lambda: actual.append(run_loop(probe.world, call))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await in_a_thread(lambda thread=thread: thread.join(PATIENT_TIMEOUT))
    assert actual == [1, 1]
    assert probe.peer.connections == 2


@row("a loop that ends in the middle of a stream leaves no warning", [read, send(BEGUN), stall], worlds=ASYNC)
async def ended_in_stream(probe: Probe) -> None:
    client = made(probe)

    async def begin() -> Any:
        response = await client.generate_async("?", streaming=True)
        stream = response.async_stream_generator
        await anext(aiter(stream))
        return [response, stream]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        left_over = await in_a_thread(lambda: run_loop(probe.world, begin))
        left_over.clear()
        gc.collect()
    assert [str(one.message) for one in caught] == []
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


@row("a loop that is closed by hand is not kept alive", serving(ANSWER), worlds=("asyncio", "uvloop"))
async def closed_by_hand(probe: Probe) -> None:
    client = made(probe)

    def by_hand() -> weakref.ref[Any]:
        loop = new_loop(probe.world)
        loop.run_until_complete(client.generate_async("?", retries=0))
        loop.close()
        return weakref.ref(loop)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        actual = await in_a_thread(by_hand)
        await in_a_thread(gc.collect)
        assert actual() is None


def new_loop(world: str) -> Any:
    if world == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


@row("sync calls inside of a running loop", serving(ANSWER), worlds=("asyncio", "uvloop", "trio"))
async def sync_inside(probe: Probe) -> None:
    """Over the transports that can."""
    if probe.name == "aiohttp":
        return
    client = made(probe)
    assert client.generate("?", retries=0).chat_response is not None
    await probe.generate(client)
    await client.aclose()


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
