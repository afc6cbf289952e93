"""Usage: prompts contain what was cached, thinking stands beside the candidates, tools bring prompts of their own."""

from __future__ import annotations

from ...types.usage import Usage
from ..counts import Report, number


def read_usage(report: Report) -> Usage:
    prompt = number(report, "promptTokenCount") + number(report, "toolUsePromptTokenCount")
    cached = number(report, "cachedContentTokenCount")
    heard = modality(report, "promptTokensDetails", "AUDIO")
    said = number(report, "candidatesTokenCount")
    spoken = modality(report, "candidatesTokensDetails", "AUDIO")
    drawn = modality(report, "candidatesTokensDetails", "IMAGE")
    fresh_sound = max(0, min(heard, prompt - cached))
    return Usage.made(
        input_tokens=max(0, prompt - cached - fresh_sound),
        cache_read_tokens=cached,
        input_audio_tokens=fresh_sound,
        output_tokens=max(0, said - spoken - drawn),
        output_audio_tokens=spoken,
        output_image_tokens=drawn,
        reasoning_tokens=number(report, "thoughtsTokenCount"),
        raw=dict(report),
    )


def modality(report: Report, name: str, wanted: str) -> int:
    details = report.get(name)
    if not isinstance(details, list):
        return 0
    told = [detail for detail in details if isinstance(detail, dict) and detail.get("modality") == wanted]
    return sum([number(detail, "tokenCount") for detail in told]) if told else 0
