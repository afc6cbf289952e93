"""Timeouts of a call, and limits of what a server may send."""

from typing import Literal

from pydantic import Field

from ...http.protocol.limits import DEFAULT_LIMITS
from ..model_base import FrozenModel

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


class ResponseLimits(FrozenModel):
    """How much a server may send. Exceeding a limit raises `ResponseTooLargeError` before the data is held in memory.

    Attributes:
        body_bytes: Largest body that is kept in memory, streamed or not, after decompression; None for no limit.
            Default 256 MiB. Downloads to disk and batch results, which are read line by line, have no such limit.
        error_body_bytes: How much of an error body is read; the rest is ignored. Default 256 KiB.
        event_bytes: Largest single event or line of a stream. Default 64 MiB.
        head_bytes: Largest status line with headers. Default 256 KiB.
        interim_responses: Maximum number of 1xx responses before the final one. Default 64.
        chunk_extension_bytes: Maximum size of all chunk extensions together. Default 64 KiB.
        trailer_bytes: Maximum size of all trailers together. Default 64 KiB.
    """

    body_bytes: int | None = Field(default=DEFAULT_LIMITS.body_bytes, gt=0)
    error_body_bytes: int = Field(default=DEFAULT_LIMITS.error_body_bytes, gt=0)
    event_bytes: int = Field(default=DEFAULT_LIMITS.event_bytes, gt=0)
    head_bytes: int = Field(default=DEFAULT_LIMITS.head_bytes, gt=0)
    interim_responses: int = Field(default=DEFAULT_LIMITS.interim_responses, ge=0)
    chunk_extension_bytes: int = Field(default=DEFAULT_LIMITS.chunk_extension_bytes, ge=0)
    trailer_bytes: int = Field(default=DEFAULT_LIMITS.trailer_bytes, ge=0)
