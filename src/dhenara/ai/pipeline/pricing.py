"""Pricing: an answer's way to the prices, taken when its cost is first asked for."""

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
    """What an answer of this call costs, at the prices of this time."""
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
    """The tier that served the answer: with the counts at Anthropic and Google, beside them at Bedrock."""
    counts, data = answer.usage.raw if answer.usage else {}, answer.extras.get("serviceTier")
    text = (counts.get("service_tier"), counts.get("serviceTier"), data.get("type") if isinstance(data, dict) else data)
    return next((tier for tier in text if isinstance(tier, str) and tier), None)


def tools_of(answer: ChatResponse) -> dict[str, int]:
    """How often each of the provider's own tools ran, as far as the answer shows."""
    parts = (part for choice in answer.choices for part in choice.contents)
    return dict(Counter(part.name for part in parts if part.type == "server_tool"))
