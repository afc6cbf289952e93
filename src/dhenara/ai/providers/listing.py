"""Where a provider lists its models, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from ..dataclass import dataclass

NOTHING: Mapping[str, ModelListRoute] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ModelListRoute:
    """`base` and `prefix` stand in the place of those that calls go to; `after` asks for what follows the last id."""

    path: str = "/models"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None
    prefix: str | None = None
    after: str = "after"
    fallback_eligible: Mapping[str, ModelListRoute] = field(default_factory=lambda: NOTHING)
    """For routes with a base of their own, by that base: the list of what is there."""
