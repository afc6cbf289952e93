"""Model list routes, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from ..dataclass import dataclass

NOTHING: Mapping[str, ModelListRoute] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ModelListRoute:
    """Route of a model list. `base` and `prefix` replace those of calls; `after` is the parameter for the next
    page.
    """

    path: str = "/models"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None
    prefix: str | None = None
    after: str = "after"
    fallback_eligible: Mapping[str, ModelListRoute] = field(default_factory=lambda: NOTHING)
    """Model lists for routes with their own base URL, by that URL."""
