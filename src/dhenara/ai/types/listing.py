"""Model listings: the models that a provider's API returns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from .model_base import FrozenModel


class ModelListing(FrozenModel):
    """One model from the provider's model list. Fields that the provider does not send are None or empty; `raw` is
    the full entry.
    """

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
