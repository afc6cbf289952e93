"""Where tables come from: the package, or a folder of refreshed tables that `use_tables` names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from pkgutil import get_data
from typing import Any

from ..wire import json

_folder: Path | None = None
_clear_caches: list[Callable[[], None]] = []


def use_tables(folder: str | Path | None) -> None:
    """Read the tables of a folder in place of those of the package, in this process.

    A table that the folder does not have comes from the package. Nothing is read before a fact or price is needed.

    Args:
        folder: Folder with `prices/<host>.json` and other tables. None: only the tables of the package.
    """
    global _folder
    _folder = None if folder is None else Path(folder)
    for clear in _clear_caches:
        clear()


def tables_folder() -> Path | None:
    """Return the folder of `use_tables`."""
    return _folder


def clear_on_change(clear: Callable[[], None]) -> None:
    """Register a function that clears what was read from tables."""
    _clear_caches.append(clear)


def read_table(name: str) -> Any:
    """Return the JSON of a table, such as `facts` or `prices/openai`; None if there is none."""
    content = table_bytes(name)
    return None if content is None else json.loads(content)


def table_bytes(name: str) -> bytes | None:
    """Return the content of a table; None if there is none."""
    if _folder is not None:
        path = _folder / f"{name}.json"
        if path.is_file():
            return path.read_bytes()
    try:
        return get_data(__package__ or "", f"tables/{name}.json")
    except FileNotFoundError:
        return None
