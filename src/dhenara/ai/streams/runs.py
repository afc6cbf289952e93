"""Streams of runs: events, then the run."""

from __future__ import annotations

from typing import Generic, Self, TypeVar

from ..pipeline.run_loop import RunLoop
from ..pipeline.run_plan import RunEvent
from ..runtime.sync_io import run
from ..types.run import Run

T = TypeVar("T")


class RunStream(Generic[T]):
    """Iterator of `(event, None)` that ends with `(None, run)`; closing it stops the run."""

    def __init__(self, loop: RunLoop) -> None:
        self._loop = loop
        self._over = False

    def partial(self) -> Run[T | None]:
        """Return the state of the run so far."""
        return self._loop.run()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[RunEvent, None] | tuple[None, Run[T]]:
        if self._over:
            raise StopIteration
        event = run(self._loop.pull())
        if event is not None:
            return event, None
        self._over = True
        return None, self._loop.run()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the run; its state is in `partial()`."""
        self._over = True
        run(self._loop.close())

    def __del__(self) -> None:
        self._loop.abandon()


class AsyncRunStream(Generic[T]):
    """Async version of `RunStream`."""

    def __init__(self, loop: RunLoop) -> None:
        self._loop = loop
        self._over = False

    def partial(self) -> Run[T | None]:
        """Return the state of the run so far."""
        return self._loop.run()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[RunEvent, None] | tuple[None, Run[T]]:
        if self._over:
            raise StopAsyncIteration
        event = await self._loop.pull()
        if event is not None:
            return event, None
        self._over = True
        return None, self._loop.run()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop the run; its state is in `partial()`."""
        self._over = True
        await self._loop.close()

    def __del__(self) -> None:
        self._loop.abandon()
