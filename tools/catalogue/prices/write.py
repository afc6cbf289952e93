"""Writes the tables: one file per host, one model per line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .rows import undated

GEO = re.compile(r"(?:us|eu|apac|jp|au|in|global|us-gov)\.")
Model = dict[str, Any]


def grouped(models: Mapping[str, Model]) -> dict[str, Model]:
    """Put names of a model with the same prices together: with a date, a region of Bedrock, or in other letters."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name in sorted(models):
        same = GEO.sub("", undated(name).removesuffix("@default"), count=1).lower()
        groups.setdefault((same, json.dumps(models[name], sort_keys=True)), []).append(name)
    result: dict[str, Model] = {}
    for names in groups.values():
        first, *others = sorted(names, key=lambda name: (undated(name) != name, len(name), name))
        model = models[first]
        result[first] = {"names": sorted(others), **model} if others and "prices" in model else model
        if "prices" not in model:
            result.update(dict.fromkeys(others, model))
    return dict(sorted(result.items()))


def file_text(head: Mapping[str, Any], models: Mapping[str, Model], rest: Mapping[str, Any]) -> str:
    """Return the text of a table."""
    lines = [f"{compact(key)}: {compact(value)}" for key, value in head.items()]
    rows = ",\n".join(f"  {compact(name)}: {compact(model)}" for name, model in models.items())
    lines.append(f'"models": {{\n{rows}\n}}')
    lines += [f"{compact(key)}: {compact(value)}" for key, value in rest.items() if value]
    return "{" + ",\n".join(lines) + "}\n"


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def dated_prefixes(models: Mapping[str, Model], *, every: bool) -> dict[str, str]:
    """Return what names begin with whose dated versions are sure to cost the same.

    Args:
        models: The models of a host.
        every: Whether that is the host's rule; else only where all versions that are known cost the same.
    """
    prices = {name: json.dumps(model.get("prices")) for name, model in models.items() if "prices" in model}
    versions: dict[str, set[str]] = {name: set() for name in prices if every and undated(name) == name}
    for name, rows in prices.items():
        if undated(name) != name and not every:
            versions.setdefault(undated(name), set()).add(rows)
    return {f"{name}-": "dated" for name, rows in sorted(versions.items()) if every or rows == {prices.get(name)}}
