"""Whether caches, ledgers and limits can be kept where the settings want them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from dhenara.ai.dataclass import dataclass

from ..config_models import AiSettings
from ..default_paths import cache_path, state_path
from .check_result import CheckResult, failed, passed


@dataclass(frozen=True, slots=True)
class StoreFile:
    """One file; `kind` and `path` are the settings that name it, `usual` is where it is otherwise."""

    what: str
    kind: str
    path: str
    usual: Callable[[str], Path]
    wanted: Callable[[AiSettings], object]


STORES = (
    StoreFile("cache", "cache_backend", "cache_path", cache_path, lambda settings: settings.cache_enabled),
    StoreFile("usage", "usage_store", "usage_path", state_path, lambda settings: settings.usage_tracking),
    StoreFile("limits", "limit_store", "limit_path", state_path, lambda settings: settings.budget_usd),
)


def check_stores(settings: AiSettings) -> Iterator[CheckResult]:
    """Files must be writable, or their folders, where there is no file yet."""
    for store in STORES:
        text: Path | None = getattr(settings, store.path)
        if text is None and not (getattr(settings, store.kind) == "sqlite" and store.wanted(settings)):
            continue
        fix = f"give yourself the right, or set AI_{store.path.upper()}"
        try:
            path = text or store.usual(f"{store.what}.sqlite")
        except OSError as error:
            yield failed(store.what, f"there is no place to keep it: {error}", fix)
            continue
        if os.access(path if path.exists() else nearest_folder(path), os.W_OK):
            yield passed(store.what, f"{path} can be written")
        else:
            yield failed(store.what, f"{path} cannot be written", fix)


def nearest_folder(path: Path) -> Path:
    """The folder that would have to hold it, or hold its folders."""
    return next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
