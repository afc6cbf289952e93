"""Token counts of Responses."""

from __future__ import annotations

from ...types.chat.usage import Usage
from ..common.fields import Report, count, invalid_counts, read_int, read_ints, read_object
from ..common.usage import TokenReport, reported_cost, split


def read_usage(report: Report) -> Usage:
    read_in, made = read_object(report, "input_tokens_details"), read_object(report, "output_tokens_details")
    buckets = split(
        TokenReport(
            count(report, "input_tokens"),
            count(report, "output_tokens"),
            count(report, "total_tokens"),
            read={
                "cache_read_tokens": read_int(read_in, "cached_tokens"),
                "cache_write_tokens": read_int(read_in, "cache_write_tokens"),
                "input_audio_tokens": read_int(read_in, "audio_tokens"),
            },
            made={
                "reasoning_tokens": read_int(made, "reasoning_tokens"),
                "output_audio_tokens": read_int(made, "audio_tokens"),
                "output_image_tokens": read_int(made, "image_tokens"),
            },
        )
    )
    return Usage.model_validate(
        {
            **buckets.counts,
            "server_tool_requests": read_ints(read_object(report, "server_side_tool_usage_details")),
            "reported_cost": reported_cost(report),
            "unclear": (*buckets.unclear, *invalid_counts(report)),
            "raw": dict(report),
        }
    )
