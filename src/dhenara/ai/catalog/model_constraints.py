"""Fitting: a call made to fit what is known of its model, with a warning for everything that changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ..codecs.common.request import DEFAULT_EFFORT, as_continue_request, budget_for, effort_of, is_prefilled
from ..codecs.common.warnings import WarningCollector
from ..types.chat.report import CallWarning
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.config.call_config import AIModelCallConfig
from ..types.config.model import ChatModelSettings
from ..types.config.parameters import CONSTRAINED
from .model_info import ModelFacts

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
REASONING = ("reasoning", "reasoning_effort", "max_reasoning_tokens")
Changes = dict[str, Any]


def apply_constraints(
    call: Call, facts: ModelFacts, insisted: Collection[str] = ()
) -> tuple[Call, tuple[CallWarning, ...]]:
    """The call as this model takes it. What the user insists on is left alone."""
    warnings, changes = WarningCollector(facts.name), Changes()
    config = call.config
    if config.model_fields_set & CONSTRAINED:
        if cannot_reason(call, facts):
            changes |= drop_reasoning(config, warnings)
        else:
            changes |= constrain_effort(config, facts, warnings)
            changes |= constrain_budget(config, facts, warnings)
        changes |= constrain_sampling(config, facts, warnings, insisted)
        changes |= constrain_output_limit(call, facts, warnings)
        changes |= constrain_tool_choice(config, facts, warnings)
    if facts.prefill is False and is_prefilled(call):
        call = as_continue_request(call, warnings)
    return (replace(call, config=config.model_copy(update=changes)) if changes else call), warnings.all()


def with_model_limits(endpoint: AIModelEndpoint, facts: ModelFacts, *, with_limit: bool) -> AIModelEndpoint:
    """The endpoint with what protocols want to know of the model, where the user says nothing about it."""
    model, limit = endpoint.ai_model, facts.max_output_tokens if with_limit else None
    data = model.settings
    if (data is not None and data != is_silent(data)) or (limit is None and not facts.reasoning):
        return endpoint
    known = (data or ChatModelSettings()).model_copy(
        update={"max_output_tokens": limit, "supports_reasoning": facts.reasoning}
    )
    return endpoint.model_copy(update={"ai_model": model.model_copy(update={"settings": known})})


def is_silent(data: ChatModelSettings) -> ChatModelSettings:
    """Settings that say no more than these about what the model takes in: nothing about limits and reasoning."""
    return ChatModelSettings(input_modalities=data.input_modalities)


def constrain_sampling(
    config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector, insisted: Collection[str]
) -> Changes:
    refused = dict.fromkeys(facts.refused, "the model never does")
    if facts.refused_while_reasoning and reasons(config, facts):
        refused |= dict.fromkeys(facts.refused_while_reasoning, "it cannot be set while the model reasons")
    for one, *others in facts.exclusive:
        if is_set(config, one):
            refused |= dict.fromkeys(others, f"the model takes either this or {one}")
    dropped = [name for name in refused if is_set(config, name) and name not in insisted]
    for name in dropped:
        warnings.unsupported(name, refused[name])
    return {name: () if name == "stop" else None for name in dropped}


def is_set(config: AIModelCallConfig, name: str) -> bool:
    return getattr(config, name) not in (None, (), {})


def reasons(config: AIModelCallConfig, facts: ModelFacts) -> bool:
    """Whether the model will reason at this call, as far as that can be known."""
    if always_reasons(facts):
        return True
    wanted = config.wants_reasoning
    return facts.default_effort not in (None, "none") if wanted is None else wanted


def always_reasons(facts: ModelFacts) -> bool:
    efforts = facts.reasoning_efforts
    return bool(
        facts.always_reasons or (facts.reasoning and efforts and "none" not in efforts and has_effort_levels(facts))
    )


def has_effort_levels(facts: ModelFacts) -> bool:
    """Models with a list of refused settings are told how much to reason, and reason unless told not to."""
    return bool(facts.refused_while_reasoning)


def cannot_reason(call: Call, facts: ModelFacts) -> bool:
    """The user's own word about the model counts before the catalogue's."""
    settings = call.endpoint.ai_model.settings
    text = settings.supports_reasoning if settings else None
    return facts.reasoning is False and text is not True


def drop_reasoning(config: AIModelCallConfig, warnings: WarningCollector) -> Changes:
    """Whoever asks such a model not to reason gets just that."""
    if config.wants_reasoning:
        warnings.unsupported("reasoning", "the model does not reason")
    return {} if config.wants_reasoning is None else dict.fromkeys(REASONING)


def constrain_effort(config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    efforts, wanted = facts.reasoning_efforts, config.wants_reasoning
    if wanted is False:
        return disable_reasoning(config, facts, warnings)
    if wanted is None or not efforts:
        return {}
    request = config.reasoning_effort or (
        effort_of(config.max_reasoning_tokens) if config.max_reasoning_tokens else None
    )
    if request in efforts or (request is None and DEFAULT_EFFORT in efforts):
        return {}
    match = nearest_effort(request or DEFAULT_EFFORT, efforts)
    if request is not None:
        warnings.translated("reasoning_effort", f"{request!r} is not one of {', '.join(efforts)}; {match!r} is nearest")
    return {"reasoning_effort": match}


def disable_reasoning(config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    """Not to reason at all, or as little as the model can."""
    if "none" in facts.reasoning_efforts:
        return {} if facts.default_effort == "none" else {"reasoning_effort": "none"}
    if not always_reasons(facts) or facts.reasoning_budget:
        return {}
    if not facts.reasoning_efforts:
        warnings.translated("reasoning", "the model cannot stop; nothing was said to it about reasoning")
        return dict.fromkeys(REASONING)
    least = facts.reasoning_efforts[0]
    warnings.translated("reasoning", f"the model cannot stop; it was asked to reason as little as it can: {least}")
    return {"reasoning": None, "reasoning_effort": least}


def constrain_budget(config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    """A budget within what the model takes; of a model that cannot stop, the least."""
    if not facts.reasoning_budget or config.wants_reasoning is None:
        return {}
    least, most = facts.reasoning_budget
    if not config.wants_reasoning:
        if not facts.always_reasons:
            return {}
        warnings.translated("reasoning", f"the model cannot stop; it was asked to think for {least} tokens")
        return {"reasoning": None, "reasoning_effort": None, "max_reasoning_tokens": least}
    request = budget_for(config)
    if request is None or least <= request <= most:
        return {}
    match = min(max(request, least), most)
    named = "max_reasoning_tokens" if config.max_reasoning_tokens is not None else "reasoning_effort"
    warnings.clamped(named, f"the model thinks for {least} to {most} tokens, so {match} were allowed")
    return {"max_reasoning_tokens": match}


def nearest_effort(effort: str, efforts: tuple[str, ...]) -> str:
    """The closest level there is; of two that are as close, the one that reasons more. Never none instead of some."""
    place = EFFORTS.index(effort)
    known = [one for one in efforts if one in EFFORTS and (one != "none" or effort == "none")]
    if not known:
        return next((one for one in efforts if one != "none"), "none")
    return min(known, key=lambda one: (abs(EFFORTS.index(one) - place), -EFFORTS.index(one)))


def constrain_output_limit(call: Call, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    """The user's own word about the model's limit counts before the catalogue's."""
    request, settings = call.config.max_output_tokens, call.endpoint.ai_model.settings
    most = (settings.max_output_tokens if settings else None) or facts.max_output_tokens
    if request is None or most is None or request <= most:
        return {}
    warnings.clamped("max_output_tokens", f"the model writes at most {most} tokens, not {request}")
    return {"max_output_tokens": most}


def constrain_tool_choice(config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    choice = config.tool_choice
    if choice is None or choice.mode != "required":
        return {}
    if facts.forced_tools is False:
        text = "the model cannot be forced to call a tool; it decides itself"
    elif facts.forced_tools_while_reasoning is False and reasons(config, facts):
        text = "the model cannot be forced to call a tool while it reasons; it decides itself"
    else:
        return {}
    warnings.translated("tool_choice", text)
    return {"tool_choice": choice.model_copy(update={"mode": "auto"})}
