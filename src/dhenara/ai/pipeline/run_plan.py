"""The settings of a run."""

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
"""All events of a run."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Settings of a run.

    Attributes:
        limits: Limits of the run.
        approve: Decides on calls of tools that need approval.
        tool_errors: `"tell"` sends a tool's error to the model, `"raise"` ends the run with it.
        repairs: How often the model may correct invalid structured output.
        on_event: Called with each event.
        on_end: Called with the run when it has ended, for whatever reason.
        streaming: Whether responses are streamed.
    """

    limits: RunLimits = field(default_factory=RunLimits)
    approve: Approve | None = None
    tool_errors: Literal["tell", "raise"] = "tell"
    repairs: int = 1
    on_event: Callable[[RunEvent], None] | None = None
    on_end: Callable[[Run[Any]], object] | None = None
    streaming: bool = False
