"""How batches differ from provider to provider, as data. Light: every provider's file reads this."""

from __future__ import annotations

from ..dataclass import dataclass
from .base import Quirks


@dataclass(frozen=True, slots=True)
class BatchQuirks(Quirks):
    """Where batches are made, and how much goes into one; up to the inline limits calls travel in the request itself.

    `price_share` is what part of the usual price is asked, where answers do not tell their cost themselves.
    """

    path: str = "/batches"
    most_requests: int = 50_000
    most_bytes: int = 200_000_000
    inline_requests: int = 0
    inline_bytes: int = 0
    price_share: str = "0.5"

    def fits_inline(self, requests: int, size: int) -> bool:
        return requests <= self.inline_requests and size <= self.inline_bytes
