"""What surrounds the function of a tool while it runs: its call, its duration and its trace."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...io.protocol import JobDone, JobFailed, Outcome
from ...types.content.parts import ToolCallContent
from ...types.tools.tool import Bound
from .toolbox import PendingToolCall

if TYPE_CHECKING:
    from ..tracing import RunTracing


def with_timing(
    one: PendingToolCall, bound: Bound, now: Callable[[], float], tracing: RunTracing | None = None
) -> Bound:
    """Return the work wrapped so that its duration is recorded, and that the tool can read its call."""

    def call_tool() -> Any:
        started = now()

        def ended(outcome: Outcome | None) -> None:
            one.seconds, one.finished = now() - started, outcome

        if tracing is not None:
            one.trace = tracing.start_tool(one.call, one.tool)
        outcome: Outcome | None = None
        try:
            with running(one):
                value = bound()
            outcome = None if inspect.isawaitable(value) else JobDone(value)
        except Exception as error:
            outcome = JobFailed(error)
            raise
        finally:
            ended(outcome)
        return TimedAwaitable(value, one, ended) if inspect.isawaitable(value) else value

    return call_tool


@contextmanager
def running(one: PendingToolCall) -> Iterator[None]:
    """Let what runs inside read the tool call, and belong to its trace."""
    token = RUNNING_CALL.set(one.call)
    try:
        if one.trace is None:
            yield
        else:
            with one.trace.running():
                yield
    finally:
        RUNNING_CALL.reset(token)


RUNNING_CALL: ContextVar[ToolCallContent | None] = ContextVar("dhenara_tool_call", default=None)


def current_tool_call() -> ToolCallContent | None:
    """Return the tool call that is running here: its id, name and arguments, and the model that made it (`origin`).

    For tool functions, and what they call: parallel tools run in threads or tasks of their own, whose stacks do not
    show the run. None outside of a tool.
    """
    return RUNNING_CALL.get()


@dataclass(frozen=True, slots=True)
class TimedAwaitable:
    """An awaitable that calls `ended` when it is done."""

    value: Awaitable[Any]
    planned: PendingToolCall
    ended: Callable[[Outcome | None], None]

    def __await__(self) -> Generator[Any, Any, Any]:
        outcome: Outcome | None = None
        try:
            with running(self.planned):
                value = yield from self.value.__await__()
            outcome = JobDone(value)
            return value
        except Exception as error:
            outcome = JobFailed(error)
            raise
        finally:
            self.ended(outcome)

    def close(self) -> None:
        """Close a coroutine that is not awaited."""
        if inspect.iscoroutine(self.value):
            self.value.close()
