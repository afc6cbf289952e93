"""Store operations of a call, off the event loop and within its time limit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import ParamSpec, Protocol, TypeVar

from dhenara.ai.types import Call

from ..exceptions import (
    StoreDamagedError as StoreDamagedError,
    StoreError as StoreError,
    StoreEvictsError as StoreEvictsError,
    StoreFullError as StoreFullError,
    StoreLostError as StoreLostError,
    StoreRecoveredError as StoreRecoveredError,
    StoreTimeoutError as StoreTimeoutError,
    StoreVersionError as StoreVersionError,
)

P = ParamSpec("P")
T = TypeVar("T")


class WakeupEvent(Protocol):
    """An event that one call waits for, in sync or async code, and that any thread may set."""

    def set(self) -> None: ...

    async def wait(self, seconds: float) -> None: ...


class StoreIO(Protocol):
    """The part of the engine's IO protocol that layers with stores need."""

    async def sleep(self, seconds: float) -> None: ...

    def wakeup_event(self) -> WakeupEvent: ...

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...

    def monotonic(self) -> float: ...

    def time(self) -> float: ...


AFTERWARDS = 1.0
"""Minimum seconds for a store after an answer, also if the deadline of the call has passed."""


def call_seconds_left(io: StoreIO, call: Call) -> float | None:
    """The seconds until the deadline of a call; None without a deadline."""
    return None if call.deadline is None else max(0.0, call.deadline - io.monotonic())


async def call_store(io: StoreIO, store: object, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls a function that uses a store, in a thread if async code would have to wait for it.

    Args:
        io: The IO of the call.
        store: The store; with `blocking = False` it never waits, and the function is called directly.
        function: The function.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Returns:
        The result of the function.
    """
    if not getattr(store, "blocking", True):
        return function(*args, **kwargs)
    return await io.call(function, *args, **kwargs)


async def call_store_shielded(
    io: StoreIO, store: object, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Like `call_store`, for what must not be lost: completed in place if the call is being cancelled.

    Raises:
        BaseException: What the function raised, or the cancellation.
    """
    begun = False

    def work() -> None:
        nonlocal begun
        begun = True
        function(*args, **kwargs)

    try:
        await call_store(io, store, work)
    except BaseException as error:
        if begun:
            raise
        work()
        if not isinstance(error, RuntimeError):
            raise  # a cancelled call stays cancelled; a RuntimeError says only that the event loop has ended


_until: ContextVar[float] = ContextVar("ai_utilities.store_deadline", default=math.inf)
_stalled: ContextVar[float | None] = ContextVar("ai_utilities.store_stalled", default=None)


def within(seconds: float | None, function: Callable[P, T], *, stalled: float | None = None) -> Callable[P, T]:
    """Limits how long the stores that a function uses may wait.

    Args:
        seconds: Seconds in all; None leaves each store its own limit.
        function: The function.
        stalled: Seconds to wait for the lock of a file that is not written meanwhile; None waits as long as
            for others.

    Returns:
        The same function with these limits, and with those of the caller.
    """
    if seconds is None and stalled is None:
        return function
    until = math.inf if seconds is None else time.monotonic() + max(0.0, seconds)

    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        outer = _stalled.get()
        tokens = _until.set(min(until, _until.get())), _stalled.set(outer if stalled is None else stalled)
        try:
            return function(*args, **kwargs)
        finally:
            _until.reset(tokens[0])
            _stalled.reset(tokens[1])

    return limited


def seconds_left(most: float) -> float:
    """The seconds that a store may wait now: `most`, or what is left of the limit set by `within`."""
    until = _until.get()
    return most if until == math.inf else max(0.0, min(most, until - time.monotonic()))


def stalled_seconds(most: float) -> float:
    """The seconds to wait for a lock whose holder writes nothing: `most`, or the `stalled` of `within`."""
    stalled = _stalled.get()
    return most if stalled is None else min(most, stalled)
