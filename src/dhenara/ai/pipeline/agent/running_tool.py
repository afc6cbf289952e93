"""What surrounds the function of a tool: its call, its duration and its trace, and what its result and error become."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from ...errors import ToolFailedError
from ...io.protocol import JobDone, JobFailed, Outcome
from ...types.chat.report import CallWarning
from ...types.chat.run import ToolRun
from ...types.content.parts import Content, SearchResultContent, TextContent, ToolCallContent, ToolResultContent
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


def first_failure(failed: Sequence[tuple[PendingToolCall, Exception]]) -> ToolFailedError | None:
    """Return the first error, or None."""
    if not failed:
        return None
    planned, broke = failed[0]
    error = ToolFailedError(f"the tool {planned.call.name!r} raised {type(broke).__name__}: {broke}")
    error.__cause__ = broke
    return error
