"""Fetching: what may be fetched here for a provider that does not fetch it itself."""

from pydantic import Field

from .model_base import FrozenModel


class Fetching(FrozenModel):
    """`private` lets addresses be fetched that are not on the public internet: this machine, its networks, its cloud.

    Every redirect is held to the same rules. `timeout` is in seconds for each file, `max_bytes` its largest size.
    """

    allowed: bool = True
    private: bool = False
    max_bytes: int = Field(default=50_000_000, gt=0)
    max_redirects: int = Field(default=5, ge=0)
    timeout: float = Field(default=60.0, gt=0)
