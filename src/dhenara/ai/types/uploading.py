"""Uploading: what may be uploaded here for a request that has no room for it."""

from pydantic import Field

from .model_base import FrozenModel


class Uploading(FrozenModel):
    """`expires_in` is how long the provider keeps it, in seconds, where it can be told; `wait` is how long it may take
    until it is ready."""

    allowed: bool = True
    expires_in: int | None = Field(default=86_400, gt=0)
    wait: float = Field(default=600.0, gt=0)
