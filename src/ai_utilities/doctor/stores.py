"""Whether caches, ledgers and limits can be kept where the settings want them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from dhenara.ai.dataclass import dataclass

from ..config_models import AiSettings
from ..folders import kept_in, state_in
from .finding import Finding, failure, ok


@dataclass(frozen=True, slots=True)
class Store:
    """One file; `kind` and `path` are the settings that name it, `usual` is where it is otherwise."""

    what: str
    kind: str
    path: str
    usual: Callable[[str], Path]
    wanted: Callable[[AiSettings], object]


STORES = (
    Store("cache", "cache_backend", "cache_path", kept_in, lambda settings: settings.cache_enabled),
    Store("usage", "usage_store", "usage_path", state_in, lambda settings: settings.usage_tracking),
    Store("limits", "limit_store", "limit_path", state_in, lambda settings: settings.budget_usd),
)


def check_stores(settings: AiSettings) -> Iterator[Finding]:
    """Files must be writable, or their folders, where there is no file yet."""
    for store in STORES:
        said: Path | None = getattr(settings, store.path)
        if said is None and not (getattr(settings, store.kind) == "sqlite" and store.wanted(settings)):
            continue
        fix = f"give yourself the right, or set AI_{store.path.upper()}"
        try:
            path = said or store.usual(f"{store.what}.sqlite")
        except OSError as error:
            yield failure(store.what, f"there is no place to keep it: {error}", fix)
            continue
        if os.access(path if path.exists() else nearest(path), os.W_OK):
            yield ok(store.what, f"{path} can be written")
        else:
            yield failure(store.what, f"{path} cannot be written", fix)


def nearest(path: Path) -> Path:
    """The folder that would have to hold it, or hold its folders."""
    return next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
