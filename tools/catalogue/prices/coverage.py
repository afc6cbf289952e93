"""How much of LiteLLM's current list the tables cover, from the committed files alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parents[3] / "src" / "dhenara" / "ai" / "catalog" / "tables" / "prices"
LITELLM_ROWS = Path(__file__).with_name("litellm_rows.json")


def read_tables() -> dict[str, dict[str, Any]]:
    """Return the tables by host."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(TABLES.glob("*.json"))}


def models_by_name(table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the models of a table by each of their names; of an alias, what it stands for last."""
    found = {name: model for first, model in table["models"].items() for name in (first, *model.get("names", ()))}
    for alias, told in table.get("aliases", {}).items():
        if told[-1]["model"] in found:
            found[alias] = found[told[-1]["model"]]
    return found


def covered(tables: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield host, LiteLLM's name, and `priced`, `unknown` (with a reason) or `missing`."""
    rows: dict[str, dict[str, str]] = json.loads(LITELLM_ROWS.read_text(encoding="utf-8"))
    names = {host: models_by_name(table) for host, table in tables.items()}
    for name, place in rows.items():
        model = names.get(place["host"], {}).get(place["model"])
        if model is None:
            yield place["host"], name, "missing"
        elif model.get("unknown"):
            yield place["host"], name, "unknown"
        else:
            fits = [row for row in model["prices"] if row.get("region", "") == place.get("region", "")]
            yield place["host"], name, "priced" if fits else "missing"


def counts(tables: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """Return how many of LiteLLM's names each host has in each state."""
    found: dict[str, Counter[str]] = {}
    for host, _, state in covered(tables):
        found.setdefault(host, Counter())[state] += 1
    return found
