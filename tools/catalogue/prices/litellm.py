"""Reads LiteLLM's `model_prices_and_context_window.json`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from math import prod
from typing import Any, NamedTuple

from .places import Place, place_of
from .rows import MEASURED, MILLION, Book, Offer, Options, Rates, Row, Slot, Times, add_rows, scaled

Entry = Mapping[str, Any]

UNITS = {
    "input_cost_per_token": "input",
    "input_cost_per_token_cache_hit": "cache_read",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "input_cost_per_audio_token": "input_audio",
    "cache_read_input_audio_token_cost": "cache_read_audio",
    "input_cost_per_image_token": "input_image",
    "cache_read_input_image_token_cost": "cache_read_image",
    "input_cost_per_video_token": "input_video",
    "output_cost_per_token": "output",
    "output_cost_per_reasoning_token": "reasoning",
    "output_cost_per_audio_token": "output_audio",
    "output_cost_per_image_token": "output_image",
    "output_cost_per_video_token": "output_video",
    "citation_cost_per_token": "citations",
    "input_cost_per_character": "characters",
}
FEES = {
    "google_maps_grounding_cost_per_query": "maps_searches",
    "code_interpreter_cost_per_session": "code_sessions",
    "input_cost_per_request": "requests",
    "input_cost_per_text_message": "text_messages",
    "input_cost_per_video_per_second": "input_video_seconds",
    "input_cost_per_audio_per_second": "seconds",
}
PAGES = {"ocr_cost_per_page": "pages", "annotation_cost_per_page": "annotated_pages"}
UPLIFT = "regional_endpoint_uplift_multiplier"
QUERIES = {"rerank": "searches", "search": "web_searches", "vector_store": "searches"}
ROUNDED = Decimal("0.0005")
LIKE = {
    **dict.fromkeys(("input_audio", "input_image", "input_video"), "input"),
    **dict.fromkeys(("cache_read_audio", "cache_read_image"), "cache_read"),
    **dict.fromkeys(("reasoning", "output_audio", "output_image", "output_video"), "output"),
}
"""Units that cost as much as another one where they have no rate of their own."""
TIERS = {"batches": "batch", "priority": "priority", "flex": "flex", "ultrafast": "ultrafast", "decisions": "decisions"}
KEY = re.compile(
    r"(?P<base>.+?)(?:_above_(?P<life>1hr|12hr))?(?:_above_(?P<size>\d+)k_tokens)?"
    rf"(?:_(?P<tier>{'|'.join(TIERS)}))?$"
)
LIFE = {None: "", "1hr": "_1h", "12hr": "_12h"}
RESOLUTION = re.compile(r"output_cost_per_second_(\d+p|\dk)$")
NOT_PER_TOKEN = "LiteLLM gives a rate per token for a model that makes pictures, which are sold by picture or step"
RESERVED = "a price of reserved throughput by the hour, not of a call"
ROUTER = "the fee of the router alone is known; the model that answers is paid on top of it, by its own name"
ZERO = "LiteLLM lists it with a price of 0, which may mean free or not known"
NOTHING = "LiteLLM lists it without a price"


class Listed(NamedTuple):
    """LiteLLM's list: by host and model, further rows of the same models, and where its current names are."""

    book: Book
    others: Book
    places: dict[str, Place]


def read(listed: Mapping[str, Entry], date: str) -> Listed:
    """Read LiteLLM's list. Of several rows of a model, that with a price by place counts first."""
    book: Book = {}
    others: Book = {}
    places: dict[str, Place] = {}
    # Tokens first, so that rows for sizes of pictures can have the model's token rates.
    for name, entry in sorted(listed.items(), key=lambda item: ("-x-" in item[0], UPLIFT not in item[1], item[0])):
        place = place_of(name, entry)
        if place is None:
            continue
        if str(entry.get("deprecation_date") or "9999") >= date:
            places[name] = place
        if place.size:
            add_size(book, place, entry)
        elif reason := why_unknown(place, entry):
            offer = book.setdefault(place.host, {}).setdefault(place.model, Offer())
            offer.unknown = offer.unknown or reason
        else:
            second = add_rows(book, place.host, place.model, rows_of(place, entry))
            add_rows(others, place.host, place.model, second)
    in_one_region(book.get("amazon_bedrock", {}))
    return Listed(book, others, places)


def in_one_region(models: dict[str, Offer]) -> None:
    """Give Claude's ids at Bedrock without a place before them the price of a region.

    LiteLLM gives them the global price, but AWS takes them in one region, where they cost as much as with `us.`.
    """
    for name, offer in models.items():
        there = models.get(f"us.{name}")
        if name.startswith("anthropic.") and there is not None and there.rows:
            offer.rows = [row for row in offer.rows if row.slot.region] + list(there.rows)


def number(value: Any) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))


