"""Token counts of chat responses."""

from __future__ import annotations

from ...types.chat.usage import Usage
from ..common.fields import Report, count, invalid_counts, read_int

COUNTS = (
    *("prompt_eval_count", "eval_count", "total_duration", "load_duration"),
    *("prompt_eval_duration", "eval_duration"),
)

NEEDED = (("prompt_eval_count", "input_tokens"), ("eval_count", "output_tokens"))


def read_usage(report: Report) -> Usage:
    """Convert the report; reasoning is included in the output, and durations are kept in `raw`."""
    data = {name: report[name] for name in COUNTS if name in report}
    return Usage(
        input_tokens=read_int(report, "prompt_eval_count"),
        output_tokens=read_int(report, "eval_count"),
        unclear=(*(name for field, name in NEEDED if count(data, field) is None), *invalid_counts(data)),
        raw=data,
    )
