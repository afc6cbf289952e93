"""Reads what was written by hand: prices, names and aliases, each with its source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from .rows import Book, Offer, Row, Slot

FILE = Path(__file__).with_name("by_hand.json")


@dataclass(slots=True)
class Fee:
    """Prices of tools that a host charges on top, with the models that fit one of the patterns but none of `but`."""

    host: str
    models: list[str]
    but: list[str]
    source: str
    rates: dict[str, Decimal]


@dataclass(slots=True)
class ByHand:
    """What was written by hand.

    Attributes:
        books: Prices by letter of the source.
        sources: Descriptions of the sources.
        aliases: Host to alias to the models that it stands for, by date.
        dated: Hosts at which a name with a date costs the same as the name without.
        own_names: Host to patterns of names with `latest` that are models with a price of their own.
        not_here: Host to patterns of names that lists give to it wrongly, or that are no ids of its API.
        fees: Prices of tools.
        same_tiers: Host to tiers that cost as much as the usual one.
        names: Host to a name of another list to the ids that it stands for.
    """

    books: dict[str, Book]
    sources: dict[str, dict[str, str]]
    aliases: dict[str, dict[str, list[dict[str, str]]]]
    dated: frozenset[str]
    own_names: dict[str, list[str]]
    not_here: dict[str, list[str]]
    names: dict[str, dict[str, list[str]]]
    fees: list[Fee]
    same_tiers: dict[str, list[str]]


def load() -> ByHand:
    told: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    books: dict[str, Book] = {}
    for one in told["prices"]:
        for name in one["models"]:
            rows = [row_of(row) for row in one["rows"]]
            books.setdefault(one["source"], {}).setdefault(one["host"], {})[name] = Offer(rows)
    fees = [
        Fee(one["host"], one["models"], one.get("but", []), one["source"], decimals(one["rates"]))
        for one in told["fees"]
    ]
    return ByHand(
        books,
        told["sources"],
        told["aliases"],
        frozenset(told["dated"]),
        told["own_names"],
        told["not_here"],
        told["names"],
        fees,
        told["same_tiers"],
    )


def row_of(told: dict[str, Any]) -> Row:
    options = tuple(sorted(told.get("options", {}).items()))
    slot = Slot(told.get("tier", ""), told.get("region", ""), told.get("above", 0), options)
    estimates = decimals(told.get("estimates", {}))
    since, until = told.get("from", ""), told.get("until", "")
    return Row(slot, decimals(told["rates"]), since=since, until=until, estimates=estimates)


def decimals(rates: dict[str, str]) -> dict[str, Decimal]:
    return {unit: Decimal(rate) for unit, rate in rates.items()}
