"""Moderation: detection of harmful content."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from .content import ImageContent
from .message import as_sequence
from .model_base import FrozenModel
from .result import OperationResponse


class ModerationRequest(FrozenModel):
    """Request for moderation. Texts are classified one by one; if there is an image, all inputs are classified
    together.
    """

    inputs: tuple[str | ImageContent, ...] = Field(min_length=1)

    @field_validator("inputs", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return (given,) if isinstance(given, ImageContent) else tuple(as_sequence(given))


class Moderation(FrozenModel):
    """One result, with the categories of the provider."""

    flagged: bool = False
    categories: dict[str, bool] = Field(default_factory=dict)
    scores: dict[str, float] = Field(default_factory=dict)
    applied_to: dict[str, list[str]] = Field(default_factory=dict)

    def reasons(self) -> list[str]:
        """The categories that were flagged."""
        return [name for name, hit in self.categories.items() if hit]


class ModerationResponse(OperationResponse):
    """One result for each input, in the same order."""

    results: list[Moderation] = Field(default_factory=list)

    @property
    def flagged(self) -> bool:
        """Whether any input was flagged."""
        return any(one.flagged for one in self.results)
