"""Where the kit keeps files when nobody says where."""

from __future__ import annotations

import os
from pathlib import Path


def kept_in(name: str) -> Path:
    """A file in the user's own cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    folder = (Path(base) if base else Path.home() / ".cache") / "ai_utilities"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
