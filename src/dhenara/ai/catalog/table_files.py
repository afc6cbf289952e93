"""Where tables come from: the package, or a folder of refreshed tables that `use_tables` names."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from pkgutil import get_data
from typing import Any

from ..wire import json

LOGGER = logging.getLogger("dhenara.catalog")

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
    """Return the JSON of a table, such as `facts` or `prices/openai`; None if there is none.

    Of two tables with a date, the newer one counts: a new version of the package may have newer tables than a folder
    that was refreshed long ago. A file of the folder that is damaged is not used.
    """
    ours = package_bytes(name)
    packaged = None if ours is None else json.loads(ours)
    refreshed = folder_table(name)
    if refreshed is None:
        return packaged
    if packaged is not None and str(packaged.get("date", "")) > str(refreshed.get("date", "")):
        return packaged
    return refreshed


def folder_table(name: str) -> Any:
    path = None if _folder is None else _folder / f"{name}.json"
    if path is None or not path.is_file():
        return None
    try:
        table = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        LOGGER.warning("%s is damaged, so the table of the package is used: %s", path, error)
        return None
    return table if isinstance(table, dict) else None


def package_bytes(name: str) -> bytes | None:
    try:
        return get_data(__package__ or "", f"tables/{name}.json")
    except FileNotFoundError:
        return None
