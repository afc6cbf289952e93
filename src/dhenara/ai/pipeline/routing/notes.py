"""Warnings on an answer that came from elsewhere than usual, and the call as another endpoint gets it."""

from __future__ import annotations

from dataclasses import replace

from ...errors import CallError
from ...types.chat.report import CallWarning, WarningCode
from ...types.config.api import AIModelEndpoint
from ...types.config.call import Call
from .board import Standing


def warn_passed_over(call: Call, one: Standing, unfit: str | None, now: float) -> bool:
    """Add a warning about a deployment of an earlier group that rests or cannot do what the call needs.

    Returns:
        Whether there is something to say.
    """
    name, health = one.deployment.name, one.health
    if unfit is not None:
        text = f"{name} was passed over: {unfit}"
    elif health.resting_until:
        text = f"{name} rests for {max(0.0, health.resting_until - now):.3g} s after: {health.reason}"
    else:
        return False
    append_note(call, "relieved", f"a fallback endpoint answered because {text}")
    return True


def warn_fallback(call: Call, endpoint: AIModelEndpoint, error: CallError) -> None:
    """Add a warning to the response that says why a fallback answered."""
    who = f"{endpoint.api.provider} ({endpoint.ai_model.model_name})"
    append_note(call, "relieved", f"a fallback endpoint answered because {who} failed: {error.message}")


def adapt_call(call: Call, endpoint: AIModelEndpoint) -> Call:
    """Return the call for this endpoint without `options`, which are specific to the first provider."""
    first = call.endpoint.api.provider
    if not call.config.options or endpoint.api.provider == first:
        return call
    append_note(call, "unsupported_parameter", f"options for {first} were not sent to another provider", "options")
    return replace(call, config=call.config.model_copy(update={"options": {}}))


def append_note(call: Call, code: WarningCode, message: str, parameter: str | None = None) -> None:
    call.journal.notes += (CallWarning(code=code, message=message, parameter=parameter),)
