"""Why a response ended, or has not ended yet."""

from __future__ import annotations

from ...types.delta import Ended, FinishReason
from ..told import Wire, section, words

INCOMPLETE: dict[str, FinishReason] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}
UNDER_WAY = ("queued", "in_progress")


def why(response: Wire, *, called: bool) -> Ended:
    """`called` says whether calls of the answer wait for the caller."""
    raw = words(response, "status") or "completed"
    reason = words(section(response, "incomplete_details"), "reason")
    if raw == "incomplete" and reason:
        return Ended(INCOMPLETE.get(reason, "other"), reason)
    if raw == "completed":
        return Ended("tool_calls" if called else "stop", raw)
    # A response in the background is asked for again later, by its id.
    return Ended("pause" if raw in UNDER_WAY else "other", raw)
