"""What is known about models, as data: limits, reasoning, modalities, prices, and what providers refused before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .host_facts import FactSource as FactSource, use_tables as use_tables
    from .model_constraints import most_generated as most_generated, most_output as most_output
    from .model_info import (
        EndpointFacts as EndpointFacts,
        ModelFacts as ModelFacts,
        find_facts as find_facts,
        known_models as known_models,
    )
    from .own_tables import (
        OwnTables as OwnTables,
        forget_own_tables as forget_own_tables,
        load_own_tables as load_own_tables,
    )
    from .prices import (
        EndpointPrices as EndpointPrices,
        own_prices as own_prices,
        price_usage as price_usage,
    )
    from .table_checks import (
        ExplainedPrice as ExplainedPrice,
        InvalidTable as InvalidTable,
        LimitChange as LimitChange,
        PriceExplanation as PriceExplanation,
        RateChange as RateChange,
        check_table as check_table,
        compare_limits as compare_limits,
        compare_prices as compare_prices,
        explain_prices as explain_prices,
    )

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "EndpointFacts": ".model_info",
        "EndpointPrices": ".prices",
        "ExplainedPrice": ".table_checks",
        "FactSource": ".host_facts",
        "InvalidTable": ".table_checks",
        "ModelFacts": ".model_info",
        "OwnTables": ".own_tables",
        "PriceExplanation": ".table_checks",
        "LimitChange": ".table_checks",
        "RateChange": ".table_checks",
        "check_table": ".table_checks",
        "compare_limits": ".table_checks",
        "compare_prices": ".table_checks",
        "explain_prices": ".table_checks",
        "find_facts": ".model_info",
        "forget_own_tables": ".own_tables",
        "known_models": ".model_info",
        "load_own_tables": ".own_tables",
        "most_generated": ".model_constraints",
        "most_output": ".model_constraints",
        "own_prices": ".prices",
        "price_usage": ".prices",
        "use_tables": ".host_facts",
    },
)
