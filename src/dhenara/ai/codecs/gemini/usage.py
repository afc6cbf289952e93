"""Usage: prompts contain what was cached, thinking stands beside the candidates, tools bring prompts of their own."""

from __future__ import annotations

from ...types.usage import Usage
from ..counts import Report, number, unreadable
from ..token_buckets import Report as Counted, split

TOOL_PROMPT = "tool_prompt"
BESIDE = frozenset({TOOL_PROMPT, "reasoning_tokens"})


def read_usage(report: Report) -> Usage:
    """Counts that are zero are left out on the wire."""
    cached = number(report, "cachedContentTokenCount")
    heard = modality(report, "promptTokensDetails", "AUDIO")
    found = split(
        Counted(
            number(report, "promptTokenCount"),
            number(report, "candidatesTokenCount"),
            number(report, "totalTokenCount"),
            read={
                "cache_read_tokens": cached,
                "input_audio_tokens": max(0, heard - modality(report, "cacheTokensDetails", "AUDIO")),
                TOOL_PROMPT: number(report, "toolUsePromptTokenCount"),
            },
            made={
                "output_audio_tokens": modality(report, "candidatesTokensDetails", "AUDIO"),
                "output_image_tokens": modality(report, "candidatesTokensDetails", "IMAGE"),
                "reasoning_tokens": number(report, "thoughtsTokenCount"),
            },
            beside=BESIDE,
        )
    )
    counts = dict(found.counts)
    counts["input_tokens"] = counts.get("input_tokens", 0) + counts.pop(TOOL_PROMPT, 0)
    return Usage.made(**counts, unclear=(*found.unclear, *unreadable(report)), raw=dict(report))


def modality(report: Report, name: str, wanted: str) -> int:
    details = report.get(name)
    if not isinstance(details, list):
        return 0
    told = [detail for detail in details if isinstance(detail, dict) and detail.get("modality") == wanted]
    return sum([number(detail, "tokenCount") for detail in told]) if told else 0
