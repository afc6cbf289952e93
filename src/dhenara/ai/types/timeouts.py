"""Timeouts: how long to wait, for what."""

from typing import Literal

from pydantic import Field

from .model_base import FrozenModel

Limit = Literal["connect", "first_token", "idle", "total"]


class Timeouts(FrozenModel):
    """Seconds, or None for no limit.

    `connect` bounds reaching the provider, `first_token` the wait for the first that is said of the answer, for which
    pings and comments of a stream do not count, `idle` every later silence, and `total` the whole call with all its
    retries.
    """

    connect: float | None = Field(default=10.0, gt=0)
    first_token: float | None = Field(default=600.0, gt=0)
    idle: float | None = Field(default=120.0, gt=0)
    total: float | None = Field(default=None, gt=0)
