"""Usage: input contains what was cached, output contains the thinking; here each token is counted once."""

from __future__ import annotations

from ...types.usage import Usage
from ..counts import Report, count, counted, number, section, unreadable
from ..reported import reported_cost
from ..token_buckets import Report as Counted, split


def read_usage(report: Report) -> Usage:
    read_in, made = section(report, "input_tokens_details"), section(report, "output_tokens_details")
    found = split(
        Counted(
            count(report, "input_tokens"),
            count(report, "output_tokens"),
            count(report, "total_tokens"),
            read={
                "cache_read_tokens": number(read_in, "cached_tokens"),
                "cache_write_tokens": number(read_in, "cache_write_tokens"),
                "input_audio_tokens": number(read_in, "audio_tokens"),
            },
            made={
                "reasoning_tokens": number(made, "reasoning_tokens"),
                "output_audio_tokens": number(made, "audio_tokens"),
                "output_image_tokens": number(made, "image_tokens"),
            },
        )
    )
    return Usage.made(
        **found.counts,
        server_tool_requests=counted(section(report, "server_side_tool_usage_details")),
        reported_cost=reported_cost(report),
        unclear=(*found.unclear, *unreadable(report)),
        raw=dict(report),
    )
