"""Response builder: deltas in, a response out. Used for streamed and complete responses alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..types.chat.cost import Cost
from ..types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    ErrorDelta,
    FileDelta,
    FinishDelta,
    LogprobsDelta,
    MediaDelta,
    Part,
    PartDelta,
    ReasoningDelta,
    RefusalDelta,
    ResponseStart,
    ResultDelta,
    ServerToolDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
    WarningDelta,
)
from ..types.chat.report import CallWarning, Result
from ..types.chat.response import ANSWER, CHOICE, ChatResponse, ChatResponseChoice
from ..types.chat.usage import Usage
from ..types.content.parts import ContentItem, Origin, ServerToolContent
from .part_builders import (
    MediaPartBuilder,
    PartBuilder,
    ReasoningPartBuilder,
    RefusalPartBuilder,
    ReplacingPartBuilder,
    ServerToolPartBuilder,
    TextPartBuilder,
    ToolCallPartBuilder,
)

# Names of tools, as providers report them and as they stand in answers, and the unit that is billed for a call.
# Other tools cost only their tokens.
TOOL_UNITS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"web_search(?!_tool_result)|google_search_call|nova_grounding|browser_search"), "web_searches"),
    (re.compile(r"^x_|view_x"), "social_searches"),
    (re.compile(r"file_search|collections_search|document_search"), "storage_searches"),
    (re.compile(r"code_interpreter"), "code_sessions"),
    (re.compile(r"image_generation"), "image_generations"),
)

SEARCHES_OF_GROQ = "search_results"
"""The field of a tool call that is a web search, whose name says only `search`."""

MCP = ("mcp_tool_use", "mcp_call")
"""Types of calls of MCP servers: their tools may have any name, and cost only their tokens."""


def unit_of(tool: str) -> str | None:
    """Return the unit that is billed for calls of this tool; None for no unit."""
    return next((unit for pattern, unit in TOOL_UNITS if pattern.search(tool)), None)


def with_tool_units(usage: Usage, contents: Iterable[ContentItem]) -> Usage:
    """Return the usage with the units of the tools that the provider ran.

    A unit that the provider reports is taken from the report, also if the report says zero; other units are counted
    from the answer, and named in `counted`.

    Args:
        usage: The usage as the provider reported it.
        contents: The parts of the answer.
    """
    calls = [part for part in contents if isinstance(part, ServerToolContent)]
    if (not calls and not usage.server_tool_requests) or not usage.known:
        return usage
    reported = reported_units(usage.server_tool_requests)
    known = {*usage.units, *reported}
    counted = {unit: count for unit, count in counted_units(calls).items() if unit not in known}
    units = {**usage.units, **{unit: count for unit, count in {**reported, **counted}.items() if count}}
    if units == usage.units:
        return usage
    return usage.model_copy(update={"units": units, "counted": (*usage.counted, *filter(counted.get, counted))})


def reported_units(requests: Mapping[str, int]) -> dict[str, float]:
    units: dict[str, float] = {}
    for tool, count in requests.items():
        if unit := unit_of(tool):
            units[unit] = units.get(unit, 0.0) + count
    return units


def counted_units(calls: Iterable[ServerToolContent]) -> dict[str, float]:
    """Count calls by unit. Of web searches, steps such as opening a page are free; a container counts once."""
    units: dict[str, float] = {}
    containers: set[Any] = set()
    for call in calls:
        unit = "web_searches" if SEARCHES_OF_GROQ in call.data else unit_of(call.name)
        if unit is None or call.data.get("type") in MCP or not is_billed_step(call.data):
            continue
        if unit == "code_sessions":
            container = str(call.data.get("container_id"))
            if container in containers:
                continue
            containers.add(container)
        units[unit] = units.get(unit, 0.0) + 1
    return units


def is_billed_step(data: Mapping[str, Any]) -> bool:
    """Whether the step of a web search is a search, which it is unless its action says otherwise."""
    action = data.get("action")
    return not isinstance(action, Mapping) or action.get("type", "search") == "search"


PART_BUILDERS: dict[type, Callable[[], PartBuilder]] = {
    TextDelta: TextPartBuilder,
    CitationDelta: TextPartBuilder,
    ReasoningDelta: ReasoningPartBuilder,
    RefusalDelta: RefusalPartBuilder,
    ToolCallDelta: ToolCallPartBuilder,
    ServerToolDelta: ServerToolPartBuilder,
    MediaDelta: MediaPartBuilder,
    ContentDelta: ReplacingPartBuilder,
}


ABOUT_COUNTS = ("provider_warning", "usage")
"""Code and parameter of a warning about the token counts that were reported just before it."""

UNFINISHED = "the stream ended before the provider said that the answer was complete"


@dataclass(slots=True, eq=False)
class ChoiceBuilder:
    """Builds one choice: its parts in the order in which they first appeared."""

    part_builders: dict[Part, PartBuilder] = field(default_factory=dict)
    logprobs: list[dict[str, Any]] | None = None
    end: FinishDelta | None = None

    def new_part(self, delta: PartDelta) -> PartBuilder:
        """Start a new part for a delta that does not fit the part it names."""
        place = f"{delta.part} {type(delta).__name__}" if delta.part in self.part_builders else delta.part
        return self.part_builders.setdefault(place, PART_BUILDERS[delta.__class__]())

    def choice(self, index: int, origin: Origin | None) -> ChatResponseChoice:
        """Return the choice as it is now."""
        end, logprobs = self.end, self.logprobs
        return CHOICE.make(
            {
                "index": index,
                "contents": self.contents(origin),
                "finish_reason": end and end.reason,
                "raw_finish_reason": end and end.raw,
                "stop_sequence": end and end.stop_sequence,
                "finish_message": end and end.message,
                "logprobs": None if logprobs is None else list(logprobs),
            }
        )

    def contents(self, origin: Origin | None) -> list[ContentItem]:
        contents: list[ContentItem] = []
        for part_builder in self.part_builders.values():
            content = part_builder.close(origin)
            if content is not None:
                contents.append(content)
        return contents


Shaper = Callable[[ChatResponseChoice], ChatResponseChoice]
"""Converts a choice to the requested structured output."""


@dataclass(slots=True, eq=False)
class ResponseBuilder:
    """Builds a response from deltas; the response so far is available at any time."""

    origin: Origin | None = None
    price: Callable[[ChatResponse], Cost | None] | None = None
    """Calculates the cost when it is first read."""

    shape: Shaper | None = None
    texts: list[str] | None = None
    """Text pieces of the first choice that were not read yet; None if they are not read."""

    _choices: dict[int, ChoiceBuilder] = field(default_factory=dict)
    _id: str | None = None
    _model: str | None = None
    _usage: Usage | None = None
    _warnings: list[CallWarning] = field(default_factory=list)
    _extras: dict[str, Any] = field(default_factory=dict)
    _result: Result | None = None
    _terminal: bool = False
    _error: Exception | None = None
    _built: ChatResponse | None = None
    """The response so far, until something is added: layers and the caller read the same one."""

    def add(self, delta: Delta) -> None:
        self.add_all((delta,))

    def add_all(self, batch: Iterable[Delta]) -> None:
        """Add the deltas of an event."""
        self._built = None
        for delta in batch:
            kind = delta.__class__
            if kind in APPLY:
                APPLY[kind](self, delta)
                continue
            part: PartDelta = delta  # type: ignore[assignment]  # all other deltas are PartDeltas
            choice = self._choices[part.choice] if part.choice in self._choices else self._choice(part.choice)
            builders = choice.part_builders
            if part.part in builders and kind in builders[part.part].accepts:
                builders[part.part].add(part)
            else:
                choice.new_part(part).add(part)
            if self.texts is not None and not part.choice and isinstance(part, TextDelta):
                self.texts.append(part.text)

    @property
    def complete(self) -> bool:
        """Whether the protocol sent its end marker and nothing failed."""
        return self._terminal and self._error is None

    @property
    def has_started(self) -> bool:
        """Whether any content was received."""
        return bool(self._choices)

    @property
    def error(self) -> Exception | None:
        return self._error

    def fail(self, error: Exception) -> None:
        """Record the error that interrupted the response; the first one counts."""
        self._built = None
        self._error = self._error or error

    def response(self) -> ChatResponse:
        """Return the response so far, marked as interrupted unless it is complete."""
        if self._built is None:
            self._built = self._build()
        return self._built

    def _build(self) -> ChatResponse:
        # Content that precedes a result is not a part of it.
        indices = sorted(self._choices) if self._result is None else ()
        choices = [self._choices[index].choice(index, self.origin) for index in indices]
        if self.shape is not None:
            is_complete = self.complete  # some providers never send a finish reason
            choices = [self.shape(choice) if is_complete or choice.finish_reason else choice for choice in choices]
        is_complete, usage = self.complete, self._usage
        if usage is not None:
            usage = with_tool_units(usage, [part for choice in choices for part in choice.contents])
        answer = ANSWER.make(
            {
                "id": self._id,
                "model": self._model,
                "provider": self.origin.provider if self.origin else None,
                "choices": choices,
                "usage": Usage.unknown() if usage is None else usage,
                "warnings": list(self._warnings),
                "interrupted": not is_complete,
                "error": None if is_complete else str(self._error or UNFINISHED),
                "extras": dict(self._extras),
            }
        )
        return answer.with_pricing(self.price) if usage else answer

    def result(self, **facts: Any) -> Result | None:
        """Return the result of an operation other than chat, if it was received, with these fields about the call."""
        if self._result is None:
            return None
        answer = self.response()
        known = {name: getattr(answer, name) for name in ("id", "model", "provider", "usage", "warnings")}
        extras = {**self._result.extras, **self._extras}
        made = self._result.model_copy(update={**known, "extras": extras, **facts})
        return made.with_pricing(lambda _: answer.cost) if self._usage else made

    def _choice(self, index: int) -> ChoiceBuilder:
        choices = self._choices
        if index not in choices:
            choices[index] = ChoiceBuilder()
        return choices[index]

    def _on_start(self, delta: ResponseStart) -> None:
        self._id = self._id or delta.id or None
        # A provider may switch to another model while answering; the last one counts.
        self._model = delta.model or self._model
        if delta.extras:
            self._extras.update(delta.extras)

    def _on_usage(self, delta: UsageDelta) -> None:
        """Keep the last report; a warning about an earlier one does not hold for it."""
        self._usage = delta.usage
        if self._warnings:
            self._warnings = [one for one in self._warnings if (one.code, one.parameter) != ABOUT_COUNTS]

    def _on_result(self, delta: ResultDelta) -> None:
        self._result = delta.result

    def _on_finish(self, delta: FinishDelta) -> None:
        self._choice(delta.choice).end = delta

    def _on_logprobs(self, delta: LogprobsDelta) -> None:
        choice = self._choice(delta.choice)
        if choice.logprobs is None:
            choice.logprobs = []
        choice.logprobs.extend(delta.tokens)

    def _on_stream_end(self, delta: StreamEnd) -> None:
        self._terminal = True

    def _on_error(self, delta: ErrorDelta) -> None:
        self.fail(delta.error)

    def _on_file(self, delta: FileDelta) -> None:
        """Not stored, because a file may be larger than memory."""

    def _on_warning(self, delta: WarningDelta) -> None:
        if delta.warning not in self._warnings:
            self._warnings.append(delta.warning)


APPLY: dict[type, Callable[[ResponseBuilder, Any], None]] = {
    ResponseStart: ResponseBuilder._on_start,
    UsageDelta: ResponseBuilder._on_usage,
    ResultDelta: ResponseBuilder._on_result,
    FinishDelta: ResponseBuilder._on_finish,
    LogprobsDelta: ResponseBuilder._on_logprobs,
    StreamEnd: ResponseBuilder._on_stream_end,
    ErrorDelta: ResponseBuilder._on_error,
    WarningDelta: ResponseBuilder._on_warning,
    FileDelta: ResponseBuilder._on_file,
}


def build_response(deltas: Iterable[Delta], origin: Origin | None = None) -> ChatResponse:
    """Build a response from all of its deltas."""
    builder = ResponseBuilder(origin)
    builder.add_all(deltas)
    return builder.response()
