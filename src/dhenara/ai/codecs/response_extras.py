"""What a provider tells beside its answer: fingerprints, tiers, filters and whatever else says something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def read_extras(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any] | None:
    """Those of these fields that say something; None where none does."""
    return {name: value for name in names if (value := data.get(name))} or None
