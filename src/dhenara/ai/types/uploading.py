"""Settings for automatic uploads of files that are too large for a request."""

from pydantic import Field

from .model_base import FrozenModel


class Uploading(FrozenModel):
    """Rules for automatic uploads.

    Attributes:
        allowed: Whether files may be uploaded. Default True.
        expires_in: How long the provider keeps the file, in seconds, if it supports expiry. Default 86,400.
        wait: How long to wait until the file is ready, in seconds. Default 600.
    """

    allowed: bool = True
    expires_in: int | None = Field(default=86_400, gt=0)
    wait: float = Field(default=600.0, gt=0)
