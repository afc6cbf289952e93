"""Usage: the token counts of compatible servers, brought into buckets that do not overlap."""

from __future__ import annotations

from ...types.usage import Usage
from ..counts import Report, count, counted, number, section, unreadable
from ..reported import reported_cost
from ..token_buckets import Report as Counted, split


def read_usage(report: Report, *, cache_unclear: bool = False) -> Usage:
    """`prompt_tokens` contains what was cached and heard on most hosts; the total says where it does not."""
    read_in = section(report, "prompt_tokens_details")
    made = section(report, "completion_tokens_details")
    cached = read_from_cache(report, read_in)
    found = split(
        Counted(
            count(report, "prompt_tokens"),
            count(report, "completion_tokens"),
            count(report, "total_tokens"),
            read={
                "cache_read_tokens": 0 if cache_unclear else cached,
                "cache_write_tokens": number(read_in, "cache_write_tokens"),
                "input_audio_tokens": heard(report, read_in),
            },
            made={
                "reasoning_tokens": number(made, "reasoning_tokens") or number(report, "reasoning_tokens"),
                "output_audio_tokens": number(made, "audio_tokens"),
                "output_image_tokens": number(made, "image_tokens"),
            },
        )
    )
    left_out = ("cache_read_tokens",) if cache_unclear and cached else ()
    return Usage.made(
        **found.counts,
        server_tool_requests=server_tools(report),
        reported_cost=reported_cost(report),
        unclear=(*found.unclear, *left_out, *unreadable(report)),
        raw=dict(report),
    )


def heard(report: Report, details: Report) -> int:
    """Sound in the prompt; where only its seconds are told, it is what the total has beyond prompt and completion."""
    told = number(details, "audio_tokens")
    if told or not number(report, "prompt_audio_seconds"):
        return told
    return max(
        0, number(report, "total_tokens") - number(report, "prompt_tokens") - number(report, "completion_tokens")
    )


def read_from_cache(report: Report, details: Report) -> int:
    """Where the dialects put the tokens that were read from the cache."""
    return (
        number(details, "cached_tokens")
        or number(report, "prompt_cache_hit_tokens")
        or number(report, "cached_tokens")
        or number(report, "num_cached_tokens")
    )


def server_tools(report: Report) -> dict[str, int]:
    details = section(report, "server_tool_use_details") or section(report, "server_tool_use")
    return counted(details)
