"""Prices of the model constants, taken from the public price list at its usual tier."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from dhenara.ai.catalog.model_info import load
from dhenara.ai.catalog.price_list import VERSION, NoPrice, find_row
from dhenara.ai.providers.provider import find_provider

PAGE = Path(__file__).resolve().parents[2] / "src" / "dhenara" / "ai" / "catalog" / "tables" / "constant_prices.json"
AT = datetime(2026, 11, 29, tzinfo=UTC)
ELSEWHERE = {"amazon": ("aws", "global.{}")}
"""Vendor whose models the list has under another provider, and under which name."""

FIELDS = {
    "input_token_cost_per_million": "input_mtok",
    "output_token_cost_per_million": "output_mtok",
    "cache_read_cost_per_million": "cache_read_mtok",
    "cache_write_cost_per_million": "cache_write_mtok",
}


def page() -> str:
    """Return the whole table: vendor and model to the prices in US dollars per million tokens."""
    lines = []
    for vendor, kinds in load("constants").items():
        for name in sorted({model_name(one) for models in kinds.values() for one in models.values()}):
            if prices := prices_of(vendor, name):
                lines.append(f"    {json.dumps(f'{vendor}/{name}')}: {json.dumps(prices)}")
    head = f'{{\n  "source": {json.dumps(f"{VERSION}, {AT:%Y-%m-%d}")},\n  "prices": {{\n'
    return head + ",\n".join(lines) + "\n  }\n}\n"


def model_name(constant: Any) -> str:
    name: str = constant["model_name"] if isinstance(constant, dict) else constant
    return name


def prices_of(vendor: str, model: str) -> dict[str, str]:
    """Return the prices of a model as text; of prices by prompt size, those of short prompts. Empty if unknown."""
    provider = find_provider(vendor)
    seller, name = ELSEWHERE.get(vendor, ((provider.price_list if provider else None) or vendor, "{}"))
    try:
        row = find_row(seller, (name.format(model),), None).prices(AT)
    except NoPrice:
        return {}
    each = {field: row.get(unit) for field, unit in FIELDS.items()}
    prices = {field: str(price if isinstance(price, Decimal) else price.base) for field, price in each.items() if price}
    return prices if "input_token_cost_per_million" in prices and "output_token_cost_per_million" in prices else {}
