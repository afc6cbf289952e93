"""What a run and the agents in it may use together, and small rules of tool calls, on values that the test gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.pipeline.agent.run_plan import RunBudget, count_calls
from dhenara.ai.pipeline.agent.running_tool import match_earlier, with_decisions
from dhenara.ai.pipeline.agent.toolbox import as_decision, find_unanswered_calls
from dhenara.ai.types import (
    AIModelCallResponse,
    ChatResponse,
    Cost,
    Message,
    Run,
    RunLimits,
    Step,
    ToolCallContent,
    ToolResultContent,
    ToolRun,
    Usage,
)


class Clock:
    """The part of IO that budgets use."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def budget(clock: Clock, outer: RunBudget | None = None, seconds: float | None = None, **limits: Any) -> RunBudget:
    agent: Any = None if outer is None else SimpleNamespace(budget=outer, seconds=seconds)
    return RunBudget(RunLimits(**limits), clock, agent)  # type: ignore[arg-type]  # it uses the clock only


def answer(tokens: int = 0, dollars: int = 0) -> ChatResponse:
    usage = Usage(input_tokens=tokens)
    return ChatResponse(model="m", provider="p", usage=usage, cost=Cost(amount=dollars), choices=[])


def call(number: int, id: str | None = None) -> ToolCallContent:
    return ToolCallContent(id=id or f"call_{number}", name="work", arguments={"number": number})


@pytest.mark.parametrize(
    ("outer", "inner", "tool", "given", "deadline"),
    [
        (None, None, None, None, None),
        (None, None, None, 130.0, 130.0),
        (5.0, None, None, 130.0, 105.0),
        (5.0, 9.0, None, None, 105.0),
        (9.0, 5.0, None, None, 105.0),
        (9.0, None, 3.0, None, 103.0),
        (9.0, 8.0, 7.0, 102.0, 102.0),
    ],
)
def test_an_agent_has_the_least_time_of_all_that_limit_it(
    outer: float | None, inner: float | None, tool: float | None, given: float | None, deadline: float | None
) -> None:
    clock = Clock()
    around = budget(clock, seconds=None) if outer is None else RunBudget(RunLimits(seconds=outer), clock)  # type: ignore[arg-type]
    agent: Any = SimpleNamespace(budget=around, seconds=tool)
    within = RunBudget(RunLimits(seconds=inner), clock, agent)  # type: ignore[arg-type]
    assert within.deadline(given) == deadline
    assert around.deadline(None) == (None if outer is None else 100.0 + outer)


def test_tools_and_requests_end_with_the_time_of_the_run() -> None:
    clock = Clock()
    limited, free = RunBudget(RunLimits(seconds=5), clock), budget(clock)  # type: ignore[arg-type]
    assert (limited.tool_seconds_left(), free.tool_seconds_left()) == (5.0, None)
    clock.now = 104.9
    assert (limited.is_late(), limited.admit_request()) == (False, None)
    clock.now = 105.0
    assert (limited.is_late(), limited.admit_request(), free.admit_request()) == (True, "seconds", None)
    assert (limited.tool_seconds_left(), limited.seconds) == (0.001, 5.0)
    free.end()
    assert free.admit_request() == "seconds"


def test_calls_of_an_agent_count_for_the_run_around_it_and_for_no_other_agent() -> None:
    clock = Clock()
    outer = budget(clock, calls=5)
    one, other = budget(clock, outer, calls=3), budget(clock, outer)
    assert one.admit(2) == 2
    assert one.admit(2) == 1
    assert other.admit(9) == 2
    assert [each.admit(1) for each in (outer, one, other)] == [0, 0, 0]


def test_requests_of_an_agent_count_for_the_run_around_it() -> None:
    clock = Clock()
    outer = budget(clock, rounds=3)
    inner = budget(clock, outer, rounds=2)
    assert [inner.admit_request() for _ in range(3)] == [None, None, "rounds"]
    assert [outer.admit_request() for _ in range(2)] == [None, "rounds"]


