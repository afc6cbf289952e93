"""Constraints of a model, applied to a call, with a warning for everything that changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ..codecs.common.plan import WarningCollector
from ..codecs.common.request import DEFAULT_EFFORT, as_continue_request, budget_for, effort_of, is_prefilled
from ..types.chat.report import CallWarning
from ..types.config.api import AIModelEndpoint
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.model import ChatModelSettings
from ..types.config.parameters import CONSTRAINED
from .model_info import ModelFacts

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
REASONING = ("reasoning", "reasoning_effort", "max_reasoning_tokens")
Changes = dict[str, Any]


def apply_constraints(
    call: Call, facts: ModelFacts, insisted: Collection[str] = ()
) -> tuple[Call, tuple[CallWarning, ...]]:
    """Return the call with parameters that its model accepts, and a warning for each change.

    Args:
        call: The call.
        facts: Facts about its model.
        insisted: Parameters that are left alone, because the user set them in the provider's own words.
    """
    warnings, changes = WarningCollector(facts.name), Changes()
    config = call.config
    given = config.model_fields_set
    if given & CONSTRAINED:
        if not given.isdisjoint(REASONING):
            changes |= constrain_reasoning(call, facts, warnings)
        changes |= constrain_sampling(config, facts, warnings, insisted)
        changes |= constrain_output_limit(call, facts, warnings)
        changes |= constrain_tool_choice(config, facts, warnings)
    if facts.prefill is False and is_prefilled(call):
        call = as_continue_request(call, warnings)
    return (replace(call, config=config.model_copy(update=changes)) if changes else call), warnings.all()


def with_own_settings(endpoint: AIModelEndpoint, facts: ModelFacts | None) -> ModelFacts | None:
    """Return the facts as far as the user's settings of the model do not say otherwise, also of an unknown model."""
    settings = endpoint.ai_model.settings
    if settings is None or settings.host is not None or settings == is_silent(settings):
        return facts
    known = facts or ModelFacts(endpoint.ai_model.model_name, None)
    least = known.reasoning_budget[0] if known.reasoning_budget else 1
    changes: dict[str, Any] = {
        "reasoning": settings.supports_reasoning,
        "reasoning_efforts": settings.reasoning_efforts,
        "refused": settings.refused_parameters,
        "reasoning_budget": (least, settings.max_reasoning_tokens) if settings.max_reasoning_tokens else (),
    }
    return replace(known, **{name: value for name, value in changes.items() if value not in (None, ())})


LEAST_BUDGET = 4_096
"""The most reasoning tokens that a protocol chooses for a call with a small limit."""

LEAST_ANSWER = 8_192
"""The most tokens that a protocol adds to a budget for the answer of a call without a limit."""


def with_model_limits(endpoint: AIModelEndpoint, facts: ModelFacts | None, *, with_limit: bool) -> AIModelEndpoint:
    """Return the endpoint with facts that protocols need, unless the model's settings have them.

    Settings that another host's facts made are replaced by those of this host.
    """
    model, limit = endpoint.ai_model, facts.output_limit if facts and with_limit else None
    settings = model.settings
    if settings is not None and not is_for(settings, endpoint):
        return with_settings(endpoint, settings_here(settings, facts))
    if settings is not None and settings.host and facts is not None and facts.retired:
        return with_settings(endpoint, settings.model_copy(update={"max_output_tokens": None}))
    if (settings is not None and settings != is_silent(settings)) or (
        limit is None and not (facts and facts.reasoning)
    ):
        return endpoint
    known: dict[str, Any] = {"max_output_tokens": limit, "supports_reasoning": facts.reasoning if facts else None}
    if facts is not None and facts.output_limit is not None and facts.output_limit > LEAST_ANSWER:
        known["max_reasoning_tokens"] = facts.output_limit - LEAST_ANSWER
    return with_settings(endpoint, (settings or ChatModelSettings()).model_copy(update=known))


def with_settings(endpoint: AIModelEndpoint, settings: ChatModelSettings) -> AIModelEndpoint:
    model = endpoint.ai_model.model_copy(update={"settings": settings})
    return endpoint.model_copy(update={"ai_model": model})


