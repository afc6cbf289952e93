"""Token counts of Converse responses."""

from __future__ import annotations

from ...types.chat.usage import Usage
from ..common.fields import Report, count, invalid_counts, read_int, read_ints, read_object, read_objects
from ..common.usage import TokenReport, split


def read_usage(report: Report) -> Usage:
    """Convert the report; fresh and cached input are separate unless the total shows otherwise."""
    details = read_objects(report, "cacheDetails")
    cached, written = read_int(report, "cacheReadInputTokens"), read_int(report, "cacheWriteInputTokens")
    buckets = split(
        TokenReport(
            count(report, "inputTokens"),
            count(report, "outputTokens"),
            count(report, "totalTokens"),
            read={"cache_read_tokens": cached, "cache_write_tokens": written},
            separate=CACHED,
        )
    )
    written = buckets.counts.get("cache_write_tokens", 0)
    long = min(written, sum(read_int(one, "inputTokens") for one in details if one.get("ttl") == "1h"))
    return Usage.model_validate(
        {
            **buckets.counts,
            "cache_write_tokens": written - long,
            "cache_write_1h_tokens": long,
            "server_tool_requests": read_ints(read_object(report, "serverToolUsage")),
            "unclear": (*buckets.unclear, *invalid_counts(report)),
            "raw": dict(report),
        }
    )


CACHED = frozenset({"cache_read_tokens", "cache_write_tokens"})
