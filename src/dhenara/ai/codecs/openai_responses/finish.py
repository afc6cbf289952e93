"""Finish reasons of responses."""

from __future__ import annotations

from ...types.delta import FinishDelta, FinishReason
from ..json_fields import Wire, read_object, read_text

INCOMPLETE: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}
UNDER_WAY = ("queued", "in_progress")


def finish_delta(response: Wire, *, called: bool) -> FinishDelta:
    """Return the finish delta. `called`: whether tool calls wait for the caller."""
    raw = read_text(response, "status") or "completed"
    reason = read_text(read_object(response, "incomplete_details"), "reason")
    if raw == "incomplete" and reason:
        return FinishDelta(INCOMPLETE.get(reason, "other"), reason)
    if raw == "completed":
        return FinishDelta("tool_calls" if called else "stop", raw)
    # A background response is fetched again later by its id.
    return FinishDelta("pause" if raw in UNDER_WAY else "other", raw)
