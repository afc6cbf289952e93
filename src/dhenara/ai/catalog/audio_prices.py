"""What speech costs, by the user's own prices: minutes that were heard, letters that were spoken."""

from __future__ import annotations

from decimal import Decimal

from ..types.cost import Cost
from ..types.cost_data import AudioModelCostData
from ..types.usage import Usage

MILLION = Decimal(1_000_000)


def audio_cost(prices: AudioModelCostData, usage: Usage) -> Cost:
    """The sum of what was counted; a unit without a price is said to have none."""
    each = {
        "seconds": (prices.cost_per_minute, Decimal(60)),
        "characters": (prices.cost_per_million_characters, MILLION),
    }
    counted = {unit: amount for unit, amount in usage.units.items() if unit in each}
    missing = [unit for unit in counted if each[unit][0] is None]
    if missing or not counted:
        data = ", ".join(missing) or "what was used: the answer tells neither seconds nor characters"
        return Cost(source="cost_data", reason=f"cost_data has no price for {data}")
    components = {
        unit: Decimal(str(amount)) * price / size
        for unit, amount in counted.items()
        for price, size in [each[unit]]
        if price is not None
    }
    return Cost(amount=sum(components.values(), Decimal(0)), components=components, source="cost_data")
