"""Token counts of Responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...types.chat.usage import Usage
from ..common.fields import Report, count, invalid_counts, read_int, read_ints, read_object, read_objects
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


def with_tools(usage: Usage, response: Report) -> Usage:
    """Add what the response says about tools beside its usage: searches, and options that determine their price.

    Tokens of generated images are billed at the prices of another model, so they stay in `raw`.
    """
    report = read_object(response, "tool_usage")
    searches = count(read_object(report, "web_search"), "num_requests")
    requests = {} if searches is None else {"web_search_requests": searches}
    options = tool_options(read_objects(response, "tools"))
    if not requests and not options:
        return usage
    return usage.model_copy(
        update={
            "server_tool_requests": {**requests, **usage.server_tool_requests},
            "options": {**options, **usage.options},
            "raw": {**usage.raw, "tool_usage": report} if report else usage.raw,
        }
    )


def tool_options(tools: Sequence[Report]) -> dict[str, Any]:
    """Return the options of tools that determine the price of searches and containers."""
    sizes = [tool["search_context_size"] for tool in tools if tool.get("search_context_size")]
    memory = [limit for tool in tools if (limit := read_object(tool, "container").get("memory_limit"))]
    return {
        **({"search_context_size": sizes[0]} if sizes else {}),
        **({"memory_limit": memory[0]} if memory else {}),
    }