@pytest.mark.parametrize(("name", "limit"), [("tokens", 100), ("cost", 100)])
def test_tokens_and_cost_of_an_agent_count_until_the_limit_is_reached(name: str, limit: int) -> None:
    clock = Clock()
    outer = budget(clock, **{name: limit})
    inner = budget(clock, outer)
    assert outer.admit_request() is None
    inner.count_answer(answer(99, 99))
    assert (outer.admit_request(), inner.admit_request()) == (None, None)
    inner.count_answer(answer(1, 1))
    assert (outer.admit_request(), inner.admit_request()) == (name, name)
    error = inner.limit_error(name)  # type: ignore[arg-type]
    assert str(error).startswith("the outer run reached its limit of 100")
    assert str(outer.limit_error(name)).startswith("the run reached its limit of 100")  # type: ignore[arg-type]


def run_of(*tools: ToolRun, seconds: float = 0.0, tokens: int = 0) -> Run[Any]:
    step = Step(number=1, response=AIModelCallResponse(chat_response=answer(tokens)), tools=list(tools))
    run: Run[Any] = Run(steps=(step,), messages=(), stopped="interrupted", output=None)
    return Run(
        steps=run.steps,
        messages=(),
        stopped="interrupted",
        output=None,
        record=run.record.model_copy(update={"seconds": seconds}),
    )


def test_what_a_saved_run_has_used_counts_when_it_goes_on() -> None:
    clock = Clock()
    tools = [
        ToolRun(call=call(at), outcome=outcome) for at, outcome in enumerate(("ran", "failed", "timed_out", "pending"))
    ]
    saved = run_of(*tools, seconds=7.0, tokens=50)
    assert count_calls(saved) == 3
    resumed = budget(clock, calls=4, rounds=2, tokens=100)
    resumed.restore(saved)
    assert (resumed.admit(9), resumed.seconds) == (1, 7.0)
    assert resumed.admit_request() is None
    assert resumed.admit_request() == "rounds"
    limited = budget(clock)
    limited = RunBudget(RunLimits(seconds=10, tokens=50), clock)  # type: ignore[arg-type]
    limited.restore(saved)
    assert (limited.deadline(None), limited.admit_request()) == (103.0, "tokens")
    over = RunBudget(RunLimits(seconds=5), clock)  # type: ignore[arg-type]
    over.restore(saved)
    assert over.is_late()


def test_calls_of_agents_in_a_saved_run_count_too() -> None:
    inner = run_of(ToolRun(call=call(1), outcome="ran"), ToolRun(call=call(2), outcome="unrun"))
    outer = run_of(ToolRun(call=call(3), outcome="ran", run=inner), ToolRun(call=call(4), outcome="declined"))
    assert count_calls(outer) == 2


def test_what_happened_to_a_call_is_matched_by_its_place_and_id() -> None:
    first, second = ToolRun(call=call(1, "same"), outcome="ran"), ToolRun(call=call(2, "same"), outcome="failed")
    assert match_earlier([call(1, "same"), call(2, "same")], [first, second]) == [first, second]
    assert match_earlier([call(1, "other"), call(2, "same"), call(3)], [first, second]) == [None, second, None]


@pytest.mark.parametrize(
    ("given", "decision"),
    [
        (True, True),
        (False, False),
        ("not now", "not now"),
        ({"number": 2}, {"number": 2}),
    ],
)
def test_a_decision_is_taken_as_it_is(given: Any, decision: Any) -> None:
    assert as_decision(given) == decision
    assert type(as_decision(given)) is type(decision)


@pytest.mark.parametrize("given", [1, 0, [], object()])
def test_a_decision_of_an_unknown_kind_is_an_error(given: Any) -> None:
    with pytest.raises(ConfigurationError):
        as_decision(given)


def test_decisions_on_calls_of_an_agent_have_its_id_before_their_own() -> None:
    run = run_of()
    decided = with_decisions(run, {"call_1/call_7": True, "call_2/call_7": False, "call_1": False}, "call_1/")
    assert decided.record.decisions == {"call_7": True}


def test_calls_without_a_result_are_those_of_the_last_answer() -> None:
    def message(role: str, *parts: Any) -> Message:
        return Message.model_validate({"role": role, "contents": list(parts)})

    question, answered = (
        message("assistant", call(1), call(2)),
        message("tool", ToolResultContent(call_id="call_1", output=1)),
    )
    assert [one.id for one in find_unanswered_calls([question, answered])] == ["call_2"]
    assert [one.id for one in find_unanswered_calls([question])] == ["call_1", "call_2"]
    assert find_unanswered_calls([question, answered, message("user")]) == []
    assert find_unanswered_calls([message("user")]) == []
