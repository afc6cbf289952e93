"""Reads models.dev: prices of models that the other lists do not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from .places import MODELS_DEV
from .rows import FREE, Book, Offer, Rates, Row, Slot

UNITS = ("input", "output", "cache_read", "cache_write", "reasoning", "input_audio", "output_audio")


def read(listed: Mapping[str, Any]) -> Book:
    """Return what models.dev says by host and model.

    Models of cost 0 are left out, as it may be unknown, except those of OpenRouter that are free by their names.
    """
    book: Book = {}
    for provider, host in MODELS_DEV.items():
        for name, model in listed.get(provider, {}).get("models", {}).items():
            rows = list(rows_of(model.get("cost") or {}))
            if any(row.rates.get("input") or row.rates.get("output") for row in rows):
                book.setdefault(host, {}).setdefault(name, Offer(rows))
            elif host == "openrouter" and name.endswith(":free"):
                book.setdefault(host, {})[name] = Offer([Row(Slot(), dict(FREE))])
    return book


def rows_of(cost: Mapping[str, Any]) -> Iterator[Row]:
    base = rates_of(cost)
    yield Row(Slot(), base)
    tiers = cost.get("tiers") or ()
    for tier in tiers:
        yield Row(Slot(above=int(tier["tier"]["size"])), {**base, **rates_of(tier)})
    if not tiers and cost.get("context_over_200k"):
        yield Row(Slot(above=200_000), {**base, **rates_of(cost["context_over_200k"])})


def rates_of(cost: Mapping[str, Any]) -> Rates:
    return {unit: Decimal(str(cost[unit])) for unit in UNITS if cost.get(unit) or (unit == "output" and unit in cost)}
