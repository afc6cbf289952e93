"""Token counts of Chat Completions."""

from __future__ import annotations

from ...types.chat.usage import Usage
from ..common.fields import Report, amount, count, invalid_counts, read_int, read_ints, read_object
from ..common.usage import TokenReport, reported_cost, split

SEPARATE_REASONING = frozenset({"reasoning_tokens"})


def read_usage(report: Report, *, cache_unclear: bool = False, reasoning_separate: bool = False) -> Usage:
    """Convert the report; `prompt_tokens` usually includes cached and audio tokens, the total shows exceptions.

    Args:
        report: The `usage` object of a response.
        cache_unclear: Whether it is unknown if cached tokens are included in the prompt.
        reasoning_separate: Whether the dialect counts reasoning next to the completion.

    Returns:
        Counts that do not overlap.
    """
    read_in = read_object(report, "prompt_tokens_details")
    made = read_object(report, "completion_tokens_details")
    cached = read_from_cache(report, read_in)
    buckets = split(
        TokenReport(
            count(report, "prompt_tokens"),
            count(report, "completion_tokens"),
            count(report, "total_tokens"),
            read={
                "cache_read_tokens": 0 if cache_unclear else cached,
                "cache_write_tokens": read_int(read_in, "cache_write_tokens")
                or read_int(read_in, "cache_creation_input_tokens"),
                "input_audio_tokens": input_audio(report, read_in),
            },
            made={
                "reasoning_tokens": read_int(made, "reasoning_tokens") or read_int(report, "reasoning_tokens"),
                "output_audio_tokens": read_int(made, "audio_tokens"),
                "output_image_tokens": read_int(made, "image_tokens"),
            },
            separate=SEPARATE_REASONING if reasoning_separate else frozenset(),
        )
    )
    left_out = ("cache_read_tokens",) if cache_unclear and cached else ()
    seconds, size = amount(report, "prompt_audio_seconds"), report.get("search_context_size")
    searches = read_int(report, "num_search_queries")
    units = {"seconds": seconds, "web_searches": float(searches)}
    return Usage.model_validate(
        {
            **buckets.counts,
            "units": {name: used for name, used in units.items() if used},
            "options": {"search_context_size": size} if isinstance(size, str) else {},
            "server_tool_requests": server_tools(report),
            "reported_cost": reported_cost(report),
            "unclear": (*buckets.unclear, *left_out, *invalid_counts(report)),
            "raw": dict(report),
        }
    )


def input_audio(report: Report, details: Report) -> int:
    """Return the audio tokens of the prompt; if only seconds are reported, the rest of the total."""
    data = read_int(details, "audio_tokens")
    if data or not read_int(report, "prompt_audio_seconds"):
        return data
    return max(
        0, read_int(report, "total_tokens") - read_int(report, "prompt_tokens") - read_int(report, "completion_tokens")
    )


def read_from_cache(report: Report, details: Report) -> int:
    """Return the cached tokens from any of the fields that dialects use."""
    return (
        read_int(details, "cached_tokens")
        or read_int(report, "prompt_cache_hit_tokens")
        or read_int(report, "cached_tokens")
        or read_int(report, "num_cached_tokens")
    )


def server_tools(report: Report) -> dict[str, int]:
    details = read_object(report, "server_tool_use_details") or read_object(report, "server_tool_use")
    return read_ints(details)
