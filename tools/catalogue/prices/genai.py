"""Reads genai-prices: its models with their dates, tiers and sizes of prompts, by exact names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import Any

from .places import GENAI
from .rows import FREE, Book, Offer, Rates, Row, Slot, Times

UNITS = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_5m_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "input_audio",
    "cache_audio_read_mtok": "cache_read_audio",
    "input_image_mtok": "input_image",
    "cache_image_read_mtok": "cache_read_image",
    "input_video_mtok": "input_video",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "output_audio_mtok": "output_audio",
    "output_image_mtok": "output_image",
    "output_video_mtok": "output_video",
    "output_citation_mtok": "citations",
    "input_mchars": "characters",
}
PER_THOUSAND = {
    "web_searches_kcount": "web_searches",
    "storage_searches_kcount": "storage_searches",
    "social_searches_kcount": "social_searches",
    "code_executions_kcount": "code_sessions",
    "requests_kcount": "requests",
    "input_text_messages_kcount": "text_messages",
    "input_document_kpages": "pages",
    "input_annotated_document_kpages": "annotated_pages",
}
PER_HOUR = {"input_audio_hours": "seconds", "audio_hours": "seconds"}
TIERS = {
    ("processing", "batch"): "batch",
    ("service_tier", "flex"): "flex",
    ("service_tier", "priority"): "priority",
    ("service_tier", "fast"): "fast",
    ("speed", "fast"): "fast",
}
NO_NAME = re.compile(r"^regional\.|\.ft-|[-.:]$")
"""Ids that genai-prices made for itself."""
EARLY = "2000-01-01"
WEEKDAYS = re.compile(r"Monday to Friday|weekends", re.IGNORECASE)
"""In notes: prices by time of day that do not hold on Saturdays and Sundays, which the list cannot say."""


def read(snapshot: Any) -> Book:
    """Return what genai-prices says by host and model.

    Names are those that it lists as equal, and ids that match themselves; its patterns say nothing about one name.
    """
    book: Book = {}
    for provider in snapshot.providers:
        host = GENAI.get(provider.id)
        hub = provider.id.removeprefix("huggingface_")
        if host is None and hub == provider.id:
            continue
        for model in provider.models:
            offer = Offer(list(rows_of(model)))
            for name in names_of(model):
                if not any(row.rates for row in offer.rows):
                    if host == "openrouter" and name.endswith(":free"):
                        book.setdefault(host, {})[name] = Offer([Row(Slot(), dict(FREE))])
                    continue
                known = name if host else f"{name}:{hub}"
                book.setdefault(host or "huggingface", {}).setdefault(known, offer)
    return book


def names_of(model: Any) -> set[str]:
    names = set(equal_names(model.match))
    if model.is_match(model.id):
        names.add(model.id)
    return {name for name in names if not NO_NAME.search(name)}


def equal_names(clause: Any) -> Iterator[str]:
    """Yield the names that a clause lists, not those that it would match."""
    if equals := getattr(clause, "equals", None):
        yield equals
    for part in getattr(clause, "or_", ()):
        yield from equal_names(part)


def dated_names(model: Any) -> list[str]:
    """Return the names whose dated versions the list declares to cost the same, as `^name-\\d{8}$`."""
    return re.findall(r"\^([\w.-]+)-\\\\d\{8\}\$", str(model.match))


def rows_of(model: Any) -> Iterator[Row]:
    """Yield the rows of each tier between the dates on which a price changes, without times of day first."""
    tiers = {tier_of(variant.when): dict(variant.when) for variant in model.price_variants or ()}
    contexts: dict[str, dict[str, str] | None] = {"": None, **{tier: when for tier, when in tiers.items() if tier}}
    for tier, context in contexts.items():
        told = [variant for variant in model.price_variants or () if context and dict(variant.when) == context]
        moments = sorted({"", *(str(day) for day in starts(model, told))})
        segments: list[list[Row]] = []
        for since, until in pairwise([*moments, ""]):
            if told and not any(active(variant, since) for variant in told):
                continue
            rows = [replace(row, since=since, until=until) for row in rows_at(model, tier, context, since)]
            if segments and [(row.slot, row.rates) for row in segments[-1]] == [(row.slot, row.rates) for row in rows]:
                segments[-1] = [replace(row, until=until) for row in segments[-1]]
            else:
                segments.append(rows)
        for rows in segments:
            yield from rows


def tier_of(when: dict[str, str]) -> str:
    """Return our name of a tier; empty if it is none, such as the usual one or a route."""
    return next((TIERS[item] for item in when.items() if item in TIERS and len(when) == 1), "")


def starts(model: Any, variants: list[Any]) -> Iterator[date]:
    prices = model.prices if isinstance(model.prices, list) else []
    for one in [*prices, *variants]:
        if start := getattr(one.constraint, "start_date", None):
            yield start


def active(variant: Any, since: str) -> bool:
    return variant.constraint is None or bool(variant.constraint.active(moment(since)))


def moment(since: str, hour: time = time(0, 0, 1)) -> datetime:
    return datetime.combine(date.fromisoformat(since or EARLY), hour, UTC)


def rows_at(model: Any, tier: str, context: dict[str, str] | None, since: str) -> Iterator[Row]:
    """Yield the rows that apply from a date on: for each size of the prompt, and for each time of day."""
    windows = list(windows_of(model))
    # Outside of every window the price is the usual one.
    quiet = next((hour for hour in map(time, range(24)) if not any(inside(hour, window) for window in windows)), time())
    usual = model.get_prices(moment(since, quiet), context)
    ordinary = dict(by_size(usual))
    for size, rates in ordinary.items():
        yield Row(Slot(tier=tier, above=size), rates)
    special: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for start, end in windows:
        prices = dict(by_size(model.get_prices(moment(since, start), context)))
        if prices != ordinary:
            key = tuple((unit, str(rate)) for unit, rate in prices[0].items())
            special.setdefault(key, []).append(f"{start:%H:%M}-{end:%H:%M}")
    for told, hours in special.items():
        days = range(1, 6) if WEEKDAYS.search(model.price_comments or "") else range(1, 8)
        times: Times = ((tuple(days), tuple(hours)),)
        yield Row(Slot(tier=tier, times=times), {unit: Decimal(rate) for unit, rate in told})


def windows_of(model: Any) -> Iterator[tuple[time, time]]:
    for one in model.prices if isinstance(model.prices, list) else []:
        if (start := getattr(one.constraint, "start_time", None)) is not None:
            yield start.replace(tzinfo=None), one.constraint.end_time.replace(tzinfo=None)


def inside(hour: time, window: tuple[time, time]) -> bool:
    start, end = window
    return start <= hour < end if start < end else hour >= start or hour < end


def by_size(prices: Any) -> Iterator[tuple[int, Rates]]:
    told = {key: value for key, value in prices.__dict__.items() if value is not None}
    sizes = {0} | {tier.start for value in told.values() for tier in getattr(value, "tiers", ())}
    for size in sorted(sizes):
        rates: Rates = {}
        for key, value in told.items():
            rate = value if isinstance(value, Decimal) else at_size(value, size)
            if unit := UNITS.get(key):
                rates.setdefault(unit, rate)
            elif unit := PER_THOUSAND.get(key):
                rates[unit] = rate / 1000
            elif unit := PER_HOUR.get(key):
                rates[unit] = rate / 3600
        yield size, rates


def at_size(value: Any, size: int) -> Decimal:
    rate: Decimal = next((tier.price for tier in reversed(value.tiers) if size >= tier.start), value.base)
    return rate
