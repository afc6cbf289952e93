"""Token counts where the provider does not count."""

from __future__ import annotations

from ..codecs.estimate import estimate
from ..types.call import Call
from ..types.token_count import TokenCountResponse
from .journey import Journey


def estimated(journey: Journey, call: Call) -> TokenCountResponse:
    """A guess by length, marked as one. Nothing is sent."""
    origin = journey.target.origin
    return TokenCountResponse(provider=origin.provider, model=origin.model, input_tokens=estimate(call), estimated=True)
