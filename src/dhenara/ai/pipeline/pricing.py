"""Computes the cost of a response when it is first read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..providers.target import ResolvedTarget
from ..types.call import Call
from ..types.response import ChatResponse

if TYPE_CHECKING:
    from ..types.cost import Cost


def cost_function(target: ResolvedTarget, call: Call, at: float) -> Callable[[ChatResponse], Cost | None]:
    """Return a function that prices a response of this call at the time `at`."""
    endpoint, requested_tier = call.endpoint, call.config.service_tier

    def ask(answer: ChatResponse) -> Cost | None:
        from ..catalog.prices import price_usage

        return price_usage(
            endpoint,
            answer.usage,
            served=answer.model,
            service_tier=answer.extras.get("service_tier") or tier_of(answer) or requested_tier,
            server_tools=tools_of(answer),
            at=datetime.fromtimestamp(at, UTC),
            base_url=target.base_url,
        )

    return ask


def tier_of(answer: ChatResponse) -> str | None:
    """Return the service tier; Anthropic and Google report it in the usage, Bedrock next to it."""
    counts, other = answer.usage.raw if answer.usage else {}, answer.extras.get("serviceTier")
    known = (
        counts.get("service_tier"),
        counts.get("serviceTier"),
        other.get("type") if isinstance(other, dict) else other,
    )
    return next((tier for tier in known if isinstance(tier, str) and tier), None)


def tools_of(answer: ChatResponse) -> dict[str, int]:
    """Return how often each provider-run tool ran, as far as the response shows."""
    parts = (part for choice in answer.choices for part in choice.contents)
    return dict(Counter(part.name for part in parts if part.type == "server_tool"))
