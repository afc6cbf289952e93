"""Equal calls that run at the same time: how many are sent when the first one fails, is cancelled or is slow."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.cache.layer import InFlightCall, InFlightCalls
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, stall_before_head
from support.waiting_reply import WaitingReply
from support.worlds import endpoint

HELLO = Answer(text="Hello, you there!")
SECONDS = 100
"""Longest wait of a test that fails."""


class CountedCalls(InFlightCalls):
    """Running calls; `joined` is set when so many calls have asked for one."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self._left = expected
        self.joined = threading.Event()

    def join(self, key: str) -> tuple[InFlightCall, bool]:
        joined = super().join(key)
        self._left -= 1
        if not self._left:
            self.joined.set()
        return joined


def client_of(server: FakeServer, calls: InFlightCalls, **options: Any) -> AIModelClient:
    layer = CacheLayer(MemoryCache(), **options)
    layer.in_flight_calls = calls
    return AIModelClient(endpoint(server.url), layers=[layer])


async def until(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, SECONDS)


@pytest.mark.parametrize("begun", [False, True])
def test_when_the_first_call_is_given_up_one_of_those_that_wait_is_sent(server: FakeServer, begun: bool) -> None:
    ended = threading.Event()
    first = WaitingReply(DialectReply(HELLO), 5, lambda: ended.wait(SECONDS)) if begun else stall_before_head()
    server.add_replies(first, HELLO)
    calls = CountedCalls(3)

    async def main() -> list[bool]:
        async with client_of(server, calls) as client:
            given_up = asyncio.create_task(client.generate_async("?", streaming=begun))
            while not server.exchanges:
                await asyncio.sleep(0.01)
            stream = (await given_up).async_stream_generator if begun else None
            if stream is not None:
                await anext(stream)
            waiting = [asyncio.create_task(client.generate_async("?", streaming=False)) for _ in range(2)]
            await until(calls.joined)
            given_up.cancel()
            if stream is not None:
                await stream.aclose()
            answers = await asyncio.gather(*waiting)
            ended.set()
            return sorted(answer.chat_response.cached for answer in answers)

    assert asyncio.run(main()) == [False, True]
    assert len(server.exchanges) == 2


def test_when_the_stream_of_the_first_call_breaks_all_that_wait_are_sent_at_once(server: FakeServer) -> None:
    calls, together = CountedCalls(3), threading.Barrier(2)
    broken = WaitingReply(CutReply(DialectReply(HELLO), 5), 4, lambda: calls.joined.wait(SECONDS))
    each = WaitingReply(DialectReply(HELLO), 0, lambda: together.wait(SECONDS))
    server.add_replies(broken, each, each)

    async def main() -> list[bool]:
        async with client_of(server, calls) as client:
            stream = (await client.generate_async("?", streaming=True)).async_stream_generator
            waiting = [asyncio.create_task(client.generate_async("?", streaming=False)) for _ in range(2)]
            async for _ in stream:
                pass
            return [answer.chat_response.cached for answer in await asyncio.gather(*waiting)]

    assert asyncio.run(main()) == [False, False]
    assert not together.broken


class SlowCall(InFlightCall):
    """A call that another one has sent, and that ends a little later."""

    checks = 0

    @property
    def over(self) -> bool:
        self.checks += 1
        return self.checks > 3

    @over.setter
    def over(self, value: bool) -> None: ...


class ReplacedCalls(InFlightCalls):
    """The first call never ends; when it is left, another caller has sent the next one already."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 0

    def join(self, key: str) -> tuple[InFlightCall, bool]:
        return (InFlightCall(), False) if not self.left else (SlowCall(failed=True), False)

    def detach(self, key: str, in_flight: InFlightCall) -> None:
        self.left += 1


def test_a_call_waits_as_long_again_for_the_call_that_replaced_a_slow_one(server: FakeServer) -> None:
    server.add_replies(HELLO)
    calls = ReplacedCalls()
    with client_of(server, calls, lease=0.2) as client:
        client.generate("?")
    assert calls.left == 1
