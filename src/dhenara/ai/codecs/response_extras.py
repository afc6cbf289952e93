"""Additional response fields: system fingerprints, service tiers, content filters and others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def read_extras(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any] | None:
    """Return those of these fields that are not empty; None if all are."""
    return {name: value for name in names if (value := data.get(name))} or None
