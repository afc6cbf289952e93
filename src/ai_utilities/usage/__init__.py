"""Usage tracking: token usage, cost, ledgers and budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai._lazy import lazy_package

if TYPE_CHECKING:
    from .budget import Budget as Budget, BudgetExceededError as BudgetExceededError
    from .budget_layer import BudgetLayer as BudgetLayer
    from .budget_redis import RedisBudgets as RedisBudgets
    from .budget_sqlite import SQLiteBudgets as SQLiteBudgets
    from .budget_store import BudgetStore as BudgetStore, MemoryBudgets as MemoryBudgets
    from .data import UsageData as UsageData
    from .layer import UsageLayer as UsageLayer
    from .ledger import Ledger as Ledger, MemoryLedger as MemoryLedger
    from .open_rows import OpenRow as OpenRow
    from .page import usage_page as usage_page
    from .partial_write_error import PartialWriteError as PartialWriteError
    from .redis import RedisLedger as RedisLedger
    from .report import UsageReport as UsageReport, make_report as make_report
    from .reservation import Reservation as Reservation
    from .sqlite import SQLiteLedger as SQLiteLedger
    from .tags import tagged as tagged
    from .totals import Totals as Totals
    from .tracker import UsageTracker as UsageTracker, create_usage_tracker as create_usage_tracker

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "Budget": ".budget",
        "BudgetExceededError": ".budget",
        "BudgetLayer": ".budget_layer",
        "BudgetStore": ".budget_store",
        "MemoryBudgets": ".budget_store",
        "RedisBudgets": ".budget_redis",
        "Reservation": ".reservation",
        "PartialWriteError": ".partial_write_error",
        "SQLiteBudgets": ".budget_sqlite",
        "UsageData": ".data",
        "UsageLayer": ".layer",
        "Ledger": ".ledger",
        "MemoryLedger": ".ledger",
        "OpenRow": ".open_rows",
        "usage_page": ".page",
        "RedisLedger": ".redis",
        "UsageReport": ".report",
        "make_report": ".report",
        "SQLiteLedger": ".sqlite",
        "tagged": ".tags",
        "Totals": ".totals",
        "UsageTracker": ".tracker",
        "create_usage_tracker": ".tracker",
    },
)
