"""Jobs: other people's functions, to be run side by side. What they raise is an outcome like any other."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..dataclass import dataclass


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
