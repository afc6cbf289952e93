"""Where a provider lists its models, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Listing:
    """`base` stands in the place of the provider's own base URL; `after` asks for what follows the last id."""

    path: str = "/models"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None
    after: str = "after"