def settings_here(settings: ChatModelSettings, facts: ModelFacts | None) -> ChatModelSettings:
    """Return settings in place of another host's: what is known here, and what the weights decide."""
    known = facts.settings() if facts else ChatModelSettings()
    of_model = {
        "max_output_tokens": facts.output_limit if facts else None,
        "supports_reasoning": settings.supports_reasoning,
        "input_modalities": settings.input_modalities,
    }
    return known.model_copy(update=of_model)


def is_for(settings: ChatModelSettings, endpoint: AIModelEndpoint) -> bool:
    """Whether settings apply at the endpoint's provider: a user's own, or those of a constant at its own host."""
    return settings.host in (None, str(endpoint.api.provider))


def is_elsewhere(endpoint: AIModelEndpoint) -> bool:
    """Whether the model's settings are those of another host, or of a constant that may be retired."""
    settings = endpoint.ai_model.settings
    return settings is not None and settings.host is not None


def is_silent(settings: ChatModelSettings) -> ChatModelSettings:
    """Return the settings without limits and reasoning: with input modalities only."""
    return ChatModelSettings(input_modalities=settings.input_modalities)


def constrain_sampling(
    config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector, insisted: Collection[str]
) -> Changes:
    given = config.model_fields_set
    if not facts.exclusive and given.isdisjoint(facts.refused) and given.isdisjoint(facts.refused_while_reasoning):
        return {}
    refused = dict.fromkeys(facts.refused, "the model does not accept it")
    if facts.refused_while_reasoning and reasons(config, facts):
        refused |= dict.fromkeys(facts.refused_while_reasoning, "it cannot be set while the model reasons")
    for one, *others in facts.exclusive:
        if is_set(config, one):
            refused |= dict.fromkeys(others, f"the model accepts either this or {one}")
    dropped = [name for name in refused if is_set(config, name) and name not in insisted]
    for name in dropped:
        warnings.unsupported(name, refused[name])
    return {name: () if name == "stop" else None for name in dropped}


def is_set(config: AIModelCallConfig, name: str) -> bool:
    return getattr(config, name) not in (None, (), {})


def reasons(config: AIModelCallConfig, facts: ModelFacts) -> bool:
    """Whether the model will reason in this call, as far as that is known."""
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
    """Whether reasoning is set by effort levels: these models refuse parameters while they reason."""
    return bool(facts.refused_while_reasoning)


def cannot_reason(call: Call, facts: ModelFacts) -> bool:
    """Whether the model does not reason; the model's settings override the catalogue."""
    settings = call.endpoint.ai_model.settings
    supports_reasoning = settings.supports_reasoning if settings else None
    return facts.reasoning is False and supports_reasoning is not True


def drop_reasoning(config: AIModelCallConfig, warnings: WarningCollector) -> Changes:
    """Remove reasoning parameters; warn if reasoning was requested."""
    if config.wants_reasoning:
        warnings.unsupported("reasoning", "the model does not reason")
    return {} if config.wants_reasoning is None else dict.fromkeys(REASONING)