def why_unknown(place: Place, entry: Entry) -> str:
    if place.reserved:
        return RESERVED
    if "model_router" in place.model or "model-router" in place.model:
        return ROUTER
    if entry.get("mode") == "image_generation" and place.host == "fireworks" and "input_cost_per_token" in entry:
        return NOT_PER_TOKEN
    if any(row.rates or row.estimates for row in rows_of(place, entry)):
        return ""
    costs = [value for key, value in entry.items() if "cost" in key]
    return ZERO if costs else NOTHING


def rows_of(place: Place, entry: Entry) -> list[Row]:
    """Return the rows of a model: its tiers, sizes of prompts, times and regions."""
    by_slot = token_rates(entry)
    fees = dict(fees_of(place, entry))
    base = {**by_slot.pop(("", 0), {}), **fees}
    rows = [Row(Slot(), base)]
    sizes = sorted({size for _, size in by_slot})
    for tier in sorted({tier for tier, _ in by_slot} | {""}):
        named = by_slot.get((tier, 0), {})
        # A tier that only names rates of large prompts has unknown rates for others.
        ordinary = base if not tier else completed(base, named) if named else {}
        if tier:
            rows.append(Row(Slot(tier=tier), ordinary))
        for size in sizes:
            if size:
                own = by_slot.get((tier, size), {})
                rows.append(Row(Slot(tier=tier, above=size), completed(ordinary, own) if own else {}))
    rows += [Row(Slot(options=option), {**base, **more}) for option, more in options_of(entry)]
    rows += tiered_rows(entry, fees)
    rows = [with_estimates(row) for row in rows]
    rows += off_peak_rows(entry, base)
    return [row for row in in_regions(place, entry, rows) if row.rates or row.estimates or row.slot.tier]


def token_rates(entry: Entry) -> dict[tuple[str, int], Rates]:
    """Return the rates of tokens and pages by tier and size of the prompt."""
    found: dict[tuple[str, int], Rates] = {}
    for key, value in entry.items():
        match = KEY.fullmatch(key)
        unit = (UNITS.get(match["base"]) or PAGES.get(match["base"])) if match else None
        if match is None or unit is None or not isinstance(value, int | float) or not value:
            continue
        slot = (TIERS[match["tier"]] if match["tier"] else "", int(match["size"] or 0) * 1000)
        each = number(value) if match["base"] in PAGES else number(value) * MILLION
        found.setdefault(slot, {}).setdefault(unit + LIFE[match["life"]], each)
    return found


def completed(base: Rates, own: Rates) -> Rates:
    """Return the rates of a tier or size: those that it does not name are the ordinary ones, if they can be."""
    rates = {**base, **own}
    for unit in ("cache_read", "cache_write", "cache_write_1h", "cache_write_12h"):
        if unit not in own and own.get("input") != base.get("input"):
            rates.pop(unit, None)
    for unit, usual in LIKE.items():
        if unit not in own and usual in own and base.get(unit) == base.get(usual):
            rates.pop(unit, None)
    return rates


def fees_of(place: Place, entry: Entry) -> Iterator[tuple[str, Decimal]]:
    for key, unit in FEES.items():
        if entry.get(key):
            yield unit, number(entry[key])
    if query := entry.get("input_cost_per_query"):
        yield QUERIES.get(str(entry.get("mode")), "text_requests"), number(query)
    if calls := entry.get("file_search_cost_per_1k_calls"):
        yield "storage_searches", number(calls) / 1000
    searches = set((entry.get("search_context_cost_per_query") or {}).values())
    if len(searches) == 1 and any(searches):
        yield "web_searches", number(searches.pop())
    yield from measures_of(place, entry)


def measures_of(place: Place, entry: Entry) -> Iterator[tuple[str, Decimal]]:
    """Yield the prices of seconds and pictures, made or given."""
    mode = entry.get("mode")
    seconds = entry.get("output_cost_per_video_per_second") or entry.get("output_cost_per_second")
    if seconds and mode == "video_generation":
        yield "video_seconds", number(seconds)
    elif seconds := seconds or entry.get("input_cost_per_second"):
        yield "seconds", exact_second(number(seconds), entry.get("metadata") or {})
    drawn, given = entry.get("output_cost_per_image"), entry.get("input_cost_per_image")
    draws = mode in ("image_generation", "image_edit")
    if drawn and (draws or "lyria" in place.model):
        yield "images" if draws else "requests", number(drawn)
    in_tokens = (mode != "embedding" and entry.get("input_cost_per_token")) or entry.get("input_cost_per_image_token")
    if given and not in_tokens:
        made = draws and not (drawn or entry.get("output_cost_per_image_token"))
        yield "images" if made else "input_images", number(given)


