"""Quirks of batch APIs, as data. Imports little, because every provider file imports it."""

from __future__ import annotations

from ..dataclass import dataclass
from .base import Quirks


@dataclass(frozen=True, slots=True)
class BatchQuirks(Quirks):
    """Paths and limits of a batch API. Up to the inline limits, calls are sent inside the request.

    `price_share` is the factor on the usual price, if the responses do not report their cost.
    """

    path: str = "/batches"
    most_requests: int = 50_000
    most_bytes: int = 200_000_000
    inline_requests: int = 0
    inline_bytes: int = 0
    price_share: str = "0.5"

    def fits_inline(self, requests: int, size: int) -> bool:
        return requests <= self.inline_requests and size <= self.inline_bytes
