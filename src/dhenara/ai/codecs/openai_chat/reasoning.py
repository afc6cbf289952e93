"""Reasoning settings in the format of the dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...types.call_config import AIModelCallConfig
from ..effort import dialect_effort
from ..warnings import WarningCollector
from .quirks import ChatQuirks

Written = dict[str, Any]


def write_reasoning(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    """Encode the reasoning settings, if any were set."""
    return WRITERS[quirks.reasoning_in](config, quirks, warnings)


def write_effort(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    if not config.wants_reasoning and "none" not in quirks.efforts and config.reasoning_effort is None:
        # Most models do not reason by default and reject even "none".
        return {}
    if config.max_reasoning_tokens is not None:
        warnings.translated("max_reasoning_tokens", "the budget is converted to an effort level")
    return {"reasoning_effort": dialect_effort(config, quirks.efforts, warnings)}


def write_reasoning_object(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    if not config.wants_reasoning:
        return {"reasoning": {"enabled": False}}
    if config.max_reasoning_tokens is not None and config.reasoning_effort is None:
        return {"reasoning": {"max_tokens": config.max_reasoning_tokens}}
    if config.reasoning_effort is None:
        return {"reasoning": {"enabled": True}}
    return {"reasoning": {"effort": dialect_effort(config, quirks.efforts, warnings)}}


def write_thinking(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    if config.max_reasoning_tokens is not None:
        warnings.unsupported("max_reasoning_tokens", "reasoning budgets are not supported")
    if not config.wants_reasoning:
        return {"thinking": {"type": "disabled"}}
    written: Written = {"thinking": {"type": "enabled"}}
    if config.reasoning_effort is not None and quirks.reasoning_in == "thinking_effort":
        written["reasoning_effort"] = dialect_effort(config, quirks.efforts, warnings)
    elif config.reasoning_effort is not None:
        warnings.unsupported("reasoning_effort", "reasoning can only be turned on or off")
    return written


def write_switch(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    written: Written = {"enable_thinking": bool(config.wants_reasoning)}
    if config.max_reasoning_tokens is not None:
        written["thinking_budget"] = config.max_reasoning_tokens
    if config.reasoning_effort not in (None, "none"):
        warnings.translated("reasoning_effort", "reasoning can only be turned on or off")
    return written


def write_template(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    """Encode the switch of the chat template; templates without it ignore the field."""
    if config.max_reasoning_tokens is not None:
        warnings.unsupported("max_reasoning_tokens", "reasoning budgets are not supported")
    written: Written = {"chat_template_kwargs": {"enable_thinking": bool(config.wants_reasoning)}}
    if config.wants_reasoning and config.reasoning_effort is not None:
        written["reasoning_effort"] = dialect_effort(config, quirks.efforts, warnings)
    return written


def write_nothing(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> Written:
    if config.wants_reasoning:
        warnings.unsupported("reasoning")
    return {}


WRITERS: dict[str, Callable[[AIModelCallConfig, ChatQuirks, WarningCollector], Written]] = {
    "effort": write_effort,
    "reasoning": write_reasoning_object,
    "thinking": write_thinking,
    "thinking_effort": write_thinking,
    "enable_thinking": write_switch,
    "template": write_template,
    "none": write_nothing,
}