def exact_second(rate: Decimal, notes: Mapping[str, Any]) -> Decimal:
    """Return a price per second as the vendor has it: LiteLLM rounds prices per minute or hour."""
    exact = [(rate * 3600).quantize(Decimal("0.01")) / 3600]
    for note, seconds in (("original_pricing_per_minute", 60), ("original_pricing_per_hour", 3600)):
        if isinstance(notes.get(note), int | float):
            exact.insert(0, number(notes[note]) / seconds)
    return next((one for one in exact if abs(one - rate) < one * ROUNDED), rate)


def options_of(entry: Entry) -> Iterator[tuple[Options, Rates]]:
    for key, value in entry.items():
        if (match := RESOLUTION.match(key)) and value:
            yield (("resolution", match[1]),), {"video_seconds": number(value)}
    searches = entry.get("search_context_cost_per_query") or {}
    if len(set(searches.values())) > 1:
        # Perplexity's own models search in each request.
        unit = "requests" if entry.get("litellm_provider") == "perplexity" else "web_searches"
        for size, value in searches.items():
            name = size.removeprefix("search_context_size_")
            yield (("search_context_size", name),), {unit: number(value)}


def with_estimates(row: Row) -> Row:
    """Return the row with what measures tokens set apart, so that nothing is charged twice."""
    makes = row.rates.get("output_image") or row.rates.get("output_audio")
    told = {
        unit: row.rates[unit]
        for unit in MEASURED
        if unit in row.rates and (makes or "input" in row.rates or "input_audio" in row.rates)
    }
    if "video_seconds" in told or not told:
        return row
    return replace(row, rates={unit: rate for unit, rate in row.rates.items() if unit not in told}, estimates=told)


def tiered_rows(entry: Entry, fees: Rates) -> Iterator[Row]:
    for part in entry.get("tiered_pricing") or ():
        start, _ = part.get("range") or (0, 0)
        rates = {unit: number(part[key]) * MILLION for key, unit in UNITS.items() if part.get(key)}
        if rates:
            yield Row(Slot(above=int(start)), {**rates, **fees})


def off_peak_rows(entry: Entry, base: Rates) -> Iterator[Row]:
    cheap = entry.get("off_peak_pricing")
    if cheap:
        own = {unit: number(cheap[key]) * MILLION for key, unit in UNITS.items() if cheap.get(key)}
        yield Row(Slot(times=times_of(cheap["windows"])), {**base, **own})


def times_of(windows: list[Entry]) -> Times:
    def hours(told: Any) -> tuple[str, ...]:
        return (told,) if isinstance(told, str) else tuple(told)

    return tuple((tuple(one.get("weekdays") or range(1, 8)), hours(one["hours_utc"])) for one in windows)


def in_regions(place: Place, entry: Entry, rows: list[Row]) -> list[Row]:
    """Return the rows, and those for other regions; tokens cost more there."""
    if place.region:
        return [replace(row, slot=row.slot._replace(region=place.region)) for row in rows]
    if uplift := entry.get(UPLIFT):
        here = [replace(row, slot=row.slot._replace(region="global")) for row in rows]
        return [scaled(row, number(uplift)) for row in rows] + here
    return rows


def uplifts(listed: Mapping[str, Entry]) -> dict[tuple[str, str], dict[str, Decimal]]:
    """Return by what tokens are dearer, host and model to region to factor."""
    result: dict[tuple[str, str], dict[str, Decimal]] = {}
    for name, entry in listed.items():
        place = place_of(name, entry)
        if place is None or place.host not in ("openai", "anthropic"):
            continue
        factors = {region: entry.get(f"regional_processing_uplift_multiplier_{region}") for region in ("eu", "us")}
        factors["us"] = factors["us"] or (entry.get("provider_specific_entry") or {}).get("us")
        if any(factors.values()):
            found = {region: number(factor) for region, factor in factors.items() if factor}
            result[place.host, place.model] = found
    return result


def add_size(book: Book, place: Place, entry: Entry) -> None:
    """Add the price of a picture of one size and quality."""
    sides = [int(side) for side in re.findall(r"\d+", place.size)]
    pixel, picture = entry.get("input_cost_per_pixel"), entry.get("output_cost_per_image")
    picture = picture or entry.get("input_cost_per_image")
    each = number(picture) if picture else number(pixel or 0) * prod(sides)
    known = book.setdefault(place.host, {}).setdefault(place.model, Offer())
    if not each or not sides:
        known.unknown = known.unknown or ZERO
        return
    usual = next((row for row in known.rows if row.slot == Slot(region=place.region)), None)
    options = tuple(
        pair for pair in (("size", place.size), ("quality", place.quality), ("steps", place.steps)) if pair[1]
    )
    row = Row(Slot(region=place.region, options=options), {"images": each.normalize()})
    if usual is not None and "output_image" in usual.rates:
        row = replace(row, rates=usual.rates, estimates=row.rates)
    elif usual is not None and "images" in usual.rates:
        row = replace(row, rates={**usual.rates, **row.rates})
    add_rows(book, place.host, place.model, [row])
