"""Access to the cache of the settings, for commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..cache.backend import CacheBackend
from ..cache.entry import read_entry
from ..default_paths import cache_path
from ..exceptions import ProviderConfigurationError
from ..factories import make_cache, make_tracker
from .clients import settings_for

LASTING = ("sqlite", "redis")


@contextmanager
def open_cache(env_file: Path | None) -> Iterator[tuple[CacheBackend, str]]:
    """The cache, and where it is."""
    settings = settings_for(env_file=env_file)
    if settings.cache_backend not in LASTING:
        raise ProviderConfigurationError(
            f"a {settings.cache_backend!r} cache exists only while its program runs. Set "
            f"AI_CACHE_BACKEND to {' or '.join(LASTING)}"
        )
    file = settings.cache_path or cache_path("cache.sqlite")
    with make_cache(settings) as cache:
        yield cache, "the Redis server" if settings.cache_backend == "redis" else str(file)


def total_savings(env_file: Path | None) -> dict[str, Any]:
    """What cached answers saved, from the ledger; empty without one."""
    settings = settings_for(env_file=env_file)
    if not settings.usage_tracking or settings.usage_store not in LASTING:
        return {}
    ledger = make_tracker(settings).ledger
    try:
        total = ledger.total()
    finally:
        ledger.close()
    return {"answers_given": total.cached, "saved_tokens": total.saved_tokens, "saved_cost": total.saved_cost}


def summarize_entry(stored: str | None, wide: int) -> tuple[str | None, str | None, str, str]:
    """Model, tokens, bytes and first characters of an answer; of unknown entries only the text."""
    text = stored or ""
    answer = read_entry(text)
    line = " ".join((text if answer is None else answer.text()).split())
    shown = line if len(line) <= wide else f"{line[: wide - 1]}…"
    size = f"{len(text.encode()):,}"
    if answer is None:
        return None, None, size, shown
    return answer.model, None if answer.usage is None else f"{answer.usage.total_tokens:,}", size, shown
