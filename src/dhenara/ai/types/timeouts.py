"""Timeouts of a call."""

from typing import Literal

from pydantic import Field

from .model_base import FrozenModel

Limit = Literal["connect", "first_token", "idle", "total"]


class Timeouts(FrozenModel):
    """Timeouts of a call in seconds; None for no limit.

    Attributes:
        connect: Time to connect to the provider. Default 10.
        first_token: Time until the first content of the answer; pings and comments of a stream do not count. Default
            600.
        idle: Time between two events after that. Default 120.
        total: Time for the whole call with all retries. Default None.
    """

    connect: float | None = Field(default=10.0, gt=0)
    first_token: float | None = Field(default=600.0, gt=0)
    idle: float | None = Field(default=120.0, gt=0)
    total: float | None = Field(default=None, gt=0)
