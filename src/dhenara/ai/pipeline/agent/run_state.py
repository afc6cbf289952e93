"""State of a run, its events, the next request made from them, and requests that are steps of a durable engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any, TypeVar

from pydantic import BaseModel

from ...errors import CallError, ConfigurationError, SavedRunError
from ...history.preparation import repair_history, truncate_history
from ...response.deltas import ChunkBuilder, to_error_event
from ...types.chat.cost import total_cost
from ...types.chat.delta import TextDelta
from ...types.chat.message import Message
from ...types.chat.report import CallWarning
from ...types.chat.response import AIModelCallResponse
from ...types.chat.run import (
    AgentEvent,
    NextStage,
    OutputGrew,
    RepairStarted,
    Run,
    RunRecord,
    Step,
    StepAnswered,
    StepStarted,
    Stopped,
    ToolEnded,
    ToolRun,
    ToolStarted,
)
from ...types.chat.stream import SSEErrorResponse, StreamingChatResponse
from ...types.chat.usage import total_usage
from ...types.config.call import Call, CallJournal
from ...types.content.media import TextContent
from ..pipeline import Pipeline
from ..streaming.stream import Batch, Stream
from ..streaming.structured_output import PartialOutputReader
from .toolbox import find_unanswered_calls, unrun_calls

RunEvent = (
    StreamingChatResponse
    | SSEErrorResponse
    | StepStarted
    | StepAnswered
    | ToolStarted
    | ToolEnded
    | RepairStarted
    | OutputGrew
    | AgentEvent
)
"""All events of a run."""


def answers_of(run: Run[Any]) -> Iterator[Any]:
    """Yield the responses of a run and of its agents."""
    for step in run.steps:
        if step.number:
            yield step.response.chat_response
        for tool in step.tools:
            if tool.run is not None:
                yield from answers_of(tool.run)


M = TypeVar("M", bound=BaseModel)


class RunState:
    """`messages` is the whole history, `added` what this run added to it."""

    def __init__(self, messages: Sequence[Message], record: RunRecord, *, stored: bool = False) -> None:
        self.stored = stored
        self.messages: list[Message] = list(messages)
        self.added: list[Message] = []
        self.output: Any = None
        self.steps: list[Step] = []
        self.record = record
        self.decisions: dict[str, Any] = dict(record.decisions)
        self.was_pending = False
        """Whether the run was saved while calls were pending, so that the others were reported as ended."""

    def restore(self, run: Run[Any]) -> None:
        """Go on from a saved run. An answer that broke off is left out of the history, but its step is counted."""
        self.messages, self.added, self.steps = list(run.messages), list(run.added), list(run.steps)
        self.output, self.decisions = run.output, dict(run.record.decisions)
        self.was_pending = run.stopped == "pending"
        last = self.steps[-1] if self.steps else None
        answer = last.response.chat_response if last is not None and last.number else None
        if answer is not None and answer.interrupted:
            if answer.tool_calls:
                self._take_back("tool")
            if answer.contents:
                self._take_back("assistant")
        elif run.record.next in ("tools", None) and last is not None and last.tools:
            self._take_back("tool")  # added again with the results that are missing

    def _take_back(self, role: str) -> None:
        """Remove the last message if the run added it and it has this role."""
        if self.added and self.messages and self.messages[-1].role == role == self.added[-1].role:
            self.messages.pop()
            self.added.pop()

    @property
    def awaits_tools(self) -> bool:
        """Whether tool calls of the last step have no result in the history yet."""
        return bool(self.steps and self.steps[-1].tools and (not self.added or self.added[-1].role != "tool"))

    @property
    def next_number(self) -> int:
        """Number of the next request; tools that ran before the first request have number 0."""
        return sum(step.number > 0 for step in self.steps) + 1

    @property
    def number(self) -> int:
        """Number of the last request, 0 before the first one."""
        return self.next_number - 1

    def start_resumed(self) -> None:
        """Add step 0 for tool calls of an earlier response."""
        if not self.steps:
            self.steps.append(Step(number=0, response=AIModelCallResponse()))

    def add_response(self, response: AIModelCallResponse) -> int:
        """Add a response to the history, with results for calls that may not run, and return its number."""
        number, answer = self.next_number, response.chat_response
        self.steps.append(Step(number=number, response=response))
        if answer.contents:
            self.add_message(answer.to_message())
        if unrun := unrun_calls(answer):
            self.add_tool_runs(unrun)
        return number

    def add_tool_runs(self, tools: Sequence[ToolRun]) -> None:
        """Record the tool runs of the last response and add their results to the history."""
        self.steps[-1] = self.steps[-1].model_copy(update={"tools": list(tools)})
        for tool in tools:
            if tool.outcome not in ("pending", "unrun") or tool.unclear or tool.result is not None:
                self._forget_decisions(tool.call.id)
        results = [one.result for one in tools if one.result is not None]
        if results:
            self.add_message(Message(role="tool", contents=list(results)))

    def _forget_decisions(self, call_id: str) -> None:
        """Forget the decisions on a call and on those of its agent, because a model may use the id again."""
        for known in [name for name in self.decisions if name == call_id or name.startswith(f"{call_id}/")]:
            del self.decisions[known]

    def add_message(self, message: Message) -> None:
        self.messages.append(message)
        self.added.append(message)

    def repair_history(self) -> tuple[CallWarning, ...]:
        """Repair the history and return warnings about the changes."""
        history, repairs = repair_history(self.messages, stored=self.stored)
        self.messages = list(history)
        return repairs

    def run(
        self,
        stopped: Stopped,
        used: Mapping[str, Any],
        unfinished: Sequence[ToolRun] = (),
        arriving: AIModelCallResponse | None = None,
    ) -> Run[Any]:
        """Return the run so far.

        Args:
            stopped: Why it ended.
            used: What it has used of its limits, and what it does next: fields of its record.
            unfinished: The tool calls that are running, with the results that there are.
            arriving: What there is of an answer that is arriving.
        """
        if unfinished or arriving is not None:
            copy = RunState(self.messages, self.record, stored=self.stored)
            copy.added, copy.steps, copy.decisions = list(self.added), list(self.steps), dict(self.decisions)
            if unfinished:
                copy.add_tool_runs(unfinished)
            if arriving is not None:
                copy.add_response(arriving)
            return copy.run(stopped, used)
        record = self.record.model_copy(update={**used, "decisions": dict(self.decisions)})
        run: Run[Any] = Run(
            steps=tuple(self.steps),
            messages=tuple(self.messages),
            stopped=stopped,
            output=self.output,
            added=tuple(self.added),
            record=record,
        )
        answers = list(answers_of(run))
        usage, cost = total_usage(one.usage for one in answers), total_cost(one.cost for one in answers)
        return replace(run, usage=usage, cost=cost)


def next_call(
    call: Call,
    state: RunState,
    deadline: float | None,
    before: Sequence[CallWarning] = (),
    instructions: Sequence[object] = (),
) -> Call:
    """Return the first call with the current history, repaired and truncated.

    Args:
        call: The first call.
        state: State of the run.
        deadline: Deadline of the request.
        before: Warnings that were not reported yet.
        instructions: The instructions with the functions among them; none if all are texts.
    """
    repairs = state.repair_history()
    stored, left_out = truncate_history(tuple(state.messages), call.instructions, call.config)
    made = replace(
        call, messages=stored, deadline=deadline, journal=CallJournal(warnings=(*before, *repairs, *left_out))
    )
    return cache_fixed_instructions(made, instructions)


def cache_fixed_instructions(call: Call, instructions: Sequence[object]) -> Call:
    """Return the call with its cache mark after the texts before the first function, which may return others later.

    Only where the prompt cache of the instructions is wanted: the mark would otherwise stand after all of them.
    """
    cache, fixed = call.config.prompt_cache, list(takewhile(lambda one: isinstance(one, str), instructions))
    if cache is None or not cache.instructions or not fixed:
        return call
    parts = [TextContent(text=text) for text in call.instructions]
    marked = len(fixed) - 1
    parts[marked] = parts[marked].model_copy(update={"cache": cache.lifetime})
    system = Message.model_validate({"role": "system", "contents": parts})
    unmarked = cache.model_copy(update={"instructions": False})
    config = call.config.model_copy(update={"prompt_cache": unmarked})
    return replace(call, instructions=(), messages=(system, *call.messages), config=config)


def relax_tool_choice(call: Call) -> Call:
    """Require a tool only once: if `required` were kept, the run would never get a final response."""
    choice = call.config.tool_choice
    if choice is None or choice.mode != "required":
        return call
    freed = choice.model_copy(update={"mode": "auto"}) if choice.names else None
    return replace(call, config=call.config.model_copy(update={"tool_choice": freed}))


class ResponseListener:
    """Yields run events for one response; `pull` returns the response at the end."""

    def __init__(self, pipeline: Pipeline, call: Call, stream: Stream) -> None:
        self._pipeline = pipeline
        self._call = call
        self.stream = pipeline.check_stream(stream)
        self._chunker = ChunkBuilder(pipeline.target.origin)
        shape = call.config.structured_output
        self._growing = None if shape is None else PartialOutputReader(shape)

    async def pull(self) -> list[RunEvent] | AIModelCallResponse:
        """Return the next events; the response when there are none left."""
        try:
            batch = await self.stream.pull()
        except CallError as error:
            error.attempts = tuple(self._call.journal.attempts)
            return [to_error_event(error)]
        if batch is None:
            return self.partial_response()
        return list(self._events(batch))

    def partial_response(self) -> AIModelCallResponse:
        """Return the response received so far."""
        return self._pipeline.report(self._call, self.stream.partial())

    def _events(self, batch: Batch) -> Iterator[RunEvent]:
        if (chunk := self._chunker.chunk(batch)) is not None:
            yield chunk
        texts = [delta.text for delta in batch if isinstance(delta, TextDelta) and not delta.choice]
        if self._growing is None or not texts:
            return
        self._growing.add("".join(texts))
        if self._growing.has_new_value() and (output := self._growing.output()) is not None:
            yield OutputGrew(output)


def next_stage(saved: Run[Any], state: RunState) -> NextStage:
    """Return what a saved run does next."""
    if saved.stopped == "answered":
        return "end"
    if find_unanswered_calls(state.messages):
        return "tools"
    last = state.steps[-1].response.chat_response if state.steps and state.steps[-1].number else None
    is_answer = bool(state.added) and state.added[-1].role == "assistant"
    is_complete = is_answer and last is not None and not last.interrupted and last.finish_reason != "pause"
    return "finish" if is_complete or saved.record.next == "finish" else "request"


def check_resumable(saved: Run[Any], record: RunRecord, call: Call) -> None:
    """Raise if something that the saved run had is not passed again."""
    missing = [name for name in saved.record.tools if name not in record.tools]
    if missing:
        raise SavedRunError(
            f"the saved run has the tool {missing[0]!r}, which is missing here. Pass tools=[...] with "
            f"{', '.join(missing)}, as when the run was started."
        )
    lost = [name for name in saved.record.functions if name not in record.functions]
    if lost:
        raise SavedRunError(f"the saved run has {lost[0]} that are functions. Pass {lost[0]}= again.")
    if saved.record.output is not None and call.config.structured_output is None:
        raise SavedRunError(
            f"the saved run has an output of the type {saved.record.output!r}, which is missing here. Pass "
            f"output={saved.record.output}."
        )


async def answer_in_step(
    perform: Callable[..., Awaitable[str]], key: str, send: Callable[[], Awaitable[AIModelCallResponse]]
) -> AIModelCallResponse:
    """Send a request through the hook of the user, which may return an answer that it has.

    Args:
        perform: The hook.
        key: Key of the step.
        send: Sends the request.
    """
    live: list[AIModelCallResponse] = []

    async def do() -> str:
        live.append(await send())
        return live[-1].model_dump_json(exclude={"response_headers"})

    text = await perform("request", key, do)
    return live[-1] if live else read_step(AIModelCallResponse, text, key)


def read_step(kind: type[M], text: str, key: str) -> M:
    """Return the result of a step from the text that the hook of the user kept."""
    try:
        result = kind.model_validate_json(text)
        if isinstance(result, AIModelCallResponse) and result.chat_response is None:
            raise ValueError("it has no answer")
    except ValueError as error:
        raise ConfigurationError(
            f"step {key} returned another text than its do() ({error}). Return the text unchanged, and keep it under "
            "the key of the step and the id of the run."
        ) from error
    return result
