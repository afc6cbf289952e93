"""What is known about models, as data: limits, reasoning, modalities, prices, and what providers refused before."""

from __future__ import annotations

from .host_facts import FactSource
from .model_constraints import most_generated, most_output
from .model_info import ModelFacts, find_facts, known_models
from .own_tables import OwnTables, forget_own_tables, load_own_tables
from .prices import own_prices, price_usage
from .table_checks import (
    ExplainedPrice,
    InvalidTable,
    PriceExplanation,
    RateChange,
    check_table,
    compare_prices,
    explain_prices,
)
from .table_files import use_tables

__all__ = [
    "ExplainedPrice",
    "FactSource",
    "InvalidTable",
    "ModelFacts",
    "OwnTables",
    "PriceExplanation",
    "RateChange",
    "check_table",
    "compare_prices",
    "explain_prices",
    "find_facts",
    "forget_own_tables",
    "known_models",
    "load_own_tables",
    "most_generated",
    "most_output",
    "own_prices",
    "price_usage",
    "use_tables",
]
