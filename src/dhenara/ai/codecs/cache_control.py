"""Cache marks: how each kind of provider is told that everything up to here may be cached."""

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
    """In Claude's words: five minutes or an hour."""
    return {"type": "ephemeral", "ttl": "1h"} if lifetime == "long" else {"type": "ephemeral"}


def cache_point(lifetime: CacheLifetime) -> Wire:
    """In Converse's words."""
    return {"type": "default", "ttl": "1h"} if lifetime == "long" else {"type": "default"}


def breakpoint_of(lifetime: CacheLifetime) -> Wire:
    """In OpenAI's words: half an hour, or twelve."""
    return {"mode": "explicit", "ttl": "12h"} if lifetime == "long" else {"mode": "explicit"}


def warn_unsupported_cache(config: AIModelCallConfig, warnings: WarningCollector, known: Iterable[str]) -> None:
    """Says which wishes about the cache this protocol cannot pass on."""
    cache = config.prompt_cache
    if cache is not None:
        for wish in {"key", "stored"} - set(known):
            if getattr(cache, wish) is not None:
                warnings.unsupported(f"prompt_cache.{wish}", "there is no such thing there")


def warn_unsupported_marks(parts: Iterable[Content], warnings: WarningCollector) -> None:
    """Says that marks mean nothing where nothing is ever cached."""
    if any(part.cache for part in parts):
        warnings.unsupported("cache", "prompts are not cached there")
