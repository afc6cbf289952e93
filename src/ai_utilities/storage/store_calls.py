"""Store operations of a call: off the event loop, within its time limit, completed if it is cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WakeupEvent(Protocol):
    """Waited for in one world, rung from any thread."""

    def set(self) -> None: ...

    async def wait(self, seconds: float) -> None: ...


class StoreIO(Protocol):
    """Of the engine's IO, what layers with stores need."""

    async def sleep(self, seconds: float) -> None: ...

    def wakeup_event(self) -> WakeupEvent: ...

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any: ...

    def monotonic(self) -> float: ...

    def time(self) -> float: ...


async def call_store(io: StoreIO, store: object, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the store says. A store that never waits says so with `waits = False` and is asked at once."""
    if not getattr(store, "blocking", True):
        return function(*args, **kwargs)
    match: T = await io.call(function, *args, **kwargs)
    return match


async def call_store_shielded(
    io: StoreIO, store: object, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs
) -> None:
    """The same for what must not be lost: who may not wait any more does it at once."""
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
            raise  # a cancelled call stays cancelled; only a world without a loop is no error


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
