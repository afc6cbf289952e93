"""The output limit of APIs whose one limit covers reasoning and answer.

`max_output_tokens` limits the answer and `max_reasoning_tokens` limits reasoning. Nearly all APIs have one limit for
both, so it is their sum. Without a number of reasoning tokens the limit is sent as it is.
"""

from __future__ import annotations

from ...types.config.api import AIModelEndpoint
from ...types.config.call import AIModelCallConfig, Call
from .plan import WarningCollector


def with_reasoning_room(
    call: Call, budget: int | None, warnings: WarningCollector, *, is_sent: bool
) -> AIModelCallConfig:
    """Return the config with an output limit that also covers the reasoning tokens.

    Args:
        call: The call.
        budget: Its reasoning tokens; None if it has no number.
        warnings: Collects a warning if the provider cannot limit reasoning and answer separately.
        is_sent: Whether the request has the number too, so that reasoning is limited on its own.
    """
    config, answer = call.config, call.config.max_output_tokens
    if answer is None or not budget or not config.wants_reasoning:
        return config
    total = answer + budget
    most = known_limit(call.endpoint)
    if most is not None and total > most:
        total = max(most, answer)
        warnings.clamped("max_output_tokens", both_limited(most))
    if not is_sent:
        warnings.translated(
            "max_output_tokens",
            f"one limit covers reasoning and answer, so {total} was sent: {answer} for the answer and "
            f"{total - answer} for reasoning",
        )
    return config.model_copy(update={"max_output_tokens": total})


def cap_budget(call: Call, budget: int, warnings: WarningCollector) -> int:
    """Return a budget that leaves room for the answer of a call without a limit, where the model's limit is known."""
    settings = call.endpoint.ai_model.settings
    most = settings.max_reasoning_tokens if settings else None
    if most is None or budget <= most or call.config.max_output_tokens is not None:
        return budget
    named = "reasoning_effort" if call.config.max_reasoning_tokens is None else "max_reasoning_tokens"
    warnings.clamped(named, f"{most} reasoning tokens are left beside the answer in what the model can generate")
    return most


def both_limited(most: int) -> str:
    return f"the model generates at most {most} tokens of reasoning and answer together"


def known_limit(endpoint: AIModelEndpoint) -> int | None:
    """Return the most output tokens of the model by its settings; None if unknown."""
    settings = endpoint.ai_model.settings
    return settings.max_output_tokens if settings else None
