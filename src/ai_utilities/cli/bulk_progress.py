"""The progress line of a batch run, with tokens and cost; only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..batch.report import BulkProgress, OnProgress
from .results import format_cost
from .streams import drawing

EVERY = 0.1


@contextmanager
def progress_line() -> Iterator[OnProgress]:
    shown = sys.stderr.isatty()
    drawn_at = 0.0

    def draw(now: BulkProgress) -> None:
        nonlocal drawn_at
        if shown and time.monotonic() - drawn_at >= EVERY:
            drawn_at = time.monotonic()
            drawing(sys.stderr)(f"\r{format_progress(now)}\033[K")
            sys.stderr.flush()

    try:
        yield draw
    finally:
        if drawn_at:
            drawing(sys.stderr)("\r\033[K")


def format_progress(now: BulkProgress) -> str:
    of = f"/{now.total}" if now.total is not None else ""
    failed = f", {now.failed} failed" if now.failed else ""
    cost = format_cost(now.cost) if not now.unpriced else f"{format_cost(now.cost)} and more"
    return f"{now.done}{of} rows{failed}, {now.tokens} tokens, {cost}"
