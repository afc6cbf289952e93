"""Types of the keyword arguments of `run` and its variants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict

from ..history.parsing import MessageLike
from ..pipeline.agent.run_state import RunEvent
from ..pipeline.agent.toolbox import Approve
from ..types.chat.run import Run, RunLimits
from ..types.config.call import AIModelCallConfig
from ..types.config.parameters import ParameterArguments
from ..types.config.policies import Timeouts
from ..types.tools.definitions import ToolChoice


class RunPlanSettings(TypedDict, total=False):
    """Settings of the run itself; see `RunsMixin.run`."""

    limits: RunLimits
    approve: Approve
    tool_errors: Literal["tell", "raise"]
    repairs: int
    on_event: Callable[[RunEvent], None]
    on_end: Callable[[Run[Any]], object]


class ConversationSettings(TypedDict, total=False):
    """Conversation input other than the prompt."""

    context: Sequence[MessageLike] | None
    instructions: str | Sequence[str] | None
    messages: Sequence[MessageLike] | None
    config: AIModelCallConfig | None


class RunSettings(RunPlanSettings, ConversationSettings, ParameterArguments, total=False):
    """All keyword arguments of a run, including the fields of `AIModelCallConfig` used for each request."""

    tools: Sequence[Any]
    tool_choice: ToolChoice | str | None
    options: dict[str, Any]
    headers: dict[str, str]
    timeout: float | Timeouts | None
    retries: int
    strict: bool
