"""The public price list genai-prices, loaded for the first price because its import is slow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import genai_prices
from genai_prices.data_snapshot import get_snapshot

VERSION = f"genai-prices {genai_prices.__version__}"
# Names of the default tier.
ORDINARY = frozenset({"default", "standard", "auto", "on_demand"})
PLACES = ("models/", "publishers/google/models/", "publishers/anthropic/models/")


class NoPrice(Exception):
    """The price list does not have the model or tier; the message says which."""


@dataclass(slots=True, eq=False)
class Row:
    """Prices of one model of one provider in one tier."""

    name: str
    _model: Any
    _context: Mapping[str, str] | None

    def prices(self, at: datetime) -> Mapping[str, Any]:
        """Return the prices of that time: a number per unit, or tiers by prompt size."""
        prices: Mapping[str, Any] = self._model.get_prices(at, self._context).__dict__
        return prices


def find_row(provider: str, models: tuple[str, ...], tier: str | None) -> Row:
    """Return the row of the first of these names that the list has; raises `NoPrice`."""
    snapshot = get_snapshot()
    # By exact name: the list's own matching would take "openai_compatible" for OpenAI.
    seller = next((known for known in snapshot.providers if known.id == provider), None)
    if seller is None:
        raise NoPrice(f"no price list is known for {provider}")
    for model in models:
        try:
            _, row = snapshot.find_provider_model(bare_name(model), seller, None, None)
        except LookupError:
            continue
        return row_in_tier(seller, row, tier)
    raise NoPrice(f"the price list of {provider} does not have {' or '.join(dict.fromkeys(models))}")


def row_in_tier(seller: Any, row: Any, tier: str | None) -> Row:
    """Return the row with the prices of a tier; raises `NoPrice`."""
    name, lowered = f"{seller.id}/{row.id}", (tier or "default").lower()
    if lowered in ORDINARY:
        return Row(name, row, None)
    context = {"processing": "batch"} if lowered == "batch" else {"service_tier": lowered}
    # Tiers belong to a provider, so those of a row from another provider's list do not apply.
    variants = row.price_variants if any(row is own for own in seller.models) else None
    if not any(variant.when.items() <= context.items() for variant in variants or ()):
        raise NoPrice(f"no price is known for the tier {lowered!r} of {name}")
    return Row(f"{name} ({lowered})", row, context)


def bare_name(model: str) -> str:
    """Return the name without a resource prefix."""
    return next((model[len(place) :] for place in PLACES if model.startswith(place)), model)
