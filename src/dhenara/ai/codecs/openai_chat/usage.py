"""Usage: the token counts of compatible servers, brought into buckets that do not overlap."""

from __future__ import annotations

from ...types.usage import Usage
from ..counts import Report, counted, number, section
from ..reported import reported_cost


def read_usage(report: Report) -> Usage:
    """`prompt_tokens` contains what was cached and heard; here each token is counted once."""
    prompt, completion = number(report, "prompt_tokens"), number(report, "completion_tokens")
    read_in = section(report, "prompt_tokens_details")
    made = section(report, "completion_tokens_details")
    cached = read_from_cache(report, read_in)
    written = number(read_in, "cache_write_tokens")
    audio_in, audio_out = number(read_in, "audio_tokens"), number(made, "audio_tokens")
    thought = number(made, "reasoning_tokens") or number(report, "reasoning_tokens")
    beyond = max(0, number(report, "total_tokens") - prompt - completion)
    if not beyond:
        thought = min(thought, completion)
    inside = audio_out + (0 if beyond else thought)
    fresh = prompt - cached - written - audio_in
    return Usage.made(
        # A prompt that is smaller than its cached part does not contain it.
        input_tokens=fresh if fresh >= 0 else prompt,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        input_audio_tokens=audio_in,
        output_tokens=max(0, completion - inside),
        # Tokens that only the total counts are thinking that the completion leaves out.
        reasoning_tokens=max(thought, beyond),
        output_audio_tokens=audio_out,
        server_tool_requests=server_tools(report),
        reported_cost=reported_cost(report),
        raw=dict(report),
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
