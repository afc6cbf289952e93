"""Many prompts from a file or any iterable: bounded, resumable, in order, each error in its own place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai._lazy import lazy

if TYPE_CHECKING:
    from .bulk import run_bulk as run_bulk
    from .bulk_async import run_bulk_async as run_bulk_async
    from .report import BulkProgress as BulkProgress
    from .report import BulkReport as BulkReport

__getattr__, __dir__ = lazy(
    __name__,
    {
        "run_bulk": ".bulk",
        "run_bulk_async": ".bulk_async",
        "BulkProgress": ".report",
        "BulkReport": ".report",
    },
)
