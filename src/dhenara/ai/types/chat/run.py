"""A run: the requests, tool calls and repairs from the prompt to the final answer; and runs as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError, field_validator

from ...errors import ConfigurationError, SavedRunError
from ...output_files import require_path, save_output
from ...wire import json
from ..content.parts import ToolCallContent, ToolResultContent
from ..display import ShortRepr, Shown, ShownAsText
from ..model_base import FrozenModel
from .cost import Cost
from .message import AnswerParts, Message, Text
from .response import AIModelCallResponse, ChatResponse
from .run_parts import (
    AgentEvent as AgentEvent,
    Decision as Decision,
    Limit as Limit,
    NextStage as NextStage,
    OutputGrew as OutputGrew,
    RepairStarted as RepairStarted,
    RunLimits as RunLimits,
    RunRecord as RunRecord,
    StepAnswered as StepAnswered,
    StepStarted as StepStarted,
    Stopped as Stopped,
    ToolEnded as ToolEnded,
    ToolOutcome as ToolOutcome,
    ToolStarted as ToolStarted,
    check_decision,
    output_data,
    read_decisions,
)
from .usage import ReportedUsage, Usage

T = TypeVar("T")
InnerRun = Annotated[
    Any,
    BeforeValidator(lambda given: read_inner_run(given)),
    PlainSerializer(lambda run: None if run is None else SavedRun.of(run).dump()),
]
"""The run of a tool, or of a turn of a conversation, as JSON in theirs."""


class ToolRun(FrozenModel):
    """A tool call and its outcome; a pending one has no result yet.

    Attributes:
        call: The tool call.
        outcome: What happened to the call.
        result: The result that the model gets. None while the call is pending.
        seconds: Duration in seconds.
        needs_approval: Whether a pending call needs approval. False: the caller has to run it.
        arguments: The arguments that the tool was run with, if the approval changed them.
        unclear: Whether the call of a tool with `once=True` was begun earlier and left no result. It may have run, so
            it is pending until it is decided.
        run: The run of an agent that is a tool.
        left_out: Characters of the result that were cut off, by `RunLimits.result_chars`.
    """

    call: ToolCallContent
    outcome: ToolOutcome
    result: ToolResultContent | None = None
    seconds: float = 0.0
    needs_approval: bool = False
    arguments: dict[str, Any] | None = None
    unclear: bool = False
    left_out: int = 0
    if TYPE_CHECKING:
        run: Run[Any] | None = None
    else:
        run: InnerRun = None


class Step(FrozenModel):
    """One request of a run, with its response and tool calls.

    Attributes:
        number: Number of the request, from 1; 0 for tool calls that were pending when the run started.
        response: The response.
        tools: Tool calls of the response, with their outcomes.
    """

    number: int
    response: AIModelCallResponse
    tools: list[ToolRun] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, repr=False)
class Run(ShownAsText, AnswerParts, ShortRepr, Generic[T]):
    """The result of a run.

    Attributes:
        steps: The requests, in order.
        messages: The whole conversation; pass it to the next run to continue.
        stopped: Why the run ended.
        output: The structured output, if requested.
        usage: Token counts of all requests, with those of agents that are tools.
        cost: Cost of all requests, with those of agents that are tools.
        added: Messages that the run created: answers, tool results and repair requests.
        record: What is needed to resume the run: its id, limits and what it has used of them, decisions.
    """

    steps: tuple[Step, ...]
    messages: tuple[Message, ...]
    stopped: Stopped
    output: T
    usage: Usage = field(default_factory=Usage)
    cost: Cost = field(default_factory=Cost)
    added: tuple[Message, ...] = ()
    record: RunRecord = field(default_factory=RunRecord)

    @property
    def response(self) -> ChatResponse | None:
        """The last response."""
        return self.steps[-1].response.chat_response if self.steps else None

    @property
    def tools(self) -> list[ToolRun]:
        """All tool calls of all steps."""
        return [tool for step in self.steps for tool in step.tools]

    @property
    def pending(self) -> list[ToolCallContent]:
        """Tool calls that need approval, or that the caller has to run. Calls of an agent that is a tool have the id
        of its call before their own: `"call_1/call_7"`.
        """
        return [tool.call for tool in self.pending_tools]

    @property
    def pending_tools(self) -> list[ToolRun]:
        """The same calls with what there is to know of them, such as `needs_approval` and `unclear`."""
        return [tool for step in self.steps[-1:] for one in step.tools for tool in find_pending(one)]

    @property
    def text(self) -> Text:
        """The text of the last response; empty before the first one."""
        return self.response.text if self.response else Text()

    def _shown(self) -> Shown:
        yield None, self.text
        yield "output", self.output
        yield "steps", len(self.steps)
        yield "tools", [tool.call.name for tool in self.tools]
        yield "stopped", self.stopped
        yield "usage", self.usage

    @property
    def parsed(self) -> T:
        """The structured output; the same as `output`."""
        return self.output

    def _answer(self) -> ChatResponse | None:
        return self.response

    def decide(self, decisions: Mapping[str, Decision]) -> Run[T]:
        """Return the run with decisions on pending calls, for `resume=`.

        Args:
            decisions: By the id of the call: True runs it, False or a text (the reason) declines it, a dict runs it
                with these arguments, and a `ToolResultContent` is its result.

        Returns:
            The run with these decisions added to earlier ones.

        Raises:
            ConfigurationError: There is no such pending call, or the decision does not fit it.
        """
        pending = self.pending_tools
        for call_id, decision in read_decisions(decisions):
            check_decision(call_id, decision, [tool for tool in pending if tool.call.id == call_id], pending)
        merged = {**self.record.decisions, **decisions}
        return replace(self, record=self.record.model_copy(update={"decisions": merged}))

    def to_json(self) -> bytes:
        """Return the run as JSON for `from_json` and `resume=`: at any time, without keys, functions and HTTP headers.

        Returns:
            The JSON, with the version of its format.
        """
        return json.dumps(SavedRun.of(self).dump())

    @staticmethod
    def from_json(saved: str | bytes) -> Run[Any]:
        """Return a run from the JSON of `to_json`. Its structured output is plain data.

        Args:
            saved: The JSON.

        Returns:
            The run.

        Raises:
            SavedRunError: The JSON is damaged, or of a newer version.
        """
        return read_saved_run(saved)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save the run as JSON for `load`. A file with an earlier state of this run is replaced.

        Args:
            path: The file.
            overwrite: Whether to replace any other file too (default False).

        Raises:
            OutputExistsError: If the file exists and holds something else.
            ConfigurationError: If it cannot be written.
        """
        target = require_path("Run.save(path)", path).resolve()
        save_output(target, self.to_json(), overwrite=overwrite or self._is_in(target))

    @staticmethod
    def load(path: str | Path) -> Run[Any]:
        """Return a saved run.

        Args:
            path: The file.

        Returns:
            The run.

        Raises:
            SavedRunError: The file cannot be read, is damaged, or of a newer version.
        """
        file = require_path("Run.load(path)", path)
        try:
            return read_saved_run(file.read_bytes())
        except OSError as error:
            raise SavedRunError(f"file {path} cannot be read: {error.strerror}") from error

    def _is_in(self, path: Path) -> bool:
        """Whether the file holds this run."""
        try:
            return (
                path.is_file()
                and bool(self.record.id)
                and read_saved_run(path.read_bytes()).record.id == self.record.id
            )
        except (SavedRunError, OSError):
            return False


