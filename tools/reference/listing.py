"""Which public name is on which page, as `pages.toml` lists them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

SOURCE_ONLY = "dhenara.ai.adapters."
"""Modules that are read from the source alone, because the library that they are for need not be installed."""


@dataclass(frozen=True)
class Page:
    """One page and the public names on it, each with the module that users import it from."""

    file: str
    title: str
    intro: str
    names: tuple[tuple[str, str], ...]


@cache
def pages() -> tuple[Page, ...]:
    """Return the pages as `pages.toml` lists them."""
    listed = tomllib.loads((Path(__file__).parent / "pages.toml").read_text(encoding="utf-8"))["page"]
    return tuple(
        Page(
            each["file"],
            each["title"],
            each["intro"],
            (*((each["module"], name) for name in each["names"]), *(tuple(pair) for pair in each.get("also", ()))),
        )
        for each in listed
    )


@cache
def classes() -> dict[str, str]:
    """Return the public name of each class that has a section, by the path of the class in the source."""
    found = {}
    for page in pages():
        for module, name in page.names:
            if module.startswith(SOURCE_ONLY):
                found[f"{module}.{name}"] = name
                continue
            value = getattr(import_module(module), name)
            if isinstance(value, type):
                found[f"{value.__module__}.{value.__qualname__}"] = name
    return found


@cache
def public_names() -> frozenset[str]:
    """Return the names that have a section."""
    return frozenset(name for page in pages() for _, name in page.names)
