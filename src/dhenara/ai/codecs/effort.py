"""Conversion between reasoning effort levels and reasoning token budgets."""

from __future__ import annotations

from collections.abc import Mapping

from ..types.call_config import AIModelCallConfig
from .warnings import WarningCollector

# A budget up to this number of tokens counts as this effort.
BUDGETS: tuple[tuple[int, str], ...] = ((1_024, "minimal"), (4_096, "low"), (16_384, "medium"), (32_768, "high"))
BUDGET_OF = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 24_576, "xhigh": 49_152, "max": 63_999}
DEFAULT_EFFORT = "medium"


def effort_for(config: AIModelCallConfig) -> str:
    """Return the requested effort level, converted from a budget if necessary."""
    if config.reasoning is False:
        return "none"
    if config.reasoning_effort is not None:
        return config.reasoning_effort
    if config.max_reasoning_tokens is not None:
        return effort_of(config.max_reasoning_tokens)
    return DEFAULT_EFFORT


def dialect_effort(config: AIModelCallConfig, words: Mapping[str, str], warnings: WarningCollector) -> str:
    """Return the effort in the dialect's values; the nearest one, with a warning, if it is unsupported.

    The caller handles `none`.
    """
    effort = effort_for(config)
    text = words.get(effort, effort)
    if text != effort and effort == config.reasoning_effort != "none":
        warnings.translated("reasoning_effort", f"{effort!r} is not supported; {text!r} is used")
    return text


def effort_of(budget: int) -> str:
    return next((effort for limit, effort in BUDGETS if budget <= limit), "xhigh")


def budget_for(config: AIModelCallConfig) -> int | None:
    """Return the requested budget in tokens, converted from an effort if necessary; None if not set."""
    if config.max_reasoning_tokens is not None:
        return config.max_reasoning_tokens
    return BUDGET_OF.get(config.reasoning_effort or "")