def constrain_reasoning(call: Call, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    if cannot_reason(call, facts):
        return drop_reasoning(call.config, warnings)
    return constrain_effort(call.config, facts, warnings) | constrain_budget(call.config, facts, warnings)


def constrain_effort(config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    efforts, wanted = facts.reasoning_efforts, config.wants_reasoning
    if wanted is False:
        return disable_reasoning(config, facts, warnings)
    if wanted is None or not efforts:
        return {}
    requested = config.reasoning_effort or (
        effort_of(config.max_reasoning_tokens) if config.max_reasoning_tokens else None
    )
    if requested in efforts or (requested is None and DEFAULT_EFFORT in efforts):
        return {}
    effort = nearest_effort(requested or DEFAULT_EFFORT, efforts)
    if requested is not None:
        warnings.translated(
            "reasoning_effort", f"{requested!r} is not one of {', '.join(efforts)}; {effort!r} is nearest"
        )
    return {"reasoning_effort": effort}


def disable_reasoning(config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    """Turn reasoning off, or down to the minimum if the model always reasons."""
    if "none" in facts.reasoning_efforts:
        return {} if facts.default_effort == "none" else {"reasoning_effort": "none"}
    if not always_reasons(facts) or facts.reasoning_budget:
        return {}
    if not facts.reasoning_efforts:
        warnings.translated("reasoning", "the model always reasons, so no reasoning parameter was sent")
        return dict.fromkeys(REASONING)
    least = facts.reasoning_efforts[0]
    warnings.translated("reasoning", f"the model always reasons, so its lowest effort was sent: {least}")
    return {"reasoning": None, "reasoning_effort": least}


def constrain_budget(config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    """Limit the reasoning budget to the model's range; use the minimum if reasoning cannot be turned off."""
    if not facts.reasoning_budget or config.wants_reasoning is None:
        return {}
    least, most = facts.reasoning_budget
    if not config.wants_reasoning:
        if not facts.always_reasons:
            return {}
        warnings.translated("reasoning", f"the model always reasons, so its smallest budget was sent: {least} tokens")
        return {"reasoning": None, "reasoning_effort": None, "max_reasoning_tokens": least}
    requested = budget_for(config)
    if requested is None or least <= requested <= most:
        return {}
    allowed = min(max(requested, least), most)
    named = "max_reasoning_tokens" if config.max_reasoning_tokens is not None else "reasoning_effort"
    warnings.clamped(named, f"the model accepts {least} to {most} reasoning tokens, so {allowed} was sent")
    return {"max_reasoning_tokens": allowed}


def nearest_effort(effort: str, efforts: tuple[str, ...]) -> str:
    """Return the nearest allowed effort; of two equally near ones the higher. `none` only if it was requested."""
    place = EFFORTS.index(effort)
    known = [one for one in efforts if one in EFFORTS and (one != "none" or effort == "none")]
    if not known:
        return next((one for one in efforts if one != "none"), "none")
    return min(known, key=lambda one: (abs(EFFORTS.index(one) - place), -EFFORTS.index(one)))


def constrain_output_limit(call: Call, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    """Limit the output tokens, by the model's settings or by the host's own facts."""
    requested, most = call.config.max_output_tokens, most_output(call.endpoint, facts)
    if requested is None or most is None or requested <= most:
        return {}
    warnings.clamped("max_output_tokens", f"the model generates at most {most} tokens, not {requested}")
    return {"max_output_tokens": most}


def most_output(endpoint: AIModelEndpoint, facts: ModelFacts | None) -> int | None:
    """Return the most output tokens of a model at its provider, by its settings or the tables.

    Args:
        endpoint: The endpoint.
        facts: What `find_facts(endpoint)` returned.

    Returns:
        The limit; None if it is unknown, or if the provider no longer serves the model.
    """
    settings, known = endpoint.ai_model.settings, facts.output_limit if facts else None
    if settings is None or not is_for(settings, endpoint) or (settings.host and facts and facts.retired):
        return known
    return settings.max_output_tokens or known


def most_generated(call: Call, facts: ModelFacts | None) -> int | None:
    """Return the most tokens that a call can generate, reasoning included, for estimates of its cost.

    Args:
        call: The call.
        facts: What `find_facts` returned for its endpoint.

    Returns:
        The number; None if neither the call nor the tables limit it.
    """
    config, most = call.config, most_output(call.endpoint, facts)
    if config.max_output_tokens is None:
        return most
    by_effort = config.max_reasoning_tokens is None and facts is not None and facts.reasoning_efforts
    reasoning = 0
    if config.wants_reasoning and not by_effort:
        # Without a number, protocols with budgets choose one.
        reasoning = budget_for(config) or max(config.max_output_tokens // 2, LEAST_BUDGET)
    total = config.max_output_tokens + reasoning
    return total if most is None else min(total, most)


def constrain_tool_choice(config: AIModelCallConfig, facts: ModelFacts, warnings: WarningCollector) -> Changes:
    choice = config.tool_choice
    if choice is None or choice.mode != "required":
        return {}
    if facts.forced_tools is False:
        reason = "the model cannot be forced to call a tool; it decides itself"
    elif facts.forced_tools_while_reasoning is False and reasons(config, facts):
        reason = "the model cannot be forced to call a tool while it reasons; it decides itself"
    else:
        return {}
    warnings.translated("tool_choice", reason)
    return {"tool_choice": choice.model_copy(update={"mode": "auto"})}
