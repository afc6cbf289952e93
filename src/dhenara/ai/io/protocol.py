"""IO: everything the pipeline may ask of the outside world, and the jobs that it runs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from ..http.protocol.message import AttemptTimeouts, HttpRequest, Response


@dataclass(slots=True, eq=False)
class UserJob:
    """A function of the user. `awaits`: its result is awaitable. `seconds`: its time limit, None for none."""

    work: Callable[[], Any]
    awaits: bool = False
    seconds: float | None = None


@dataclass(slots=True, eq=False)
class JobDone:
    value: Any


@dataclass(slots=True, eq=False)
class JobFailed:
    error: Exception


Outcome = JobDone | JobFailed


def attempt(work: Callable[[], Any]) -> Outcome:
    """Run the function in sync code; an awaitable result is an error."""
    outcome = begin(work)
    if isinstance(outcome, JobDone) and inspect.isawaitable(outcome.value):
        if close := getattr(outcome.value, "close", None):
            close()
        return JobFailed(
            TypeError("it has to be awaited, which sync code cannot do: use the async methods of the client")
        )
    return outcome


def begin(work: Callable[[], Any]) -> Outcome:
    """Run the function; its result may be awaitable, for example of a wrapper around an async function."""
    try:
        return JobDone(work())
    except Exception as error:  # noqa: BLE001  # it is the user's code, and may raise anything
        return JobFailed(error)
    except BaseException as error:
        if is_cancellation(error):
            return JobFailed(CancelledError("it was cancelled from inside"))
        raise


def is_cancellation(error: BaseException) -> bool:
    """Return whether this is the `CancelledError` of asyncio, which is no `Exception`.

    In a thread of its own, nobody has cancelled the work: a task inside of it was.
    """
    asyncio = sys.modules.get("asyncio")  # not loaded by sync code that does without
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


async def attempt_awaited(work: Callable[[], Any]) -> Outcome:
    try:
        return JobDone(await work())
    except Exception as error:  # noqa: BLE001  # as above
        return JobFailed(error)


P = ParamSpec("P")
T = TypeVar("T")


class WakeupSignal(Protocol):
    """An event to wait for; it may be set by any thread or event loop of this process."""

    def set(self) -> None:
        """End the current wait, or the next one, from any thread."""

    async def wait(self, seconds: float) -> None:
        """Wait until it is set, at most so many seconds."""


class StepCancelled(BaseException):
    """Raised in a thread whose step was cancelled, as `asyncio.CancelledError` is in a task."""


Step = Callable[[], Coroutine[Any, Any, None]]
"""Work that keeps its own outcome and its own errors; it raises only when it is cancelled."""


class Branches(Protocol):
    """Steps that run at the same time, for `async with`; those that still run at its end are cancelled."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *failure: object) -> bool | None: ...

    def start(self, step: Step) -> None:
        """Start one more step."""

    async def wait(self, seconds: float | None) -> bool:
        """Wait until one more step has ended, at most so many seconds; return whether one has."""
        ...


class BackgroundStep(Protocol):
    """A step that nobody waits for."""

    blocking: bool
    """Whether `join` blocks the thread; otherwise it is awaited on the loop of the step, and elsewhere returns at once.
    """

    def cancel(self) -> None:
        """Cancel it, from any thread."""

    async def join(self, seconds: float) -> None:
        """Wait for its end at most so many seconds."""


class IO(Protocol):
    """What the pipeline needs from the outside: network, clock, randomness, threads and tasks."""

    def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Coroutine[Any, Any, Response]: ...

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        """Resolve the host name to all its addresses; raises ConnectFailed if there is none."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    def wakeup_event(self) -> WakeupSignal:
        """Return a new event to be waited for in this kind of code."""
        ...

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function without blocking an event loop."""
        ...

    async def run_jobs(self, jobs: Sequence[UserJob], concurrency: int) -> list[Outcome | None]:
        """Run at most `concurrency` jobs at a time; the outcome is None for those that exceeded their time limit."""
        ...

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], concurrency: int) -> list[T]:
        """Run coroutine functions concurrently, at most `concurrency`; the first failure cancels the others."""
        ...

    def branches(self) -> Branches:
        """Return what runs steps beside each other, of which the caller waits for one."""
        ...

    def spawn(self, step: Step, never_begun: Callable[[], None]) -> BackgroundStep:
        """Start a step in the background; raises RuntimeError where nothing can be started any more.

        `never_begun` is called if the step is cancelled before it begins.
        """
        ...

    def monotonic(self) -> float:
        """Return seconds of a monotonic clock."""
        ...

    def time(self) -> float:
        """Return seconds since 1970."""
        ...

    def random(self) -> float:
        """Return a random number, at least 0 and less than 1."""
        ...

    async def close(self) -> None: ...


def new_lock() -> AbstractContextManager[bool]:
    """Return a new lock, for `with`."""
    return Lock()
