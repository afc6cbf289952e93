"""Cost by given prices: tokens by bucket, images by their options, audio by minutes; and of a server of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from ..types.chat.cost import Cost
from ..types.chat.usage import Usage, modality_tokens
from ..types.config.model import AIModel, AudioModelCostData, ChatModelCostData, ImageModelCostData
from .price_rows import PER_MILLION
from .price_tables import FEES

MILLION = Decimal(1_000_000)

# Name of a cost component, field of `Usage`, and units whose rates may apply, the most specific first. A write for an
# hour or longer costs more than one for minutes, so the rate of the latter does not apply to it; no model has both.
BUCKETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("input", "input_tokens", ("input",)),
    ("cache_read", "cache_read_tokens", ("cache_read", "input")),
    ("cache_write", "cache_write_tokens", ("cache_write", "input")),
    ("cache_write_1h", "cache_write_1h_tokens", ("cache_write_1h", "cache_write_12h", "input")),
    ("input_audio", "input_audio_tokens", ("input_audio", "input")),
    ("input_image", "input_image_tokens", ("input_image", "input")),
    ("output", "output_tokens", ("output",)),
    ("reasoning", "reasoning_tokens", ("reasoning", "output")),
    ("output_audio", "output_audio_tokens", ("output_audio", "output")),
    ("output_image", "output_image_tokens", ("output_image", "output")),
)

# Units with a rate of their own inside of a component: the component, and where reports that count tokens by modality
# have them. Models without such a rate charge them as the rest of the component.
MODALITIES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "cache_read_audio": ("cache_read", "AUDIO", ("cacheTokensDetails",)),
    "input_video": ("input", "VIDEO", ("promptTokensDetails", "promptTokenDetails")),
    "output_video": ("output", "VIDEO", ("candidatesTokensDetails",)),
}

# Tools with a fee per call; other tools cost only their tokens.
TOOL_FEES: tuple[tuple[str, str], ...] = (
    (r"web_search(?!_tool_result)|google_search_call|nova_grounding", "web_searches"),
    (r"^x_|view_x", "social_searches"),
    (r"file_search|collections_search", "storage_searches"),
    (r"code_interpreter", "code_sessions"),
    (r"image_generation", "image_generations"),
)

MEASURES = frozenset({"images", "seconds", "characters", "pages", "video_seconds"})
"""Units that measure the same content as tokens do; a model is charged by one of them or by tokens."""

COUNTED = MEASURES | {"searches", "annotated_pages"}
"""Units of models that charge no tokens: an answer that counts none of them has no known cost."""

UNMEASURED = "what was used: the answer has no count of it"


def cost_by_unit(
    rates: Mapping[str, Decimal], usage: Usage, tools: Mapping[str, int]
) -> tuple[dict[str, Decimal], list[str]]:
    """Return the cost of each component, and the names of those without a rate.

    Args:
        rates: Price of each unit: tokens and characters per million, others per one.
        usage: What was used.
        tools: Calls of tools that the provider ran, by name.
    """
    charged, missing_tokens = token_charges(rates, usage)
    if charged and not (missing_tokens or usage.units or tools or "requests" in rates):
        return dict(charged), missing_tokens  # nearly always
    units = [(unit, count, rates.get(rate_name(unit, usage))) for unit, count in billed_units(usage)]
    has_tokens = bool(charged or missing_tokens)
    missing_units = [unit for unit, _, rate in units if rate is None]
    measured = [unit for unit, _, rate in units if rate is not None and unit in MEASURES]
    if measured and not charged:
        missing_tokens = []
    elif charged and not missing_tokens:
        missing_units = [unit for unit in missing_units if unit not in MEASURES]
    charged += [(unit, amount_of(unit, count, rate)) for unit, count, rate in units if rate is not None]
    fees = list(tool_charges(rates, usage, tools))
    charged += [(name, fee) for name, fee in fees if fee is not None]
    missing = [*missing_tokens, *missing_units, *(name for name, fee in fees if fee is None)]
    if "requests" in rates and "requests" not in usage.units:
        charged.append(("request", rates["requests"]))
    if rates and rates.keys() <= COUNTED and not (has_tokens or units or fees):
        missing.append(UNMEASURED)
    components: dict[str, Decimal] = {}
    for name, amount in charged:
        components[name] = components.get(name, Decimal(0)) + amount
    return components, missing


def token_charges(rates: Mapping[str, Decimal], usage: Usage) -> tuple[list[tuple[str, Decimal]], list[str]]:
    """Return the cost of each kind of token that was used, and the names of those without a rate."""
    charged: list[tuple[str, Decimal]] = []
    missing: list[str] = []
    apart = {} if MODALITIES.keys().isdisjoint(rates) else tokens_by_modality(rates, usage)
    counts = vars(usage)
    for name, bucket, units in BUCKETS:
        tokens = counts[bucket]
        if tokens:
            for unit, count in apart.get(name, ()):
                part = min(count, tokens)
                tokens -= part
                charged.append((unit, Decimal(part) / MILLION * rates[unit]))
            if not tokens:
                continue
            rate = rate_of(rates, units)
            if rate is None or (name == "cache_write_1h" and lacks_long_writes(rates)):
                missing.append(name)
            else:
                charged.append((name, Decimal(tokens) / MILLION * rate))
    return charged, missing


LONG_WRITES = frozenset({"cache_write_1h", "cache_write_12h"})

UNITS = {field: units for _, field, units in BUCKETS}


def lacks_long_writes(rates: Mapping[str, Decimal]) -> bool:
    """Return whether writes to a cache have a price, but those for an hour or longer have none."""
    return "cache_write" in rates and LONG_WRITES.isdisjoint(rates)


def highest_rate(rates: Mapping[str, Decimal], kinds: Iterable[str]) -> Decimal | None:
    """Return the highest price of a million tokens that are of one of these kinds.

    Args:
        rates: Price of each unit.
        kinds: Fields of `Usage`.

    Returns:
        The price; None if one of the kinds has no rate.
    """
    highest = Decimal(0)
    for kind in kinds:
        rate = rate_of(rates, UNITS[kind])
        if rate is None or (kind == "cache_write_1h_tokens" and lacks_long_writes(rates)):
            return None
        highest = max(highest, rate)
    return highest


def tokens_by_modality(rates: Mapping[str, Decimal], usage: Usage) -> dict[str, list[tuple[str, int]]]:
    """Return the tokens of each component that have a rate of their own: unit and count."""
    apart: dict[str, list[tuple[str, int]]] = {}
    for unit, (component, modality, lists) in MODALITIES.items():
        if unit in rates:
            count = sum(modality_tokens(usage.raw, name, modality) for name in lists)
            if component == "input":
                count -= modality_tokens(usage.raw, "cacheTokensDetails", modality)
            if count > 0:
                apart.setdefault(component, []).append((unit, count))
    return apart


def rate_of(rates: Mapping[str, Decimal], units: tuple[str, ...]) -> Decimal | None:
    """Return the rate of the first of these units that has one."""
    for unit in units:
        if unit in rates:
            return rates[unit]
    return None


def tool_charges(
    rates: Mapping[str, Decimal], usage: Usage, tools: Mapping[str, int]
) -> Iterator[tuple[str, Decimal | None]]:
    """Yield the fee of each tool that has one, unless the usage counts such units; None if the fee is unknown."""
    if not FEES.isdisjoint(usage.units):
        return
    for tool, count in tools.items():
        unit = next((unit for pattern, unit in TOOL_FEES if re.search(pattern, tool)), None)
        if count and unit is not None:
            yield tool, count * rates[unit] if unit in rates else None


def billed_units(usage: Usage) -> Iterator[tuple[str, Decimal]]:
    """Yield the units with their counts; audio that is shorter than the host charges at least counts as that."""
    for unit, count in usage.units.items():
        if count:
            least = usage.options.get("least_seconds", 0) if unit == "seconds" else 0
            yield unit, as_number(max(count, least))


def rate_name(unit: str, usage: Usage) -> str:
    """Return the name of the rate: pages with annotations have their own."""
    return "annotated_pages" if unit == "pages" and usage.options.get("annotations") else unit


def amount_of(unit: str, count: Decimal, rate: Decimal) -> Decimal:
    return count * rate / MILLION if unit in PER_MILLION else count * rate


def as_number(count: float) -> Decimal:
    """Return the count with the digits that it shows, as an integer where it is one."""
    return Decimal(int(count)) if count == int(count) else Decimal(str(count))


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
    known = model.valid_options
    if not known:
        return {}
    return {name: option.default_value for name, option in known.items() if option.default_value is not None}


def row_matches(row: Mapping[str, Any], used: Mapping[str, Any]) -> bool:
    """Whether the row applies: each option of the row has one of its values."""
    return all(name == PRICE or used.get(name) in values_of(values) for name, values in row.items())


def values_of(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def as_billed(usage: Usage) -> Usage:
    """Return the usage with the tokens that are billed, where a report has them beside those that were read.

    Cohere reports both: its prompts of its own, with 500 to 1,500 tokens, are not billed.
    """
    report = usage.raw.get("billed_units")
    if report is None:
        return usage
    billed = report if isinstance(report, Mapping) else {}
    read, made = billed.get("input_tokens"), billed.get("output_tokens")
    if not (isinstance(read, int | float) and isinstance(made, int | float) and read >= 0 and made >= 0):
        return usage
    tokens = {"input_tokens": int(read), "cache_read_tokens": 0, "output_tokens": int(made), "reasoning_tokens": 0}
    return usage.model_copy(update=tokens)


# Host names of private networks: servers there have no price per token.
OWN_NAMES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")

# Without `priced_at`, because no price applies.
FREE = Cost(amount=Decimal(0), source="local")


def self_hosted_cost(base_url: str) -> Cost:
    """Return no cost for a server on a private network; unknown for the same software elsewhere."""
    host = urlsplit(base_url).hostname or ""
    if is_self_hosted(host):
        return FREE
    return Cost(reason=f"{host} may not be a machine of your own, so what it charges is unknown; set cost_data")


def is_self_hosted(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(OWN_NAMES)
