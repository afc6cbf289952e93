"""What is known about models, as data: limits, reasoning, modalities, prices, and what providers refused before."""

from __future__ import annotations

from .model_info import FactSource, ModelFacts, find_facts, known_models
from .prices import own_prices, price_usage

__all__ = ["FactSource", "ModelFacts", "find_facts", "known_models", "own_prices", "price_usage"]
