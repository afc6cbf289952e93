"""What is known about models, as data: limits, prices, what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_package

if TYPE_CHECKING:
    from .model_info import (
        FactSource as FactSource,
        ModelFacts as ModelFacts,
        find_facts as find_facts,
        known_models as known_models,
    )
    from .prices import price_usage as price_usage

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "ModelFacts": ".model_info",
        "FactSource": ".model_info",
        "find_facts": ".model_info",
        "known_models": ".model_info",
        "price_usage": ".prices",
    },
)
