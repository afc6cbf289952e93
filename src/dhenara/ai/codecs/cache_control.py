"""Cache markers of each protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..types.call_config import AIModelCallConfig
from ..types.part import CacheLifetime, Content
from .warnings import WarningCollector

Wire = dict[str, Any]
BREAKPOINT = "prompt_cache_breakpoint"
CONTROL = "cache_control"


def anthropic_cache_control(lifetime: CacheLifetime) -> Wire:
    """Anthropic's format: five minutes or one hour."""
    return {"type": "ephemeral", "ttl": "1h"} if lifetime == "long" else {"type": "ephemeral"}


def cache_point(lifetime: CacheLifetime) -> Wire:
    """Converse's format."""
    return {"type": "default", "ttl": "1h"} if lifetime == "long" else {"type": "default"}


def breakpoint_of(lifetime: CacheLifetime) -> Wire:
    """OpenAI's format: 30 minutes or 12 hours."""
    return {"mode": "explicit", "ttl": "12h"} if lifetime == "long" else {"mode": "explicit"}


def warn_unsupported_cache(config: AIModelCallConfig, warnings: WarningCollector, known: Iterable[str]) -> None:
    """Warn about prompt cache settings that the protocol does not support."""
    cache = config.prompt_cache
    if cache is not None:
        for wish in {"key", "stored"} - set(known):
            if getattr(cache, wish) is not None:
                warnings.unsupported(f"prompt_cache.{wish}", "not supported by this provider")


def warn_unsupported_marks(parts: Iterable[Content], warnings: WarningCollector) -> None:
    """Warn about cache markers if the provider has no prompt cache."""
    if any(part.cache for part in parts):
        warnings.unsupported("cache", "this provider has no prompt cache")
