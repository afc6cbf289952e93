"""A plan: how each part of a conversation is converted for an endpoint."""

from typing import Literal

from pydantic import Field

from .content import Origin
from .model_base import FrozenModel
from .warning import CallWarning

Fate = Literal["verbatim", "translated", "stays_home"]
"""Sent unchanged, sent in another form, or not sent."""


LOSSES = ("dropped_content", "translated_content")


class PlannedPart(FrozenModel):
    """How one part of one message is converted, and why. `message` and `part` are indexes."""

    message: int
    part: int
    kind: str
    fate: Fate
    reason: str | None = None
    origin: Origin | None = None


class Plan(FrozenModel):
    """How every part of the conversation is converted, in order; `warnings` are those that the response would have."""

    provider: str
    model: str
    protocol: str
    parts: list[PlannedPart]
    warnings: list[CallWarning] = Field(default_factory=list)

    @property
    def lossy(self) -> bool:
        """Whether any content is lost; with `strict` this is an error."""
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
