"""IO: everything the pipeline may ask of the outside world, and the jobs that it runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

from ..http.protocol.interfaces import AttemptTimeouts, Response
from ..http.protocol.message import HttpRequest


@dataclass(frozen=True, slots=True)
class UserJob:
    """`awaits` says that the result has to be awaited; `seconds` is the longest it may take."""

    work: Callable[[], Any]
    awaits: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class JobDone:
    value: Any


@dataclass(frozen=True, slots=True)
class JobFailed:
    error: Exception


Outcome = JobDone | JobFailed


def attempt(work: Callable[[], Any]) -> Outcome:
    """Runs it here and now, where nothing can be awaited."""
    outcome = begin(work)
    if isinstance(outcome, JobDone) and inspect.isawaitable(outcome.value):
        if close := getattr(outcome.value, "close", None):
            close()
        return JobFailed(
            TypeError("it has to be awaited, which sync code cannot do: use the async methods of the client")
        )
    return outcome


def begin(work: Callable[[], Any]) -> Outcome:
    """Runs it here and now. What comes out may have to be awaited, as from a wrapper of an async function."""
    try:
        return JobDone(work())
    except Exception as error:  # noqa: BLE001  # it is the user's code, and may raise anything
        return JobFailed(error)


async def attempt_awaited(work: Callable[[], Any]) -> Outcome:
    try:
        return JobDone(await work())
    except Exception as error:  # noqa: BLE001  # as above
        return JobFailed(error)


P = ParamSpec("P")
T = TypeVar("T")


class WakeupSignal(Protocol):
    """For who waits for something that another thread or loop of this process does."""

    def set(self) -> None:
        """Ends the wait, or else the next one before it begins; from any thread."""

    async def wait(self, seconds: float) -> None:
        """Until it rings, at most so long."""


class IO(Protocol):
    """Everything that the journey of a call may ask of the world."""

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response: ...

    async def addresses(self, host: str, port: int, timeout: float) -> tuple[str, ...]:
        """Every address that this name stands for. Raises Unreachable when there is none."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    def wakeup_event(self) -> WakeupSignal:
        """A new one, to be waited for in this world."""
        ...

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs blocking work without holding up anybody else."""
        ...

    async def run_jobs(self, jobs: Sequence[UserJob], at_once: int) -> list[Outcome | None]:
        """Runs jobs side by side, as many at once; None for those whose time was over. One at a time runs in place."""
        ...

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
        """Takes steps of our own side by side, as many at once; the first failure is raised and ends them all."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def time(self) -> float:
        """Seconds since 1970."""
        ...

    def random(self) -> float:
        """A random number from 0 up to 1."""
        ...

    async def close(self) -> None: ...
