"""Builds the next request of a run."""

from __future__ import annotations

from collections.abc import Sequence

from ..dataclass import replace
from ..history.truncation import truncate_history
from ..types.call import Call, CallJournal
from ..types.warning import CallWarning
from .run_state import RunState


def next_call(call: Call, state: RunState, deadline: float | None, before: Sequence[CallWarning] = ()) -> Call:
    """Return the first call with the current history, repaired and truncated; `before`: unreported warnings."""
    repairs = state.repair_history()
    stored, left_out = truncate_history(tuple(state.messages), call.instructions, call.config)
    return replace(
        call, messages=stored, deadline=deadline, journal=CallJournal(warnings=(*before, *repairs, *left_out))
    )


def relax_tool_choice(call: Call) -> Call:
    """Require a tool only once: if `required` were kept, the run would never get a final response."""
    choice = call.config.tool_choice
    if choice is None or choice.mode != "required":
        return call
    freed = choice.model_copy(update={"mode": "auto"}) if choice.names else None
    return replace(call, config=call.config.model_copy(update={"tool_choice": freed}))
