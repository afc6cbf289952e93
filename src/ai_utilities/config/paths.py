"""Default folders for the kit's files."""

from __future__ import annotations

import os
from pathlib import Path

OURS = "ai_utilities"


def cache_path(name: str) -> Path:
    """A file in the user's cache folder, which may be emptied at any time."""
    return default_path("XDG_CACHE_HOME", "..cache") / name


def state_path(name: str) -> Path:
    """A file in the user's state folder, for data that must not get lost: ledgers and budgets."""
    return default_path("XDG_STATE_HOME", ".local/state") / name


def default_path(variable: str, usual: str) -> Path:
    base = os.environ.get(variable) or os.environ.get("LOCALAPPDATA")
    folder = (Path(base) if base else Path.home() / usual) / OURS
    folder.mkdir(parents=True, exist_ok=True)
    return folder
