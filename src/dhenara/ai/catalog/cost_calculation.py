"""Cost by given prices: tokens by bucket, images by their options, audio by minutes or characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..types.chat.cost import Cost
from ..types.chat.usage import Usage
from ..types.config.model import AIModel, AudioModelCostData, ChatModelCostData, ImageModelCostData

MILLION = Decimal(1_000_000)
THOUSAND = Decimal(1_000)
Prices = Mapping[str, Any]

# Name of a cost component, field of `Usage`, and prices that may apply, the most specific first.
BUCKETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("input", "input_tokens", ("input_text_mtok", "input_mtok")),
    ("cache_read", "cache_read_tokens", ("cache_text_read_mtok", "cache_read_mtok", "input_text_mtok", "input_mtok")),
    (
        "cache_write",
        "cache_write_tokens",
        ("cache_write_5m_mtok", "cache_write_mtok", "input_text_mtok", "input_mtok"),
    ),
    (
        "cache_write_1h",
        "cache_write_1h_tokens",
        ("cache_write_1h_mtok", "cache_write_mtok", "input_text_mtok", "input_mtok"),
    ),
    ("input_audio", "input_audio_tokens", ("input_audio_mtok", "input_mtok")),
    ("input_image", "input_image_tokens", ("input_image_mtok", "input_mtok")),
    ("output", "output_tokens", ("output_text_mtok", "output_mtok")),
    ("reasoning", "reasoning_tokens", ("output_reasoning_mtok", "output_mtok")),
    ("output_audio", "output_audio_tokens", ("output_audio_mtok", "output_mtok")),
    ("output_image", "output_image_tokens", ("output_image_mtok", "output_mtok")),
)

# Tools with a fee per call; other tools cost only their tokens.
FEES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"web_search(?!_tool_result)|google_search_call|nova_grounding"), "web_searches_kcount"),
    (re.compile(r"^x_|view_x"), "social_searches_kcount"),
    (re.compile(r"file_search|collections_search"), "storage_searches_kcount"),
    (re.compile(r"code_interpreter"), "code_executions_kcount"),
    (re.compile(r"image_generation"), "image_generations_kcount"),
)


def cost_by_bucket(prices: Prices, usage: Usage, tools: Mapping[str, int]) -> tuple[dict[str, Decimal], list[str]]:
    """Return the cost of each component, and the names of those without a price."""
    size = usage.prompt_tokens
    components: dict[str, Decimal] = {}
    missing: list[str] = []
    for name, count, each in iter_charges(prices, usage, tools):
        if each is None:
            missing.append(name)
        else:
            components[name] = components.get(name, Decimal(0)) + count * tiered_price(each, size)
    return components, missing


def iter_charges(prices: Prices, usage: Usage, tools: Mapping[str, int]) -> Iterator[tuple[str, Decimal, Any]]:
    """Yield each charge: name, amount and price."""
    for name, bucket, keys in BUCKETS:
        tokens: int = getattr(usage, bucket)
        if tokens:
            yield name, tokens / MILLION, first_price(prices, keys)
    for tool, count in tools.items():
        fee = next((key for pattern, key in FEES if pattern.search(tool)), None)
        if count and fee is not None:
            yield tool, count / THOUSAND, prices.get(fee)
    if prices.get("requests_kcount") is not None:
        yield "request", 1 / THOUSAND, prices["requests_kcount"]


def first_price(prices: Prices, keys: tuple[str, ...]) -> Any:
    return next((prices[key] for key in keys if prices.get(key) is not None), None)


def tiered_price(each: Any, size: int) -> Decimal:
    """Return the price of the tier for this prompt size; it applies to all tokens."""
    if isinstance(each, Decimal):
        return each
    reached = [tier.price for tier in each.tiers if size > tier.start]
    price: Decimal = reached[-1] if reached else each.base
    return price


def token_cost(prices: ChatModelCostData, usage: Usage) -> Cost:
    """Return the cost by the user's prices; cached tokens cost as much as other input unless they have a price."""
    fresh = prices.input_token_cost_per_million
    read = prices.cache_read_cost_per_million
    written = prices.cache_write_cost_per_million
    components = {
        "input": (usage.input_tokens + usage.input_audio_tokens + usage.input_image_tokens) * fresh,
        "cache_read": usage.cache_read_tokens * (fresh if read is None else read),
        "cache_write": (usage.cache_write_tokens + usage.cache_write_1h_tokens)
        * (fresh if written is None else written),
        "output": usage.completion_tokens * prices.output_token_cost_per_million,
    }
    charged = {name: amount / MILLION for name, amount in components.items() if amount}
    return Cost(amount=sum(charged.values(), Decimal(0)), components=charged, source="cost_data")


def audio_cost(prices: AudioModelCostData, usage: Usage) -> Cost:
    """Return the cost of seconds and characters; unknown if a counted unit has no price."""
    each = {
        "seconds": (prices.cost_per_minute, Decimal(60)),
        "characters": (prices.cost_per_million_characters, MILLION),
    }
    counted = {unit: amount for unit, amount in usage.units.items() if unit in each}
    missing = [unit for unit in counted if each[unit][0] is None]
    if missing or not counted:
        units = ", ".join(missing) or "what was used: the answer tells neither seconds nor characters"
        return Cost(source="cost_data", reason=f"cost_data has no price for {units}")
    components = {
        unit: Decimal(str(amount)) * price / size
        for unit, amount in counted.items()
        for price, size in [each[unit]]
        if price is not None
    }
    return Cost(amount=sum(components.values(), Decimal(0)), components=components, source="cost_data")


PRICE = "cost_per_image"


def image_cost(prices: ImageModelCostData, usage: Usage, model: AIModel) -> Cost:
    """Return the cost of the images by their options; unset options have the model's defaults."""
    made = Decimal(usage.units.get("images", 0))
    each = prices.flat_cost_per_image
    if each is None:
        used = {**default_options(model), **usage.options}
        row = next((row for row in prices.image_options_cost_data if row_matches(row, used)), None)
        if row is None:
            options = ", ".join(f"{name}={value}" for name, value in used.items()) or "no options"
            return Cost(source="cost_data", reason=f"image_options_cost_data has no price for {options}")
        each = Decimal(str(row[PRICE]))
    amount = made * each
    return Cost(amount=amount, components={"images": amount}, source=prices.source or "cost_data")


def default_options(model: AIModel) -> dict[str, Any]:
    known = model.valid_options or {}
    return {name: option.default_value for name, option in known.items() if option.default_value is not None}


def row_matches(row: Mapping[str, Any], used: Mapping[str, Any]) -> bool:
    """Whether the row applies: each option of the row has one of its values."""
    return all(name == PRICE or used.get(name) in values_of(values) for name, values in row.items())


def values_of(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]
