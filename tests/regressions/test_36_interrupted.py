"""Calls that were cut off are counted as interrupted: neither as failed nor as answered."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from ai_utilities.usage import MemoryLedger, RedisLedger, SQLiteLedger, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeUsage, HangUp, Stall, stall_before_head
from dhenara.ai.testing.answer import ReceivedRequest, Send
from support.waiting import wait_until
from support.worlds import World, endpoint

HELLO = Answer(text="Hello, you there!", usage=FakeUsage(100, 50))


class HalfBody:
    """A whole answer whose connection ends in the middle of its body."""

    def steps(self, requested: ReceivedRequest) -> Iterator[Any]:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
        yield Send(head + b'{"id": ')
        yield HangUp()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    makers: dict[str, Callable[[], Any]] = {
        "memory": MemoryLedger,
        "sqlite": lambda: SQLiteLedger(tmp_path / "usage.db"),
        "redis": lambda: RedisLedger(request.getfixturevalue("redis_url")),
    }
    opened = makers[request.param]()
    yield opened
    opened.close()


def check(ledger: Any, count: int = 1) -> None:
    total = ledger.total()
    assert (total.requests, total.failed, total.interrupted, total.open) == (count, 0, count, 0)
    assert sum(one.interrupted for one in ledger.totals("model").values()) == count


def test_a_stream_that_is_closed_early(server: FakeServer, ledger: Any) -> None:
    server.add_replies(CutReply(DialectReply(HELLO), 4, Stall()))
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)]) as client:
        stream = client.generate("?", streaming=True).stream_generator
        next(stream)
        stream.close()
    check(ledger)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_stream_that_breaks(world: World, server: FakeServer, ledger: Any, streaming: bool) -> None:
    server.add_replies(CutReply(DialectReply(HELLO), 4, HangUp()) if streaming else HalfBody())
    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)])
    if streaming:
        world.stream(client, "?", retries=0)
    else:
        with pytest.raises(CallError):
            world.run(client, "?", retries=0)
    world.close(client)
    check(ledger)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
@pytest.mark.parametrize("begun", [False, True])
def test_a_task_that_is_cancelled(loop: str, begun: bool, server: FakeServer, ledger: Any) -> None:
    server.add_replies(CutReply(DialectReply(HELLO), 4, Stall()) if begun else stall_before_head())
    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)])

    async def ask(arrived: Any) -> None:
        response = await client.generate_async("?", streaming=True)
        async for _ in response.async_stream_generator:
            arrived.set()

    async def on_asyncio() -> None:
        arrived = asyncio.Event()
        task = asyncio.create_task(ask(arrived))
        while not (arrived.is_set() if begun else server.exchanges):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.aclose()

    async def on_trio() -> None:
        arrived = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, arrived)
            while not (arrived.is_set() if begun else server.exchanges):
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
        await client.aclose()

    asyncio.run(on_asyncio()) if loop == "asyncio" else trio.run(on_trio)
    check(ledger)


ASK = """
import sys
from ai_utilities.usage import SQLiteLedger, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.testing.answer import ReceivedRequest, Send
from support.worlds import endpoint
with AIModelClient(endpoint(sys.argv[1]), layers=[UsageLayer(SQLiteLedger(sys.argv[2]))]) as client:
    answer = client.generate("?", streaming=sys.argv[3] == "True")
    for _ in answer.stream_generator:
        print("word", flush=True)
"""


def take_interrupts() -> None:
    """Undo that a suite which runs in the background ignores SIGINT, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("command", [False, True], ids=["library", "command"])
def test_a_call_that_is_interrupted_at_the_keyboard(
    streaming: bool, command: bool, server: FakeServer, tmp_path: Path
) -> None:
    where = tmp_path / "usage.db"
    server.add_replies(CutReply(DialectReply(HELLO), 4, Stall()) if streaming else stall_before_head())
    if command:
        work = [sys.executable, "-m", "ai_utilities.cli", "ask", "?", "--stream" if streaming else "--no-stream"]
    else:
        work = [sys.executable, "-c", ASK, server.url, str(where), str(streaming)]
    variables = {
        "PYTHONPATH": os.pathsep.join(["tests", "src"]),
        "AI_PROVIDER": "openai",
        "AI_MODEL": "fake-1",
        "OPENAI_API_KEY": "sk-test-secret",
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "AI_USAGE_STORE": "sqlite",
        "AI_USAGE_PATH": str(where),
        "HOME": str(tmp_path),
    }
    process = subprocess.Popen(
        work,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        preexec_fn=take_interrupts,
    )
    assert process.stdout is not None
    wait_until(lambda: server.exchanges or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    if streaming:
        process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=250)
    ledger = SQLiteLedger(where)
    check(ledger)
    ledger.close()
