"""Usage: input contains what was cached, output contains the thinking; here each token is counted once."""

from __future__ import annotations

from ...types.usage import Usage
from ..counts import Report, counted, number, section


def read_usage(report: Report) -> Usage:
    read_in, made = section(report, "input_tokens_details"), section(report, "output_tokens_details")
    total_in, total_out = number(report, "input_tokens"), number(report, "output_tokens")
    cached, written = number(read_in, "cached_tokens"), number(read_in, "cache_write_tokens")
    thought = min(number(made, "reasoning_tokens"), total_out)
    cost = report.get("cost")
    return Usage.made(
        input_tokens=max(0, total_in - cached - written),
        cache_read_tokens=cached,
        cache_write_tokens=written,
        output_tokens=total_out - thought,
        reasoning_tokens=thought,
        server_tool_requests=counted(section(report, "server_side_tool_usage_details")),
        reported_cost=float(cost) if isinstance(cost, int | float) else None,
        raw=dict(report),
    )
