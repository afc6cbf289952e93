"""Many prompts from a file or any iterable: bounded, resumable, in order, each error in its own place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai._lazy import lazy_package

if TYPE_CHECKING:
    from .bulk import run_bulk as run_bulk
    from .bulk_async import run_bulk_async as run_bulk_async
    from .provider_options import OnProvider as OnProvider
    from .ray_options import OnRay as OnRay
    from .ray_rows import ask_rows as ask_rows
    from .ray_workers import WorkersLostError as WorkersLostError
    from .report import BulkProgress as BulkProgress, BulkReport as BulkReport

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "run_bulk": ".bulk",
        "run_bulk_async": ".bulk_async",
        "OnProvider": ".provider_options",
        "OnRay": ".ray_options",
        "WorkersLostError": ".ray_workers",
        "ask_rows": ".ray_rows",
        "BulkProgress": ".report",
        "BulkReport": ".report",
    },
)
