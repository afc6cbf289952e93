"""Usage: Claude counts fresh and cached input apart already; only thinking is inside the output."""

from __future__ import annotations

from ...types.usage import Usage
from ..counts import Report, counted, number, section


def read_usage(report: Report) -> Usage:
    """Each token in one bucket."""
    written = number(report, "cache_creation_input_tokens")
    long = number(section(report, "cache_creation"), "ephemeral_1h_input_tokens")
    thought = number(section(report, "output_tokens_details"), "thinking_tokens")
    return Usage.made(
        input_tokens=number(report, "input_tokens"),
        cache_read_tokens=number(report, "cache_read_input_tokens"),
        cache_write_tokens=max(0, written - long),
        cache_write_1h_tokens=min(long, written) if written else long,
        output_tokens=max(0, number(report, "output_tokens") - thought),
        reasoning_tokens=thought,
        server_tool_requests=counted(section(report, "server_tool_use")),
        raw=dict(report),
    )
