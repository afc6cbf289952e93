"""Token counts of Messages responses."""

from __future__ import annotations

from ...types.chat.usage import Usage
from ..common.fields import Report, count, invalid_counts, read_int, read_ints, read_object
from ..common.usage import TokenReport, reported_cost, split

BILLED_SEPARATELY = ("compaction", "advisor_message")
"""Steps that are billed and not in the counts of the message, maybe at the price of another model."""


def read_usage(report: Report) -> Usage:
    """Convert the report to counts that do not overlap."""
    stored = read_object(report, "cache_creation")
    short, long = read_int(stored, "ephemeral_5m_input_tokens"), read_int(stored, "ephemeral_1h_input_tokens")
    written = read_int(report, "cache_creation_input_tokens") or short + long
    thought = read_int(read_object(report, "output_tokens_details"), "thinking_tokens")
    buckets = split(TokenReport(0, count(report, "output_tokens"), None, made={"reasoning_tokens": thought}))
    missing = ("input_tokens",) if count(report, "input_tokens") is None else ()
    counts = {
        **buckets.counts,
        "input_tokens": read_int(report, "input_tokens"),
        "cache_read_tokens": read_int(report, "cache_read_input_tokens"),
        "cache_write_tokens": max(0, written - long),
        "cache_write_1h_tokens": min(long, written),
    }
    return Usage.model_validate(
        {
            **counts,
            "server_tool_requests": read_ints(read_object(report, "server_tool_use")),
            "reported_cost": reported_cost(report),
            "unclear": (*missing, *buckets.unclear, *separately_billed(report), *invalid_counts(report)),
            "raw": dict(report),
        }
    )


def separately_billed(report: Report) -> tuple[str, ...]:
    """Return the field of steps that are billed in addition to the counts of the message."""
    steps = report.get("iterations")
    kinds = [step.get("type") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return ("iterations",) if any(kind in BILLED_SEPARATELY for kind in kinds) else ()
