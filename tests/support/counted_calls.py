"""Counted calls and instructions: what some work costs, the same on every machine and however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class CountedCalls:
    """The calls of this thread while some work ran."""

    files: list[str] = field(default_factory=list)
    """The file of each Python function that was called; resumed coroutines and generators count again."""

    in_c: int = 0

    @property
    def python(self) -> int:
        return len(self.files)

    @property
    def every(self) -> int:
        """Calls of Python and C functions."""
        return self.python + self.in_c


def count_calls(work: Callable[[], Any]) -> CountedCalls:
    """Run `work` and count the calls it makes."""
    counted = CountedCalls()
    with counting(counted):
        work()
    return counted


async def count_calls_async(work: Awaitable[Any]) -> CountedCalls:
    """Await `work` and count the calls of this thread meanwhile, those of the event loop included."""
    counted = CountedCalls()
    with counting(counted):
        await work
    return counted


@contextmanager
def counting(counted: CountedCalls) -> Iterator[None]:
    files = counted.files

    def note(frame: Any, event: str, argument: object) -> None:
        if event == "call":
            files.append(frame.f_code.co_filename)
        elif event == "c_call":
            counted.in_c += 1

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


def count_instructions(work: Callable[[], Any]) -> int:
    """Run `work` and count the instructions of Python's interpreter that it takes in this thread.

    Loops count with every round, which calls of functions do not show.
    """
    count = 0

    def trace(frame: Any, event: str, argument: object) -> Any:
        nonlocal count
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        if event == "opcode":
            count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
