"""Types of the keyword arguments of `run` and its variants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict

from ..history.parsing import MessageLike
from ..pipeline.agent.run_state import RunEvent
from ..pipeline.agent.toolbox import Approve
from ..types.chat.run import Run, RunLimits
from ..types.config.call_config import AIModelCallConfig, ReasoningEffort
from ..types.config.limits import Timeouts
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


class RunSettings(RunPlanSettings, ConversationSettings, total=False):
    """All keyword arguments of a run, including the fields of `AIModelCallConfig` used for each request."""

    tools: Sequence[Any]
    tool_choice: ToolChoice | str | None
    parallel_tool_calls: bool | None
    max_output_tokens: int | None
    reasoning: bool | None
    max_reasoning_tokens: int | None
    reasoning_effort: ReasoningEffort | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    logit_bias: dict[str, float] | None
    seed: int | None
    stop: str | Sequence[str]
    n: int | None
    logprobs: bool | None
    top_logprobs: int | None
    options: dict[str, Any]
    headers: dict[str, str]
    metadata: dict[str, Any]
    user: str | None
    service_tier: str | None
    timeout: float | Timeouts | None
    retries: int
    strict: bool
