"""Attempts: every time a call was really sent, and what became of it."""

from typing import Literal

from .model_base import FrozenModel


class Attempt(FrozenModel):
    """One request on the wire. `waited` is the pause before it, `seconds` how long until its outcome was known."""

    number: int
    provider: str | None = None
    model: str | None = None
    outcome: Literal["answered", "failed"]
    status: int | None = None
    error: str | None = None
    request_id: str | None = None
    waited: float = 0.0
    seconds: float = 0.0
