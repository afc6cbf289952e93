"""Parameters: what a call sets, under the names that the wire has for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..types.call_config import AIModelCallConfig

UNSET: tuple[object, ...] = (None, (), {})


def given(config: AIModelCallConfig, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Those of these settings that were set, ready to be written."""
    for name in names:
        value = getattr(config, name)
        if value not in UNSET:
            yield name, list(value) if isinstance(value, tuple) else value
