"""Attempts: one record for each request that was sent."""

from typing import Literal

from .model_base import FrozenModel


class Attempt(FrozenModel):
    """One request that was sent, and its outcome.

    Attributes:
        number: Number of the attempt.
        provider: Provider that the request was sent to.
        model: Model that was requested.
        outcome: `"answered"` or `"failed"`.
        status: HTTP status, or None if no response arrived.
        error: Error message, if the attempt failed.
        request_id: The provider's id of the request.
        waited: Delay before the request, in seconds.
        seconds: Time until the outcome was known, in seconds.
    """

    number: int
    provider: str | None = None
    model: str | None = None
    outcome: Literal["answered", "failed"]
    status: int | None = None
    error: str | None = None
    request_id: str | None = None
    waited: float = 0.0
    seconds: float = 0.0
