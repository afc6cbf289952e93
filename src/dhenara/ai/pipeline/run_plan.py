"""The plan of a run: what the user decided before it began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any, Literal

from ..dataclass import dataclass
from ..types.run import OutputGrew, RepairStarted, Run, RunLimits, StepAnswered, StepStarted, ToolEnded, ToolStarted
from ..types.sse import SSEErrorResponse, StreamingChatResponse
from .toolbox import Approve

RunEvent = (
    StreamingChatResponse
    | SSEErrorResponse
    | StepStarted
    | StepAnswered
    | ToolStarted
    | ToolEnded
    | RepairStarted
    | OutputGrew
)
"""Everything that a run may tell while it goes on."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """`tool_errors` says whether the model is told of an error or the run ends with it; `repairs` is how often it
    may correct an object that is not right. `on_end` is given the run when it is over, however it ended."""

    limits: RunLimits = field(default_factory=RunLimits)
    approve: Approve | None = None
    tool_errors: Literal["tell", "raise"] = "tell"
    repairs: int = 1
    on_event: Callable[[RunEvent], None] | None = None
    on_end: Callable[[Run[Any]], object] | None = None
    streaming: bool = False
