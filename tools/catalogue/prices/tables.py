"""Builds all tables from the sources."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import genai_prices
from genai_prices.data_snapshot import get_snapshot

from . import by_hand, genai, litellm, models_dev
from .decisions import Decisions
from .merge import Difference, merge
from .places import Place
from .rows import Book, Offer
from .write import compact, dated_prefixes, file_text, grouped

DATE = "2026-11-29"
LISTED = {
    "g": {"name": f"genai-prices {genai_prices.__version__}", "date": "2026-11-21"},
    "l": {"name": "LiteLLM 1.109.1", "date": "2026-11-21"},
    "d": {"name": "models.dev 1.0.398", "date": "2026-05-21"},
}


@dataclass(slots=True)
class Sources:
    """What each source says, by its letter; and where LiteLLM's current names are."""

    books: dict[str, Book]
    places: dict[str, Place]
    hand: by_hand.ByHand


@dataclass(slots=True)
class Built:
    """The texts of the files, the differences between the sources, and LiteLLM's current names as a file."""

    files: dict[str, str]
    differences: list[Difference]
    rows: str


def load_sources(litellm_file: Path, models_dev_file: Path) -> Sources:
    listed: dict[str, Any] = json.loads(litellm_file.read_text(encoding="utf-8"))
    dev: dict[str, Any] = json.loads(gzip.decompress(models_dev_file.read_bytes()))
    rows, places = litellm.read(listed, DATE)
    hand = by_hand.load()
    books = {"g": genai.read(get_snapshot()), "l": rows, "d": models_dev.read(dev), **hand.books}
    return Sources(books, places, hand)


def build(sources: Sources, date: str) -> Built:
    decisions = Decisions.load()
    hosts = sorted({host for book in sources.books.values() for host in book})
    files: dict[str, str] = {}
    differences: list[Difference] = []
    for host in hosts:
        models: dict[str, Any] = {}
        names = {name for book in sources.books.values() for name in book.get(host, ())}
        for name in sorted(names):
            offers = {letter: book[host][name] for letter, book in sources.books.items() if name in book.get(host, ())}
            if not listed_here(host, name, set(offers), sources.hand):
                continue
            offers = {letter: without_errors(host, name, offer, decisions) for letter, offer in offers.items()}
            merged = merge(host, name, offers, decisions, date)
            differences += merged.differences
            models[name] = written(merged.rows, merged.unknown)
        files[host] = text_of(host, models, sources.hand, date)
    return Built(files, differences, rows_text(sources.places, sources.hand))


def without_errors(host: str, name: str, offer: Offer, decisions: Decisions) -> Offer:
    """Return what a source says without the rates that are decided to be wrong."""
    rows = [
        replace(row, rates={unit: rate for unit, rate in row.rates.items() if not decisions.left_out(host, name, unit)})
        for row in offer.rows
    ]
    return replace(offer, rows=rows)


def listed_here(host: str, name: str, letters: set[str], hand: by_hand.ByHand) -> bool:
    """Whether a name is one of this host; names that move to other models are aliases instead."""
    if host == "openrouter" and letters == {"d"}:
        return False
    return name not in hand.aliases.get(host, {})


def written(rows: list[Any], unknown: str) -> dict[str, Any]:
    return {"unknown": unknown} if unknown else {"prices": [row.written() for row in rows]}


def text_of(host: str, models: dict[str, Any], hand: by_hand.ByHand, date: str) -> str:
    groups = grouped(models)
    rows = [row for model in groups.values() for row in model.get("prices", ())]
    used = {letter for row in rows for letter in (row["source"], *row.get("added", ()))}
    used |= {one["source"] for row in rows for one in row.get("differs", ())}
    aliases = hand.aliases.get(host, {})
    used |= {one["source"] for told in aliases.values() for one in told}
    known = {**LISTED, **hand.sources}
    head = {"host": host, "date": date, "sources": {letter: known[letter] for letter in sorted(used)}}
    prefixes = dated_prefixes(models) if host in hand.dated_hosts else {}
    prefixes |= {f"{name}:": "tuned" for name in models if name.startswith("ft:")}
    return file_text(head, groups, {"aliases": aliases, "prefixes": prefixes})


def rows_text(places: Mapping[str, Place], hand: by_hand.ByHand) -> str:
    """Return LiteLLM's current names at our providers, and where each is in the tables."""
    rows = {}
    for name, place in sorted(places.items()):
        told: dict[str, str] = {"host": place.host, "model": place.model}
        told |= {key: value for key, value in place._asdict().items() if value and key in ("region", "size", "quality")}
        rows[name] = told
    lines = ",\n".join(f"{compact(name)}: {compact(told)}" for name, told in rows.items())
    return "{\n" + lines + "\n}\n"
