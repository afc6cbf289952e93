"""A progress bar for terminals."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

WIDTH = 28
EVERY = 0.1
"""Minimum seconds between two updates."""


class ProgressBar:
    """Draws on stderr. `show=None` draws only if stderr is a terminal."""

    def __init__(self, show: bool | None = None, out: TextIO | None = None) -> None:
        self._out = out if out is not None else sys.stderr
        self._shown = self._out.isatty() if show is None else show
        self._started = time.monotonic()
        self._drawn_at = 0.0
        self._drawn = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._shown or (done < total and now - self._drawn_at < EVERY):
            return
        self._drawn_at, self._drawn = now, True
        self._out.write(f"\r{format_line(done, total, now - self._started)}\033[K")
        self._out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._out.write("\n")
            self._out.flush()


def format_line(done: int, total: int, seconds: float) -> str:
    """`[#######-------] 12/48  25%  0:03, 0:09 left`."""
    filled = WIDTH * done // max(total, 1)
    left = seconds / done * (total - done) if done else 0.0
    bar = "#" * filled + "-" * (WIDTH - filled)
    percent = done * 100 // max(total, 1)
    return f"[{bar}] {done}/{total} {percent:3d}%  {format_seconds(seconds)}, {format_seconds(left)} left"


def format_seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def combine_callbacks(bar: ProgressBar, callback: Callable[[int, int], object] | None) -> Callable[[int, int], None]:
    """A callback that updates the bar and calls the user's callback."""

    def report(done: int, total: int) -> None:
        bar(done, total)
        if callback is not None:
            callback(done, total)

    return report
