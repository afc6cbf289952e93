"""Many prompts from a file or any iterable: bounded, resumable, in order, each error in its own place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from .backends import OnProvider as OnProvider, OnRay as OnRay
    from .bulk import run_bulk as run_bulk, run_bulk_async as run_bulk_async
    from .ray_workers import WorkersLostError as WorkersLostError, ask_rows as ask_rows
    from .rows import BulkProgress as BulkProgress, BulkReport as BulkReport

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "run_bulk": ".bulk",
        "run_bulk_async": ".bulk",
        "OnProvider": ".backends",
        "OnRay": ".backends",
        "WorkersLostError": ".ray_workers",
        "ask_rows": ".ray_workers",
        "BulkProgress": ".rows",
        "BulkReport": ".rows",
    },
)
