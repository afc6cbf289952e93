"""What is known about models, as data: limits, prices, what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .facts import (
        ModelFacts as ModelFacts,
        Source as Source,
        find_facts as find_facts,
        known_models as known_models,
    )
    from .prices import price as price

__getattr__, __dir__ = lazy(
    __name__,
    {
        "ModelFacts": ".facts",
        "Source": ".facts",
        "find_facts": ".facts",
        "known_models": ".facts",
        "price": ".prices",
    },
)
