"""Token counts of Gemini responses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...types.chat.usage import Usage
from ..common.fields import Report, count, invalid_counts, read_int
from ..common.usage import TokenReport, split

TOOL_PROMPT = "tool_prompt"
EXTRA_COUNTS = frozenset({TOOL_PROMPT, "reasoning_tokens"})


SINGLE_FEE = re.compile(r"gemini-[12]\b")
"""Models whose grounded answers are billed once; newer ones are billed for each search."""


def grounded_searches(model: str, queries: Iterable[list[str]]) -> int:
    """Return the web searches of an answer that are billed; empty queries are not."""
    searches = sum(1 for some in queries for query in some if query)
    return min(searches, 1) if SINGLE_FEE.search(model) else searches


def read_usage(report: Report, searches: int = 0) -> Usage:
    """Convert the report; counts of zero are omitted by the API.

    Args:
        report: The token counts of a response.
        searches: The billed web searches.
    """
    cached = read_int(report, "cachedContentTokenCount")
    received = modality_tokens(report, "promptTokensDetails", "AUDIO")
    buckets = split(
        TokenReport(
            count(report, "promptTokenCount"),
            read_int(report, "candidatesTokenCount"),
            count(report, "totalTokenCount"),
            read={
                "cache_read_tokens": cached,
                "input_audio_tokens": max(0, received - modality_tokens(report, "cacheTokensDetails", "AUDIO")),
                TOOL_PROMPT: read_int(report, "toolUsePromptTokenCount"),
            },
            made={
                "output_audio_tokens": modality_tokens(report, "candidatesTokensDetails", "AUDIO"),
                "output_image_tokens": modality_tokens(report, "candidatesTokensDetails", "IMAGE"),
                "reasoning_tokens": read_int(report, "thoughtsTokenCount"),
            },
            separate=EXTRA_COUNTS,
        )
    )
    counts = dict(buckets.counts)
    counts["input_tokens"] = counts.get("input_tokens", 0) + counts.pop(TOOL_PROMPT, 0)
    return Usage.model_validate(
        {
            **counts,
            "units": {"web_searches": float(searches)} if searches else {},
            "unclear": (*buckets.unclear, *invalid_counts(report)),
            "raw": dict(report),
        }
    )


def modality_tokens(report: Report, name: str, wanted: str) -> int:
    details = report.get(name)
    if not isinstance(details, list):
        return 0
    matching = [detail for detail in details if isinstance(detail, dict) and detail.get("modality") == wanted]
    return sum([read_int(detail, "tokenCount") for detail in matching]) if matching else 0
