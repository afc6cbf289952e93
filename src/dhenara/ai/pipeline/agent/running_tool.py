"""What surrounds the function of a tool: its call, its duration and its trace, and what its result and error become."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from ...errors import ToolFailedError
from ...io.protocol import IO, JobDone, JobFailed, Outcome
from ...types.chat.report import CallWarning
from ...types.chat.run import Run, ToolRun
from ...types.content.parts import Content, SearchResultContent, TextContent, ToolCallContent, ToolResultContent
from ...types.tools.tool import Bound
from .run_plan import AgentTool
from .toolbox import PendingToolCall, error_result, exception_result, read_result

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


def finish_agent(one: PendingToolCall, error: Exception | None) -> None:
    """Set outcome and result of the call of an agent whose run has ended."""
    run = one.run
    assert run is not None
    if error is not None:
        set_outcome(one, JobFailed(error))
    elif run.stopped == "pending":
        one.wait()
    elif run.stopped == "answered":
        answer = run.text if run.output is None else run.output
        set_outcome(one, check_readable(one, JobDone(str(answer) if run.output is None else answer)))
    else:
        text = f"{one.call.name} was stopped ({run.stopped}) before it was done. What it had: {run.text or 'nothing'}"
        set_outcome(one, JobDone(error_result(one.call, text)))


def unfinished_runs(calls: Sequence[PendingToolCall], arriving: bool = False) -> list[ToolRun]:
    """Return the state of calls that are running: those that have ended with their results; `arriving`: those of
    agents with what there is of their answers.
    """
    tools = []
    for planned in calls:
        one = replace(planned)
        if one.bound is not None and one.finished is not None and not isinstance(one.tool, AgentTool):
            set_outcome(one, check_readable(one, one.finished))
        elif one.begun and one.tool is not None and one.tool.once:
            one.wait()
            one.unclear = True
        elif one.bound is not None:
            one.outcome, one.run = "unrun", one.run if one.loop is None else one.loop.run(arriving=arriving)
        tools.append(one.to_tool_run())
    return tools


def check_readable(one: PendingToolCall, outcome: Outcome | None) -> Outcome | None:
    """Convert the return value; a value that cannot be converted counts as an error of the tool."""
    if not isinstance(outcome, JobDone):
        return outcome
    try:
        return JobDone(read_result(one.call, outcome.value))
    except Exception as error:  # noqa: BLE001  # conversion runs code of the value's class
        return JobFailed(error)


def set_outcome(one: PendingToolCall, outcome: Outcome | None) -> None:
    match outcome:
        case JobDone(value=value):
            one.outcome = "failed" if value.is_error else "ran"
            one.result, one.left_out = cut_result(value, one.most)
        case JobFailed(error=error):
            one.outcome, one.finished = "failed", outcome
            one.result, one.left_out = cut_result(exception_result(one.call, error), one.most)
        case None:
            set_timed_out(one)


def set_timed_out(one: PendingToolCall) -> None:
    """Set the outcome of a call that did not end in time.

    A tool that must run once may have had its effect, or have it yet: its call is pending until that is decided. So is
    the call of an agent with such a call, so that the model does not begin it again.
    """
    if one.loop is not None:
        one.run = one.loop.run()
    is_open = bool(one.run.pending_tools) if one.run is not None else one.tool is not None and one.tool.once
    if is_open:
        one.wait()
        one.unclear = one.run is None
    else:
        one.refuse("timed_out", f"{one.call.name} timed out")


def cut_result(result: ToolResultContent, most: int | None) -> tuple[ToolResultContent, int]:
    """Return the result with at most so many characters of text, and how many were cut off.

    What is left out is said at the end of the result. Images and files are not counted: they have limits of their own.
    """
    output = result.output if result.output is None or isinstance(result.output, str) else json_text(result.output)
    own = len(output or "")
    total = own + sum(len(text) for part in result.contents for text in texts_of(part))
    extras = sum(len(json_text(value)) for value in result.extras.values())
    if most is None or (total <= most and extras <= most):
        return result, 0
    left_out = max(0, total - most)
    note = f"[The result is cut: {left_out:,} of {total:,} characters are left out. Ask for less at once.]"
    contents = list(cut_parts(result.contents, most - own))
    changed: dict[str, Any] = {"extras": result.extras if extras <= most else {}, "contents": contents}
    if left_out and output is not None:
        changed["output"] = f"{output[:most]}\n{note}"
    elif left_out:
        contents.append(TextContent(text=note))
    return result.model_copy(update=changed), left_out


def json_text(value: Any) -> str:
    return to_json(value, by_alias=True, fallback=str, inf_nan_mode="strings").decode()


def texts_of(part: Content) -> Sequence[str]:
    """Return the texts of a part of a result."""
    if isinstance(part, SearchResultContent):
        return part.texts
    return (part.text,) if isinstance(part, TextContent) else ()


def cut_parts(parts: Sequence[Content], room: int) -> Iterator[Content]:
    """Yield the parts with at most so many characters of text; parts whose text is gone are left out."""
    for part in parts:
        texts = texts_of(part)
        cut = []
        for text in texts:
            cut.append(text[: max(0, room)])
            room -= len(text)
        shown = [text for text in cut if text]
        if not texts or list(texts) == cut:
            yield part
        elif shown:
            yield part.model_copy(
                update={"texts": shown} if isinstance(part, SearchResultContent) else {"text": shown[0]}
            )


def cut_warnings(tools: Sequence[ToolRun]) -> tuple[CallWarning, ...]:
    """Return the warnings about results that were cut, for the next response."""
    return tuple(
        CallWarning(
            code="dropped_content",
            message=f"{tool.left_out:,} characters of the result of {tool.call.name} were cut off. Return less, or "
            "raise RunLimits(result_chars=...)",
            parameter="limits.result_chars",
        )
        for tool in tools
        if tool.left_out
    )


def failure_of(one: PendingToolCall) -> Exception | None:
    """Return what the tool raised; for a result from elsewhere, an error with its text."""
    if one.outcome != "failed":
        return None
    if isinstance(one.finished, JobFailed):
        return one.finished.error
    text = "" if one.result is None else str(one.result.output)
    prefix = f"{one.call.name} failed: "
    return RuntimeError(text.removeprefix(prefix)) if text.startswith(prefix) else None


def first_failure(planned: Sequence[PendingToolCall]) -> ToolFailedError | None:
    """Return the first error of a tool, or None."""
    for one in planned:
        broke = failure_of(one)
        if broke is not None:
            error = ToolFailedError(f"the tool {one.call.name!r} raised {type(broke).__name__}: {broke}")
            error.__cause__ = broke
            return error
    return None


CLEANED_UP = 5.0
"""Longest time in seconds that the end of a stream waits for async tools that it has cancelled."""

A_WHILE = 3_600.0
"""Seconds after which a wait for an event begins again."""


class BackgroundWork:
    """Work that runs while its events are awaited: in a thread of sync code, else as a task."""

    def __init__(self, io: IO, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.woken = io.wakeup_event()
        self._work = work
        self._is_over = False
        self._error: BaseException | None = None
        self._step = io.spawn(self._run, self._end)

    async def _run(self) -> None:
        try:
            await self._work()
        except (Exception, SystemExit, KeyboardInterrupt, BaseExceptionGroup) as error:  # noqa: BLE001  # raised by `wait`
            self._error = error
        finally:
            self._end()

    def _end(self) -> None:
        self._is_over = True
        self.woken.set()

    async def wait(self, events: Collection[Any]) -> bool:
        """Wait until there are events, or until the work has ended; return whether it has, or raise its error."""
        while not events and not self._is_over:
            await self.woken.wait(A_WHILE)
        if self._is_over and self._error is not None:
            raise self._error
        return self._is_over

    def cancel(self) -> None:
        """Cancel the work, without waiting for its end."""
        self._step.cancel()

    async def close(self) -> None:
        """Cancel the work. Threads that cannot be interrupted are left to end by themselves."""
        self.cancel()
        await self._step.join(0.2 if self._step.blocking else CLEANED_UP)


def with_decisions(run: Run[Any], decisions: Mapping[str, Any], path: str) -> Run[Any]:
    """Return the run of an agent with the decisions on its calls, which have its id before their own."""
    own = {call_id.removeprefix(path): value for call_id, value in decisions.items() if call_id.startswith(path)}
    merged = {**run.record.decisions, **own}
    return replace(run, record=run.record.model_copy(update={"decisions": merged}))


def match_earlier(calls: Sequence[ToolCallContent], earlier: Sequence[ToolRun]) -> list[ToolRun | None]:
    """Return what happened to each call before; ids may repeat, so the place counts too."""
    return [
        earlier[index] if index < len(earlier) and earlier[index].call.id == call.id else None
        for index, call in enumerate(calls)
    ]
