"""Builds all tables from the sources."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import genai_prices
from genai_prices.data_snapshot import get_snapshot

from ..lists import read_litellm
from . import by_hand, genai, litellm, models_dev
from .decisions import Decisions
from .merge import Difference, merge
from .places import Place
from .rows import Book, Offer, Row, scaled, undated
from .write import compact, dated_prefixes, file_text, grouped

DATE = "2026-11-29"
MOVES = "the name stands for different models over time, and no dated source says for which one now"
NO_ID = "no id of this host's API: the list has it from elsewhere, or it stood for different models"
LISTED = {
    "g": {"name": f"genai-prices {genai_prices.__version__}", "date": "2026-11-21"},
    "l": {"name": "LiteLLM 1.110.2", "date": "2026-11-29"},
    "l2": {"name": "LiteLLM 1.110.2, another row of the model", "date": "2026-11-29"},
    "d": {"name": "models.dev 1.0.398", "date": "2026-05-21"},
}


@dataclass(slots=True)
class Sources:
    """What each source says, by its letter; and where LiteLLM's current names are."""

    books: dict[str, Book]
    places: dict[str, Place]
    uplifts: dict[tuple[str, str], dict[str, Decimal]]
    hand: by_hand.ByHand


@dataclass(slots=True)
class Built:
    """The texts of the files, the differences between the sources, and LiteLLM's current names as a file."""

    files: dict[str, str]
    differences: list[Difference]
    rows: str


def load_sources(litellm_file: Path, models_dev_file: Path | None) -> Sources:
    """Read all sources; models.dev only if its file is given."""
    listed = read_litellm(litellm_file)
    dev: dict[str, Any] = json.loads(gzip.decompress(models_dev_file.read_bytes())) if models_dev_file else {}
    rows, others, places = litellm.read(listed, DATE)
    hand = by_hand.load()
    books = {"g": genai.read(get_snapshot()), "l": rows, "l2": others, "d": models_dev.read(dev), **hand.books}
    for host, names in hand.names.items():
        for name, ids in names.items():
            for letter in books:
                if offer := books[letter].get(host, {}).get(name):
                    books[letter][host] |= {one: offer for one in ids if one not in books[letter][host]}
    for host in hand.dated:
        add_dated(books, host)
    add_same_dated(books["g"].setdefault("openai", {}), books["l"].get("openai", {}))
    move_claude(books["g"])
    return Sources(books, places, litellm.uplifts(listed), hand)


def add_same_dated(models: dict[str, Offer], listed: Mapping[str, Offer]) -> None:
    """Give names with a date what a list says of the name without, where another list has the same rates for both."""
    for name, offer in listed.items():
        base = undated(name)
        if base != name and name not in models and base in models and base in listed:
            rates = [(row.slot, row.rates) for row in offer.rows]
            if rates == [(row.slot, row.rates) for row in listed[base].rows]:
                models[name] = models[base]


def move_claude(book: Book) -> None:
    """Put Claude from genai-prices' list of Google to Vertex AI, which alone serves it, at the global prices."""
    google, vertex = book.get("google_ai", {}), book.setdefault("google_vertex_ai", {})
    for name in [name for name in google if name.startswith("claude-")]:
        offer = google.pop(name)
        rows = [replace(row, slot=row.slot._replace(region="global")) for row in offer.rows]
        vertex[name] = replace(offer, rows=rows)


def add_dated(books: dict[str, Book], host: str) -> None:
    """Give names with a date what the lists say of the name without, where they do not list them apart."""
    for book in books.values():
        models = book.get(host, {})
        dated = {name for other in books.values() for name in other.get(host, ()) if undated(name) != name}
        models |= {name: models[undated(name)] for name in dated if name not in models and undated(name) in models}


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
            if name in sources.hand.aliases.get(host, {}) or only_old(host, name, set(offers)):
                continue
            if why := why_not_here(host, name, sources.hand):
                if "l" in offers:
                    models[name] = {"unknown": why}
                continue
            offers = {letter: without_errors(host, name, offer, decisions) for letter, offer in offers.items()}
            merged = merge(host, name, offers, decisions, date)
            differences += merged.differences
            add_fees(host, name, merged.rows, sources.hand)
            regions = sources.uplifts.get((host, name)) or sources.uplifts.get((host, undated(name)), {})
            rows = merged.rows + [
                replace(scaled(row, factor, region=region), source="l", added={}, differs=[])
                for region, factor in sorted(regions.items())
                for row in merged.rows
                if not row.slot.region and (not row.until or row.until > date)
            ]
            for tier in sources.hand.same_tiers.get(host, ()):
                usual = [row for row in rows if not row.slot.tier and "output" in row.rates]
                rows += [replace(row, slot=row.slot._replace(tier=tier), differs=[]) for row in usual]
            models[name] = written(rows, merged.unknown)
        files[host] = text_of(host, models, sources.hand, date)
    return Built(files, differences, rows_text(sources.places, sources.hand))


def without_errors(host: str, name: str, offer: Offer, decisions: Decisions) -> Offer:
    """Return what a source says without the rates that are decided to be wrong."""
    rows = [
        replace(row, rates={unit: rate for unit, rate in row.rates.items() if not decisions.left_out(host, name, unit)})
        for row in offer.rows
    ]
    return replace(offer, rows=rows)


def only_old(host: str, name: str, letters: set[str]) -> bool:
    """Whether OpenRouter has probably dropped a model: the newer list has all of its models."""
    return host == "openrouter" and letters == {"d"} and not name.endswith(":free")


def why_not_here(host: str, name: str, hand: by_hand.ByHand) -> str:
    """Return why a name is none of one model of this host; empty if it is one."""
    if any(fnmatchcase(name, pattern) for pattern in hand.not_here.get(host, ())):
        return NO_ID
    own = any(fnmatchcase(name, pattern) for pattern in hand.own_names.get(host, ()))
    return "" if own or "latest" not in name else MOVES


def add_fees(host: str, name: str, rows: list[Row], hand: by_hand.ByHand) -> None:
    """Add the fees of tools that a host charges with all of these models."""
    for fee in hand.fees:
        if fee.host != host or not any(fnmatchcase(name, pattern) for pattern in fee.models):
            continue
        if any(fnmatchcase(name, pattern) for pattern in fee.but):
            continue
        for row in rows:
            more = {unit: rate for unit, rate in fee.rates.items() if unit not in row.rates}
            if more and row.rates:
                row.rates.update(more)
                row.added.setdefault(fee.source, []).extend(sorted(more))


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
    prefixes = dated_prefixes(models, every=host in hand.dated) if host in ("openai", *hand.dated) else {}
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
