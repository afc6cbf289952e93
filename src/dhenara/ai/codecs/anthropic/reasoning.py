"""Reasoning: budgets for older models, effort for newer ones, and the matching `max_tokens`."""

from __future__ import annotations

from typing import Any

from ...types.call import Call
from ...types.call_config import AIModelCallConfig
from ..effort import budget_for, dialect_effort
from ..warnings import WarningCollector
from .quirks import MessagesQuirks

Wire = dict[str, Any]


def write_thinking(call: Call, quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    """Encode `max_tokens`, always, and the reasoning settings if any were set."""
    config, limit = call.config, output_limit(call, quirks)
    if config.wants_reasoning is None or quirks.thinking == "none":
        if config.wants_reasoning:
            warnings.unsupported("reasoning", "this model does not support reasoning")
        return {"max_tokens": limit}
    if not config.wants_reasoning:
        return {"max_tokens": limit, **disable_thinking(quirks, warnings)}
    if quirks.thinking == "adaptive":
        return {"max_tokens": limit, **adaptive_thinking(config, quirks, warnings)}
    return budgeted_thinking(call, quirks, warnings, limit)


def output_limit(call: Call, quirks: MessagesQuirks) -> int:
    settings = call.endpoint.ai_model.settings
    known = settings.max_output_tokens if settings else None
    return call.config.max_output_tokens or known or quirks.default_max_tokens


def disable_thinking(quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    """Turn reasoning off; models with budgets need no field for this."""
    if quirks.thinking == "budget":
        return {}
    if quirks.can_stop_thinking:
        return {"thinking": {"type": "disabled"}}
    warnings.translated("reasoning", "this model cannot turn reasoning off; it reasons only between tool calls")
    return {"thinking": {"type": "between_tools"}}


def adaptive_thinking(config: AIModelCallConfig, quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    if config.max_reasoning_tokens is not None:
        warnings.translated("max_reasoning_tokens", "this model supports an effort instead of a budget")
    written: Wire = {"thinking": {"type": "adaptive"}}
    if config.reasoning_effort is not None or config.max_reasoning_tokens is not None:
        written["output_config"] = {"effort": dialect_effort(config, quirks.efforts, warnings)}
    return written


def budgeted_thinking(call: Call, quirks: MessagesQuirks, warnings: WarningCollector, limit: int) -> Wire:
    """Encode a budget. The API's limit includes reasoning and ours does not, so they are added."""
    request = budget_for(call.config) or max(quirks.smallest_budget, limit // 2)
    budget = max(request, quirks.smallest_budget)
    if budget != request:
        warnings.clamped("max_reasoning_tokens", f"the smallest budget is {quirks.smallest_budget}")
    settings = call.endpoint.ai_model.settings
    most = settings.max_output_tokens if settings else None
    total = limit + budget
    if most is not None and total > most:
        total = most
        if budget >= total:
            budget = max(quirks.smallest_budget, total // 2)
            warnings.clamped("max_reasoning_tokens", f"the model generates at most {most} tokens, so {budget} are left")
    return {"max_tokens": total, "thinking": {"type": "enabled", "budget_tokens": budget}}
