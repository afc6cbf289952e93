"""Waiting for an event, however slow the machine is: without a fixed sleep, and without a limit that it may miss."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import anyio

T = TypeVar("T")
HANGS = 100.0
"""Seconds after which nobody believes any more that it will happen; far more than it takes."""


def wait_until(condition: Callable[[], object]) -> None:
    """Returns when the condition holds."""
    end = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


async def wait_until_async(condition: Callable[[], object]) -> None:
    """The same on an event loop."""
    end = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await anyio.sleep(0.005)


def try_longer_limits(attempt: Callable[[float], T | None], first: float) -> T:
    """Returns what an attempt returns with a time limit that is long enough on this machine.

    For work that its time limit has to end, but not before something else has happened, such as the arrival of its
    request. `attempt` gets a limit in seconds, each ten times the one before; it returns None when the limit was too
    short for what has to happen first.
    """
    seconds = first
    while seconds < HANGS:
        result = attempt(seconds)
        if result is not None:
            return result
        seconds *= 10
    raise AssertionError(f"it did not happen within {seconds / 10:g} s")