def find_pending(tool: ToolRun) -> list[ToolRun]:
    """Return the tool call if it is pending; of an agent, the pending calls of its run."""
    if tool.outcome != "pending":
        return []
    if tool.run is None:
        return [tool]
    prefix = f"{tool.call.id}/"
    return [
        one.model_copy(update={"call": one.call.model_copy(update={"id": prefix + one.call.id})})
        for one in tool.run.pending_tools
    ]


VERSION = 1
"""Version of the format of saved runs. Higher versions are not read."""

NOT_SAVED = {"steps": {"__all__": {"response": {"response_headers"}}}}
"""HTTP headers may hold cookies."""


class SavedRun(FrozenModel):
    """The JSON format of runs."""

    version: int = Field(VERSION, ge=1, strict=True)
    stopped: Stopped
    messages: list[Message]
    added: int | list[Message]
    """The messages that the run added; how many, if they are the last ones."""

    steps: list[Step]
    usage: ReportedUsage
    cost: Cost
    record: RunRecord

    @field_validator("steps")
    @classmethod
    def _has_answers(cls, steps: list[Step]) -> list[Step]:
        if any(step.number and step.response.chat_response is None for step in steps):
            raise ValueError("a step has no answer")
        return steps

    @classmethod
    def of(cls, run: Run[Any]) -> SavedRun:
        added, messages = list(run.added), list(run.messages)
        is_tail = not added or messages[-len(added) :] == added
        return cls.model_construct(
            version=VERSION,
            stopped=run.stopped,
            messages=messages,
            added=len(added) if is_tail else added,
            steps=list(run.steps),
            usage=run.usage,
            cost=run.cost,
            record=run.record,
        )

    def dump(self) -> Any:
        return self.model_dump(mode="json", exclude=NOT_SAVED)

    def to_run(self) -> Run[Any]:
        added = self.messages[len(self.messages) - self.added :] if isinstance(self.added, int) else self.added
        return Run(
            steps=tuple(self.steps),
            messages=tuple(self.messages),
            stopped=self.stopped,
            output=output_data(self.steps) if self.stopped == "answered" else None,
            usage=self.usage,
            cost=self.cost,
            added=tuple(added),
            record=self.record,
        )


def read_saved_run(saved: str | bytes) -> Run[Any]:
    """Return the run in a JSON text; raise `SavedRunError` if it is damaged or of a newer version."""
    if not isinstance(saved, str | bytes | bytearray):
        raise ConfigurationError(f"it must be the JSON of a run, str or bytes, not {type(saved).__name__}")
    try:
        given = json.loads(saved)
        version = given.get("version") if isinstance(given, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise SavedRunError(
                f"the saved run has version {version} of the format; this release reads up to version {VERSION}. "
                "Update dhenara, or resume the run where it was saved."
            )
        return SavedRun.model_validate_json(saved).to_run()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the beginning"
        raise SavedRunError(f"not a valid saved run: {first['msg']} at {where}") from error
    except ValueError as error:
        if isinstance(error, SavedRunError):
            raise
        raise SavedRunError(f"not a valid saved run: {error}") from error


def read_inner_run(given: Any) -> Any:
    """Read the run in the JSON of something else: of a tool, or of a turn of a conversation."""
    run = read_saved_run(json.dumps(given)) if isinstance(given, Mapping) else given
    if run is not None and not isinstance(run, Run):
        raise ValueError(f"run must be a Run, not {type(run).__name__}")  # pydantic expects a ValueError
    return run
