"""The world, as a few questions. Whoever answers them decides whether we block."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ParamSpec, Protocol, TypeVar

from .http import HttpRequest
from .jobs import Outcome, UserJob
from .transport_protocol import AttemptTimeouts, Response

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

    async def sleep(self, seconds: float) -> None: ...

    def wakeup_event(self) -> WakeupSignal:
        """A new one, to be waited for in this world."""

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs blocking work without holding up anybody else."""

    async def run_jobs(self, jobs: Sequence[UserJob], at_once: int) -> list[Outcome | None]:
        """Runs jobs side by side, as many at once; None for those whose time was over. One at a time runs in place."""

    async def run_steps(self, steps: Sequence[Callable[[], Coroutine[Any, Any, T]]], at_once: int) -> list[T]:
        """Takes steps of our own side by side, as many at once; the first failure is raised and ends them all."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def time(self) -> float:
        """Seconds since 1970."""

    def random(self) -> float:
        """A random number from 0 up to 1."""

    async def close(self) -> None: ...
