"""What is known about models, as data: limits, prices, what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .prices import price as price

__getattr__, __dir__ = lazy(
    __name__,
    {
        "price": ".prices",
    },
)
