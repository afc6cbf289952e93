"""A plan: what each part of a conversation becomes on its way to an endpoint."""

from typing import Literal

from pydantic import Field

from .content import Origin
from .model_base import FrozenModel
from .warning import CallWarning

Fate = Literal["verbatim", "translated", "stays_home"]
"""Said as it is, or in its origin's own bytes; said plainly in other words; or not said there at all."""


LOSSES = ("dropped_content", "translated_content")


class PlannedPart(FrozenModel):
    """One part of one message, by their places, and why it fares as it does."""

    message: int
    part: int
    kind: str
    fate: Fate
    reason: str | None = None
    origin: Origin | None = None


class Plan(FrozenModel):
    """Every part of the conversation, in order; `warnings` are what the answer would carry."""

    provider: str
    model: str
    protocol: str
    parts: list[PlannedPart]
    warnings: list[CallWarning] = Field(default_factory=list)

    @property
    def lossy(self) -> bool:
        """Whether anything is lost that its origin would have heard: this is what `strict` refuses."""
        return any(warning.code in LOSSES for warning in self.warnings)

    @property
    def verbatim(self) -> list[PlannedPart]:
        return [part for part in self.parts if part.fate == "verbatim"]

    @property
    def translated(self) -> list[PlannedPart]:
        return [part for part in self.parts if part.fate == "translated"]

    @property
    def stays_home(self) -> list[PlannedPart]:
        return [part for part in self.parts if part.fate == "stays_home"]
