"""A tool function can find out who called it: from its stack, and from `current_tool_call`."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from dhenara.ai import AIModelClient, current_tool_call
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from support.worlds import Blocking, World, endpoint


def call_of(name: str, city: str) -> FakeToolCall:
    return FakeToolCall(name, {"city": city}, f"call-{city}")


def run(world: World, client: AIModelClient, tool: Callable[..., Any]) -> None:
    if isinstance(world, Blocking):
        client.run("?", tools=[tool])
    else:
        world._start(lambda: client.run_async("?", tools=[tool]))
    world.close(client)


@pytest.mark.parametrize("cities", [["Rome"], ["Rome", "Oslo", "Bern"]])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_tool_knows_its_call_and_the_model(
    is_async: bool, cities: list[str], world: World, server: FakeServer
) -> None:
    if is_async and isinstance(world, Blocking):
        pytest.skip("sync runs take sync tools only")
    seen: list[tuple[str, str, str, str]] = []

    def note(city: str) -> str:
        call = current_tool_call()
        assert call is not None
        assert call.origin is not None
        seen.append((city, call.id, call.arguments["city"], call.origin.model))
        return "ok"

    def look(city: str) -> str:
        return note(city)

    async def look_async(city: str) -> str:
        return note(city)

    tool = look_async if is_async else look
    server.add_replies(Answer(tool_calls=tuple(call_of(tool.__name__, city) for city in cities)), Answer(text="done"))
    run(world, AIModelClient(endpoint(server.url)), tool)
    assert sorted(seen) == sorted((city, f"call-{city}", city, "fake-1") for city in cities)
    assert current_tool_call() is None


def test_the_stack_of_a_tool_in_sync_code_names_the_stages_of_the_run(server: FakeServer) -> None:
    names: list[str] = []

    def look(city: str) -> str:
        names.extend(frame.name for frame in traceback.extract_stack())
        return "ok"

    server.add_replies(Answer(tool_calls=(call_of("look", "Rome"),)), Answer(text="done"))
    with AIModelClient(endpoint(server.url)) as client:
        client.run("?", tools=[look])
    stages = ["pull", "_run_tools", "run", "run_group", "call_tool", "look"]
    last = {name: position for position, name in enumerate(names)}
    assert [last[name] for name in stages] == sorted(last[name] for name in stages)
