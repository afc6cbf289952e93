"""Usage: Claude counts fresh and cached input apart already; only thinking is inside the output."""

from __future__ import annotations

from ...types.usage import Usage
from ..counts import Report, counted, number, section, unreadable
from ..reported import reported_cost
from ..token_buckets import Report as Counted, split


def read_usage(report: Report) -> Usage:
    """Each token in one bucket."""
    kept = section(report, "cache_creation")
    short, long = number(kept, "ephemeral_5m_input_tokens"), number(kept, "ephemeral_1h_input_tokens")
    written = number(report, "cache_creation_input_tokens") or short + long
    thought = number(section(report, "output_tokens_details"), "thinking_tokens")
    found = split(Counted(0, number(report, "output_tokens"), None, made={"reasoning_tokens": thought}))
    counts = {
        **found.counts,
        "input_tokens": number(report, "input_tokens"),
        "cache_read_tokens": number(report, "cache_read_input_tokens"),
        "cache_write_tokens": max(0, written - long),
        "cache_write_1h_tokens": min(long, written),
    }
    return Usage.made(
        **counts,
        server_tool_requests=counted(section(report, "server_tool_use")),
        reported_cost=reported_cost(report),
        unclear=(*found.unclear, *unreadable(report)),
        raw=dict(report),
    )
