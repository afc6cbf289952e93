"""How long store operations may wait: the time that is left of the call for which they are made."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_until: ContextVar[float | None] = ContextVar("ai_utilities.store_deadline", default=None)


def within(seconds: float | None, function: Callable[P, T]) -> Callable[P, T]:
    """The same function; stores that it uses wait at most this many seconds in all, or as usual with None."""
    if seconds is None:
        return function
    until = time.monotonic() + max(0.0, seconds)

    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        token = _until.set(until)
        try:
            return function(*args, **kwargs)
        finally:
            _until.reset(token)

    return limited


def seconds_left(most: float) -> float:
    """How long to wait now: `most`, or what is left of the limit."""
    until = _until.get()
    return most if until is None else max(0.0, min(most, until - time.monotonic()))
