"""Usage tracking: token usage, cost, ledgers and budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from .amounts import BudgetAlert as BudgetAlert, DisplayCurrency as DisplayCurrency
    from .budgets.budget import (
        Budget as Budget,
        BudgetExceededError as BudgetExceededError,
        BudgetStore as BudgetStore,
        Reservation as Reservation,
    )
    from .budgets.early_warning import BudgetForecast as BudgetForecast
    from .budgets.layer import BudgetLayer as BudgetLayer
    from .budgets.redis import RedisBudgets as RedisBudgets
    from .budgets.reservations import MemoryBudgets as MemoryBudgets
    from .budgets.sqlite import SQLiteBudgets as SQLiteBudgets
    from .data import PartialWriteError as PartialWriteError, UsageData as UsageData, tagged as tagged
    from .layer import UsageLayer as UsageLayer
    from .ledger import (
        Ledger as Ledger,
        MemoryLedger as MemoryLedger,
        UsageTracker as UsageTracker,
        create_usage_tracker as create_usage_tracker,
    )
    from .open_rows import OpenRow as OpenRow
    from .redis import RedisLedger as RedisLedger
    from .reports.exports import ExportError as ExportError, UsageExport as UsageExport
    from .reports.reconcile import (
        ReconciledBucket as ReconciledBucket,
        Reconciliation as Reconciliation,
        read_export as read_export,
        reconcile as reconcile,
    )
    from .reports.report import UsageReport as UsageReport, make_report as make_report, usage_page as usage_page
    from .sqlite import SQLiteLedger as SQLiteLedger
    from .totals import Totals as Totals

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "Budget": ".budgets.budget",
        "BudgetAlert": ".amounts",
        "BudgetForecast": ".budgets.early_warning",
        "BudgetExceededError": ".budgets.budget",
        "BudgetLayer": ".budgets.layer",
        "BudgetStore": ".budgets.budget",
        "MemoryBudgets": ".budgets.reservations",
        "RedisBudgets": ".budgets.redis",
        "Reservation": ".budgets.budget",
        "DisplayCurrency": ".amounts",
        "PartialWriteError": ".data",
        "SQLiteBudgets": ".budgets.sqlite",
        "UsageData": ".data",
        "UsageLayer": ".layer",
        "Ledger": ".ledger",
        "MemoryLedger": ".ledger",
        "OpenRow": ".open_rows",
        "usage_page": ".reports.report",
        "RedisLedger": ".redis",
        "ExportError": ".reports.exports",
        "Reconciliation": ".reports.reconcile",
        "ReconciledBucket": ".reports.reconcile",
        "UsageExport": ".reports.exports",
        "read_export": ".reports.reconcile",
        "reconcile": ".reports.reconcile",
        "UsageReport": ".reports.report",
        "make_report": ".reports.report",
        "SQLiteLedger": ".sqlite",
        "tagged": ".data",
        "Totals": ".totals",
        "UsageTracker": ".ledger",
        "create_usage_tracker": ".ledger",
    },
)
