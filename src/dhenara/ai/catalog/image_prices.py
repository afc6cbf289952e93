"""What pictures cost, by the user's own prices: one for all, or by size, quality and whatever else decides."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..types.cost import Cost
from ..types.cost_data import ImageModelCostData
from ..types.model import AIModel
from ..types.usage import Usage

PRICE = "cost_per_image"


def image_cost(prices: ImageModelCostData, usage: Usage, model: AIModel) -> Cost:
    """So many pictures at the price of their options; options that were not set are the model's defaults."""
    made = Decimal(usage.units.get("images", 0))
    each = prices.flat_cost_per_image
    if each is None:
        used = {**default_options(model), **usage.options}
        row = next((row for row in prices.image_options_cost_data if row_matches(row, used)), None)
        if row is None:
            data = ", ".join(f"{name}={value}" for name, value in used.items()) or "no options"
            return Cost(source="cost_data", reason=f"image_options_cost_data has no price for {data}")
        each = Decimal(str(row[PRICE]))
    amount = made * each
    return Cost(amount=amount, components={"images": amount}, source="cost_data")


def default_options(model: AIModel) -> dict[str, Any]:
    known = model.valid_options or {}
    return {name: option.default_value for name, option in known.items() if option.default_value is not None}


def row_matches(row: Mapping[str, Any], used: Mapping[str, Any]) -> bool:
    """Whether this row prices these options: each of its own must have one of its values."""
    return all(name == PRICE or used.get(name) in values_of(values) for name, values in row.items())


def values_of(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]
