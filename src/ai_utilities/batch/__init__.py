"""Many prompts from a file or any iterable: bounded, resumable, in order, each error in its own place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai._lazy import lazy

if TYPE_CHECKING:
    from .bulk import run_bulk as run_bulk
    from .bulk_async import run_bulk_async as run_bulk_async
    from .on_provider import OnProvider as OnProvider
    from .on_ray import OnRay as OnRay
    from .ray_crew import WorkersLostError as WorkersLostError
    from .ray_rows import ask_rows as ask_rows
    from .report import BulkProgress as BulkProgress, BulkReport as BulkReport

__getattr__, __dir__ = lazy(
    __name__,
    {
        "run_bulk": ".bulk",
        "run_bulk_async": ".bulk_async",
        "OnProvider": ".on_provider",
        "OnRay": ".on_ray",
        "WorkersLostError": ".ray_crew",
        "ask_rows": ".ray_rows",
        "BulkProgress": ".report",
        "BulkReport": ".report",
    },
)
