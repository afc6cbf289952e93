"""Layers: their order, and what each receives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ai_utilities import AiClient, AsyncAiClient
from dhenara.ai import AIModelClient, Layer, Send, Stream
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import Call
from support.worlds import Blocking, World, endpoint


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


async def forgets(call: Call, send: Send) -> Any:
    await send(call)


async def returns_text(call: Call, send: Send) -> Any:
    await send(call)
    return "an answer"


async def passes_on(call: Call, forward: Send) -> Any:
    return await forward(call)


CALLS: dict[str, Callable[[World, AIModelClient], Any]] = {
    "answer": lambda world, client: world.run(client, "?"),
    "stream": lambda world, client: world.stream(client, "?"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("where", ["layers", "attempt_layers"])
@pytest.mark.parametrize("observed", [False, True], ids=["", "observed"])
def test_a_layer_that_returns_no_stream_is_named(
    call: str, where: str, observed: bool, server: FakeServer, world: World
) -> None:
    server.add_replies(Answer(text="unread"))
    own: dict[str, Any] = {where: [forgets]}
    observer = (lambda event: None) if observed else None
    client = AIModelClient(endpoint(server.url), observer=observer, **own)
    with pytest.raises(ConfigurationError, match=r"the layer forgets returned None, not a stream\. Return what"):
        CALLS[call](world, client)
    world.close(client)


def test_a_layer_that_returns_something_else_is_named(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="unread"))
    client = AIModelClient(endpoint(server.url), layers=[returns_text])
    with pytest.raises(ConfigurationError, match="the layer returns_text returned a value of type str, not a stream"):
        world.run(client, "?")
    world.close(client)


def test_of_several_layers_each_may_be_the_one_that_returns_no_stream(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="unread"))
    client = AIModelClient(endpoint(server.url), layers=[passes_on, forgets])
    with pytest.raises(ConfigurationError, match="one of the layers passes_on, forgets returned None"):
        world.run(client, "?")
    world.close(client)


@pytest.mark.parametrize("settings", [{}, {"cache_enabled": True}, {"requests_per_minute": 9}], ids=str)
@pytest.mark.parametrize("where", ["layers", "attempt_layers"])
def test_the_kit_names_a_layer_that_returns_no_stream(
    settings: dict[str, Any], where: str, server: FakeServer, world: World
) -> None:
    server.add_replies(Answer(text="unread"), Answer(text="unread"))
    own: dict[str, Any] = {"api_key": "k", "base_url": f"{server.url}/v1", where: [forgets], **settings}

    def ask() -> Any:
        if isinstance(world, Blocking):
            return AiClient("openai/gpt-4o", **own).ask("?")
        return world._start(lambda: AsyncAiClient("openai/gpt-4o", **own).ask("?"))

    for _ in range(2):  # the second call of a cache must not wait for the first one
        with pytest.raises(ConfigurationError, match="the layer forgets returned None, not a stream"):
            ask()
