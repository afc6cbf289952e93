"""Effort and budget: two ways to say how much a model may think, and the way from one to the other."""

from __future__ import annotations

from collections.abc import Mapping

from ..types.call_config import AIModelCallConfig
from .warnings import WarningCollector

# Up to so many tokens a budget counts as this effort.
BUDGETS: tuple[tuple[int, str], ...] = ((1_024, "minimal"), (4_096, "low"), (16_384, "medium"), (32_768, "high"))
BUDGET_OF = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 24_576, "xhigh": 49_152, "max": 63_999}
DEFAULT_EFFORT = "medium"


def effort_for(config: AIModelCallConfig) -> str:
    """What was asked for as an effort level."""
    if config.reasoning is False:
        return "none"
    if config.reasoning_effort is not None:
        return config.reasoning_effort
    if config.max_reasoning_tokens is not None:
        return effort_of(config.max_reasoning_tokens)
    return DEFAULT_EFFORT


def dialect_effort(config: AIModelCallConfig, words: Mapping[str, str], warnings: WarningCollector) -> str:
    """The effort in the dialect's own words; of one that it has no word for, the nearest, and that is said.

    What it means there not to reason at all is for the caller to say.
    """
    effort = effort_for(config)
    text = words.get(effort, effort)
    if text != effort and effort == config.reasoning_effort != "none":
        warnings.translated("reasoning_effort", f"{effort!r} is not known there; {text!r} was asked for")
    return text


def effort_of(budget: int) -> str:
    return next((effort for limit, effort in BUDGETS if budget <= limit), "xhigh")


def budget_for(config: AIModelCallConfig) -> int | None:
    """What was asked for as a budget in tokens; None when nothing was said about how much."""
    if config.max_reasoning_tokens is not None:
        return config.max_reasoning_tokens
    return BUDGET_OF.get(config.reasoning_effort or "")
