"""Layers: their order, and what each receives."""

from __future__ import annotations

from typing import Any

from dhenara.ai import AIModelClient, Layer, Send, Stream
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import Call
from support.worlds import World, endpoint


class Counting:
    """Knows its target once it is bound, and counts the calls that pass."""

    def __init__(self) -> None:
        self.calls = 0
        self.model = ""

    def bind(self, io: Any, target: Any) -> Layer:
        self.model = target.origin.model

        async def count(call: Call, send: Send) -> Stream:
            self.calls += 1
            return await send(call)

        return count


def test_attempt_layers_run_for_each_attempt_and_layers_once_for_the_call(server: FakeServer, world: World) -> None:
    around_call, around_attempts = Counting(), Counting()
    busy = Refusal(503, "busy", headers={"retry-after-ms": "5"})
    server.add_replies(busy, busy, Answer(text="at last"))
    client = AIModelClient(endpoint(server.url), layers=[around_call], attempt_layers=[around_attempts])

    world.run(client, "hello")
    world.close(client)

    assert (around_call.calls, around_attempts.calls) == (1, 3)
    assert around_call.model == around_attempts.model == "fake-1"
