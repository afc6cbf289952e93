"""Whether caches, ledgers and limits can be kept where the settings want them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..config_models import AiSettings
from .finding import Finding, failure, ok

STORES = {"cache": "cache_path", "usage": "usage_path", "limits": "limit_path"}


def check_stores(settings: AiSettings) -> Iterator[Finding]:
    """Files must be writable, or their folders, where there is no file yet."""
    for what, field in STORES.items():
        path: Path | None = getattr(settings, field)
        if path is None:
            continue
        place = path if path.exists() else nearest(path)
        if os.access(place, os.W_OK):
            yield ok(what, f"{path} can be written")
        else:
            yield failure(what, f"{path} cannot be written", f"give yourself the right, or set AI_{field.upper()}")


def nearest(path: Path) -> Path:
    """The folder that would have to hold it, or hold its folders."""
    return next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
