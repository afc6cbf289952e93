"""Rules of runs that are easily lost: what is counted once, what is bounded, and whose time is up."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError, InvalidOutputError
from dhenara.ai.pipeline.agent.tool_runner import ToolRunner
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall
from dhenara.ai.testing.answer import Stall
from dhenara.ai.types import RunLimits, Timeouts, Tool, ToolCallContent
from dhenara.ai.types.tools.tool_definition import SEARCH_TOOL
from support.worlds import endpoint


class City(BaseModel):
    name: str


class Silence:
    """A reply that never comes."""

    def steps(self, request: object) -> list[Stall]:
        return [Stall()]


def call(number: int, *, id: str | None = None, name: str = "work") -> FakeToolCall:
    return FakeToolCall(name, {"number": number}, id or f"call_{number}")


@pytest.fixture
def client(server: FakeServer) -> Any:
    with AIModelClient(endpoint(server.url)) as opened:
        yield opened


@pytest.mark.parametrize(("concurrency", "most"), [(2, 2), (1, 1)])
def test_no_more_tools_run_at_once_than_allowed(
    concurrency: int, most: int, client: AIModelClient, server: FakeServer
) -> None:
    lock, running, peak = threading.Lock(), 0, 0
    enough = threading.Barrier(most)

    def work(number: int) -> int:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        enough.wait(100)
        with lock:
            running -= 1
        return number

    server.add_replies(Answer(tool_calls=tuple(call(number) for number in range(4))), Answer(text="done"))
    run = client.run("?", tools=[work], limits=RunLimits(concurrency=concurrency))
    assert (run.text, peak) == ("done", most)


def test_tools_that_must_run_alone_run_one_after_the_other(client: AIModelClient, server: FakeServer) -> None:
    lock, order = threading.Lock(), list[int]()

    def work(number: int) -> int:
        assert lock.acquire(blocking=False)
        order.append(number)
        lock.release()
        return number

    alone = Tool.from_function(work, parallel=False)
    server.add_replies(Answer(tool_calls=tuple(call(number) for number in range(4))), Answer(text="done"))
    run = client.run("?", tools=[alone])
    assert ([tool.outcome for tool in run.tools], order) == (["ran"] * 4, [0, 1, 2, 3])


@pytest.mark.parametrize("seconds", [None, 60.0])
def test_the_time_of_a_tool_counts_also_if_the_run_has_more(
    seconds: float | None, client: AIModelClient, server: FakeServer
) -> None:
    go_on = threading.Event()

    def work(number: int) -> int:
        go_on.wait(100)
        return number

    server.add_replies(Answer(tool_calls=(call(1), call(2))), Answer(text="done"))
    run = client.run("?", tools=[Tool.from_function(work, timeout=0.05)], limits=RunLimits(seconds=seconds))
    go_on.set()
    assert [tool.outcome for tool in run.tools] == ["timed_out", "timed_out"]


def test_a_request_that_takes_too_long_is_an_error_and_not_the_end_of_the_time_of_the_run(
    client: AIModelClient, server: FakeServer
) -> None:
    server.add_replies(Silence())
    limits = RunLimits(seconds=300, otherwise="return")
    with pytest.raises(CallTimeoutError) as failed:
        client.run("?", limits=limits, timeout=Timeouts(first_token=0.1), retries=0)
    assert failed.value.limit == "first_token"


@pytest.mark.parametrize("streaming", [False, True])
def test_an_answer_that_the_end_of_the_time_interrupts_ends_the_run_by_its_time(
    streaming: bool, client: AIModelClient, server: FakeServer
) -> None:
    server.add_replies(
        CutReply(DialectReply(Answer(text="one two three four")), 4, Stall()) if streaming else Silence()
    )
    limits = RunLimits(seconds=0.5, otherwise="return")
    if streaming:
        stream = client.run_streaming("?", limits=limits, retries=0)
        for _ in stream:
            pass
        assert stream.run.stopped == "seconds"
    else:
        assert client.run("?", limits=limits, retries=0).stopped == "seconds"


def test_a_correction_that_was_used_before_a_run_was_saved_is_not_there_again(
    client: AIModelClient, server: FakeServer
) -> None:
    server.add_replies(Answer(text="no JSON"), Answer(text="no JSON again"), Answer(text='{"name": "Rome"}'))
    settings: dict[str, Any] = {"output": City, "repairs": 1}
    begun = client.run("?", limits=RunLimits(rounds=1, otherwise="return"), **settings)
    assert begun.stopped == "rounds"
    with pytest.raises(InvalidOutputError):
        client.run(resume=begun, limits=RunLimits(rounds=9), **settings)
    assert len(server.exchanges) == 2


def test_calls_with_the_same_id_are_decided_one_by_one(client: AIModelClient, server: FakeServer) -> None:
    decided: list[int] = []

    def approve(one: ToolCallContent) -> bool:
        decided.append(one.arguments["number"])
        return one.arguments["number"] == 1

    def work(number: int) -> int:
        return number

    guarded = Tool.from_function(work, needs_approval=True)
    server.add_replies(Answer(tool_calls=(call(1, id="same"), call(2, id="same"))), Answer(text="done"))
    run = client.run("?", tools=[guarded], approve=approve)
    assert decided == [1, 2]
    assert [tool.outcome for tool in run.tools] == ["ran", "declined"]


def test_a_call_that_gave_other_results_between_is_not_a_repetition(client: AIModelClient, server: FakeServer) -> None:
    results = iter(["a", "b", "a", "b", "b", "b"])

    def work(number: int) -> str:
        return next(results)

    replies = [Answer(tool_calls=(call(1, id=f"call_{at}"),)) for at in range(6)]
    server.add_replies(*replies, Answer(tool_calls=(call(1, id="call_7"),)), Answer(text="done"))
    run = client.run("?", tools=[work], limits=RunLimits(repeats=3, rounds=20))
    assert [tool.outcome for tool in run.tools] == ["ran"] * 6 + ["repeated"]


def test_tools_that_take_too_long_count_for_the_limit_of_calls_after_a_run_was_saved(
    client: AIModelClient, server: FakeServer
) -> None:
    go_on = threading.Event()

    def work(number: int) -> int:
        go_on.wait(100)
        return number

    slow = Tool.from_function(work, timeout=0.05)
    server.add_replies(
        Answer(tool_calls=(call(1), call(2))), Answer(tool_calls=(call(3), call(4))), Answer(text="done")
    )
    begun = client.run("?", tools=[slow], limits=RunLimits(rounds=1, otherwise="return"))
    run = client.run(resume=begun, tools=[slow], limits=RunLimits(calls=3, otherwise="return"))
    go_on.set()
    assert [tool.outcome for tool in run.tools] == ["timed_out"] * 3 + ["unrun"]
    assert run.stopped == "calls"


def test_tokens_of_an_earlier_process_count_for_the_limit_of_a_run(client: AIModelClient, server: FakeServer) -> None:
    def work(number: int) -> int:
        return number

    server.add_replies(Answer(tool_calls=(call(1),)), Answer(text="done"))
    begun = client.run("?", tools=[work], limits=RunLimits(rounds=1, otherwise="return"))
    spent = begun.usage.total_tokens
    run = client.run(resume=begun, tools=[work], limits=RunLimits(tokens=spent, otherwise="return"))
    assert (run.stopped, len(server.exchanges)) == ("tokens", 1)
    assert client.run(resume=begun, tools=[work], limits=RunLimits(tokens=spent + 1)).text == "done"


def test_what_was_repaired_before_a_run_is_a_warning_of_its_first_answer_only(
    client: AIModelClient, server: FakeServer
) -> None:
    def work(number: int) -> int:
        return number

    lost = {"role": "tool", "tool_call_id": "gone", "content": "31"}
    server.add_replies(Answer(tool_calls=(call(1),)), Answer(text="done"))
    run = client.run(messages=["?", lost], tools=[work])
    warnings = [[one.code for one in step.response.chat_response.warnings] for step in run.steps]
    assert warnings == [["dropped_content"], []]


def test_a_saved_decision_is_not_used_for_two_calls_with_its_id(client: AIModelClient, server: FakeServer) -> None:
    def work(number: int) -> int:
        return number

    guarded = Tool.from_function(work, needs_approval=True)
    server.add_replies(Answer(tool_calls=(call(1, id="same"), call(2, id="same"))), Answer(text="done"))
    begun = client.run("?", tools=[guarded])
    assert begun.stopped == "pending"
    decided = replace(begun, record=begun.record.model_copy(update={"decisions": {"same": True}}))
    run = client.run(resume=decided, tools=[guarded], approve=lambda one: one.arguments["number"] == 2)
    assert [tool.outcome for tool in run.tools] == ["declined", "ran"]


def test_an_agent_in_a_thread_sends_nothing_after_its_run_was_interrupted(
    client: AIModelClient, server: FakeServer
) -> None:
    begun, interrupted = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def work(number: int) -> int:
        threads.append(threading.current_thread())
        begun.set()
        interrupted.wait(60)
        return number

    def stop() -> None:
        begun.wait(60)
        raise KeyboardInterrupt

    research = FakeToolCall("research", {"prompt": "?"}, "call_0")
    server.add_replies(Answer(tool_calls=(research, FakeToolCall("stop", {}, "call_1"))), Answer(tool_calls=(call(2),)))
    agent = client.as_tool("research", "Finds things out.", tools=[work])
    with pytest.raises(KeyboardInterrupt):
        client.run("?", tools=[agent, stop])
    interrupted.set()
    threads[0].join(60)
    assert len(server.exchanges) == 2


@pytest.mark.parametrize(
    ("steps", "awaits_tools", "noted", "has_others"),
    [
        ([], False, [], False),
        ([["work"]], False, ["work"], True),
        ([[SEARCH_TOOL]], False, [SEARCH_TOOL], False),
        ([[SEARCH_TOOL], ["work"]], False, [SEARCH_TOOL, "work"], True),
        ([[SEARCH_TOOL], ["work"]], True, [SEARCH_TOOL], False),
    ],
)
def test_a_resumed_run_knows_the_results_of_its_earlier_steps(
    steps: list[list[str]], awaits_tools: bool, noted: list[str], has_others: bool
) -> None:
    results: list[str] = []
    box: Any = SimpleNamespace(record_result=lambda tool: results.append(tool.call.name))
    made = [SimpleNamespace(tools=[SimpleNamespace(call=SimpleNamespace(name=name)) for name in one]) for one in steps]
    state: Any = SimpleNamespace(steps=made, awaits_tools=awaits_tools)
    unused: Any = None
    runner = ToolRunner(unused, box, unused, unused, state, unused)
    assert (runner.restore(), results) == (has_others, noted)
