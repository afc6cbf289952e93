"""Listings: the models that a provider says it has, in one shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from .model_base import FrozenModel


class ModelListing(FrozenModel):
    """One model as its provider lists it. What the provider does not tell is None or empty; `raw` is all it told."""

    id: str
    provider: str
    display_name: str | None = None
    owner: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    created: datetime | None = None
    capabilities: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)
