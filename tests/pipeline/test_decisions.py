"""Decisions on tool calls: by `approve` and by `run.decide`, of the engine and of the kit, right and wrong ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from ai_utilities import AiClient, AsyncAiClient
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.pipeline.agent.toolbox import as_decision
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import Run, Tool, ToolCallContent, ToolResultContent
from support.runs import go
from support.worlds import World, endpoint


def transfer(euros: int) -> str:
    """Transfer money."""
    return f"sent {euros}"


GUARDED = Tool.from_function(transfer, needs_approval=True)
RESULT = ToolResultContent(call_id="any", output="receipt")


def calls(*ids: str) -> Answer:
    made = (FakeToolCall("transfer", {"euros": number}, call_id) for number, call_id in enumerate(ids, 1))
    return Answer(tool_calls=tuple(made))


Ask = Callable[..., Run[Any]]


@pytest.fixture(params=["engine", "kit", "async kit"])
def ask(request: pytest.FixtureRequest, server: FakeServer) -> Ask:
    """Ask the engine or the kit, and return the run."""
    settings: Any = {"api_key": "k", "base_url": f"{server.url}/v1"}

    def engine(*prompt: str, **options: Any) -> Run[Any]:
        with AIModelClient(endpoint(server.url)) as client:
            return client.run(*prompt, **options)

    def kit(*prompt: str, **options: Any) -> Run[Any]:
        with AiClient("openai/fake-1", **settings) as client:
            run = client.ask(*prompt, **options).run
        assert run is not None
        return run

    async def kit_async(*prompt: str, **options: Any) -> Run[Any]:
        async with AsyncAiClient("openai/fake-1", **settings) as client:
            run = (await client.ask(*prompt, **options)).run
        assert run is not None
        return run

    def waiting(*prompt: str, **options: Any) -> Run[Any]:
        return asyncio.run(kit_async(*prompt, **options))

    return {"engine": engine, "kit": kit, "async kit": waiting}[request.param]


DECISIONS: list[tuple[Any, str, str]] = [
    (True, "ran", "sent 1"),
    (False, "declined", "the user declined this call"),
    ("too much", "declined", "the user declined this call: too much"),
    ("", "declined", "the user declined this call"),
    ({"euros": 90}, "ran", "sent 90"),
    (RESULT, "ran", "receipt"),
]


@pytest.mark.parametrize("by", ["approve", "decide"])
@pytest.mark.parametrize(("decision", "outcome", "text"), DECISIONS, ids=lambda one: str(one)[:12])
def test_every_decision_has_its_effect(
    by: str, decision: Any, outcome: str, text: str, ask: Ask, server: FakeServer
) -> None:
    server.add_replies(calls("a"), Answer(text="done"))
    if by == "approve":
        run = ask("?", tools=[GUARDED], approve=lambda call: decision)
    else:
        run = ask(resume=ask("?", tools=[GUARDED]).decide({"a": decision}).to_json(), tools=[GUARDED])
    [tool] = run.tools
    assert (run.stopped, tool.outcome, tool.result and tool.result.get_text()) == ("answered", outcome, text)
    assert server.exchanges[1].json["messages"][-1]["content"] == text


@pytest.mark.parametrize("decision", [5, 1, 0, 1.5, [True], object(), b"yes"], ids=lambda one: repr(one)[:8])
def test_what_is_no_decision_is_refused(decision: Any, ask: Ask, server: FakeServer) -> None:
    server.add_replies(calls("a"), calls("a"), Answer(text="done"))
    pending = ask("?", tools=[GUARDED])
    with pytest.raises(ConfigurationError, match="a decision is True, False, a reason, arguments or a tool result"):
        pending.decide({"a": decision})
    with pytest.raises(ConfigurationError, match=r"approve must return True, False.* not ") as raised:
        ask("?", tools=[GUARDED], approve=lambda call: decision)
    assert raised.value.run is not None
    assert ask(resume=raised.value.run, tools=[GUARDED], approve=lambda call: True).stopped == "answered"


@pytest.mark.parametrize("arguments", [{}, {"euros": "many"}, {"euros": 1, "to": "me"}, {"amount": 1}], ids=str)
def test_edited_arguments_must_fit(arguments: dict[str, Any], ask: Ask, server: FakeServer) -> None:
    server.add_replies(calls("a"), calls("a"))
    decided = ask("?", tools=[GUARDED]).decide({"a": arguments})
    with pytest.raises(ConfigurationError, match="the decision on transfer has invalid arguments"):
        ask(resume=decided, tools=[GUARDED])
    with pytest.raises(ConfigurationError, match="the decision on transfer has invalid arguments"):
        ask("?", tools=[GUARDED], approve=lambda call: arguments)
    assert len(server.exchanges) == 2


def test_arguments_that_approve_returns_are_copied() -> None:
    given = {"euros": 1}
    decision, frozen = as_decision(given), as_decision(MappingProxyType(given))
    given["euros"] = 2
    assert (decision, type(frozen)) == ({"euros": 1}, dict)


def test_a_decision_names_a_call_that_is_pending(ask: Ask, server: FakeServer) -> None:
    server.add_replies(calls("a", "b"), Answer(text="done"))
    pending = ask("?", tools=[GUARDED])
    for unknown in ("c", 5, ""):
        with pytest.raises(ConfigurationError, match=f"there is no pending call {unknown!r}. Pending: a, b"):
            pending.decide({unknown: True})  # type: ignore[dict-item]
    for wrong in ([("a", True)], None, "a", True):
        with pytest.raises(ConfigurationError, match="decisions must be a dict by the ids of the calls"):
            pending.decide(wrong)  # type: ignore[arg-type]
    half = ask(resume=pending.decide({"a": True}), tools=[GUARDED])
    assert ([tool.outcome for tool in half.tools], len(server.exchanges)) == (["ran", "pending"], 1)
    with pytest.raises(ConfigurationError, match=r"there is no pending call 'a'\. Pending: b"):
        half.decide({"a": False})
    done = ask(resume=half.decide({"b": False}), tools=[GUARDED])
    assert [tool.outcome for tool in done.tools] == ["ran", "declined"]
    with pytest.raises(ConfigurationError, match=r"there is no pending call 'b'\. Pending: none"):
        done.decide({"b": True})


def test_the_later_of_two_decisions_counts(ask: Ask, server: FakeServer) -> None:
    server.add_replies(calls("a"), Answer(text="done"))
    decided = ask("?", tools=[GUARDED]).decide({"a": True}).decide({"a": "no"})
    assert [tool.outcome for tool in ask(resume=decided, tools=[GUARDED]).tools] == ["declined"]


def test_a_tool_that_asks_twice_under_one_id_is_decided_on_twice(server: FakeServer, world: World) -> None:
    """In one answer, and in the next one: a decision holds for the call that it was made on."""
    server.add_replies(calls("same", "same"), calls("same"), Answer(text="done"))
    client, seen = AIModelClient(endpoint(server.url)), list[int]()

    def approve(call: ToolCallContent) -> bool:
        seen.append(call.arguments["euros"])
        return call.arguments["euros"] == 1 and len(seen) < 3

    run = go(world, client, "?", tools=[GUARDED], approve=approve)
    assert (seen, [tool.outcome for tool in run.tools]) == ([1, 2, 1], ["ran", "declined", "declined"])
    server.add_replies(calls("same", "same"))
    pending = go(world, client, "?", tools=[GUARDED])
    with pytest.raises(ConfigurationError, match=r"2 pending calls have the id 'same'\. Decide on them in `approve`"):
        pending.decide({"same": True})
    world.close(client)


def test_a_call_without_a_function_is_decided_with_its_result(server: FakeServer, world: World) -> None:
    outside = Tool.from_schema({"type": "object"}, name="transfer")
    server.add_replies(calls("a"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    pending = go(world, client, "?", tools=[outside])
    for decision in (True, {"euros": 1}):
        with pytest.raises(ConfigurationError, match=r"transfer has no function .* Decide with its result"):
            pending.decide({"a": decision})
    assert go(world, client, resume=pending.decide({"a": RESULT}), tools=[outside]).tools[0].outcome == "ran"
    world.close(client)
