"""Streams that go on when the browser leaves, so that a page that is loaded again can read them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import uuid4

from .event_stream import UIEventStream, encode, logger


class UIStreamStore(Protocol):
    """Keeps the events of streams, so that another connection can read them. Each stream has a key of its own."""

    async def begin(self, stream_id: str, headers: Mapping[str, str]) -> str:
        """Begin a stream, which is the one of this id from now on, and return its key.

        Args:
            stream_id: The id.
            headers: Headers of its responses.
        """
        ...

    async def find(self, stream_id: str) -> tuple[str, Mapping[str, str]] | None:
        """Return key and headers of the stream of an id; None if there is none, or it has ended.

        Args:
            stream_id: The id.
        """
        ...

    async def append(self, key: str, line: str) -> None:
        """Add an event.

        Args:
            key: The key of the stream.
            line: The event.
        """

    async def read(self, key: str, after: str) -> tuple[Sequence[str], str, bool]:
        """Return events after a place (`""`: from the start), the next place, and whether these are the last ones.

        Waits until there are some, at most some seconds.

        Args:
            key: The key of the stream.
            after: The place.
        """
        ...

    async def end(self, key: str) -> None:
        """Note that the stream has ended.

        Args:
            key: The key of the stream.
        """

    async def ask_to_stop(self, key: str) -> None:
        """Ask the process that writes the stream to stop it.

        Args:
            key: The key of the stream.
        """

    async def wait_for_stop(self, key: str) -> None:
        """Wait until somebody asked to stop the stream.

        Args:
            key: The key of the stream.
        """


@dataclass(slots=True, eq=False)
class StoredEvents:
    """One stream in memory."""

    headers: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    has_ended: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


class MemoryUIStreams:
    """Keeps the events of streams in the memory of this process."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._streams: dict[str, StoredEvents] = {}

    async def begin(self, stream_id: str, headers: Mapping[str, str]) -> str:
        """Begin a stream.

        Args:
            stream_id: The id.
            headers: Headers of its responses.
        """
        key = uuid4().hex
        self._keys[stream_id], self._streams[key] = key, StoredEvents(headers)
        return key

    async def find(self, stream_id: str) -> tuple[str, Mapping[str, str]] | None:
        """Return key and headers of the stream of an id.

        Args:
            stream_id: The id.
        """
        key = self._keys.get(stream_id)  # of a stream that has not ended
        return None if key is None else (key, self._streams[key].headers)

    async def append(self, key: str, line: str) -> None:
        """Add an event.

        Args:
            key: The key of the stream.
            line: The event.
        """
        stored = self._streams[key]
        stored.lines.append(line)
        changed, stored.changed = stored.changed, asyncio.Event()
        changed.set()

    async def read(self, key: str, after: str) -> tuple[Sequence[str], str, bool]:
        """Return events after a place.

        Args:
            key: The key of the stream.
            after: The place.
        """
        stored = self._streams.get(key)
        if stored is None:
            return (), after, True
        place = int(after or 0)
        if place >= len(stored.lines) and not stored.has_ended:
            await stored.changed.wait()
        return stored.lines[place:], str(len(stored.lines)), stored.has_ended

    async def end(self, key: str) -> None:
        """Note that the stream has ended, and forget it when those who read it have the rest.

        Args:
            key: The key of the stream.
        """
        stored = self._streams[key]
        stored.has_ended = True
        stored.changed.set()
        self._keys = {name: one for name, one in self._keys.items() if one != key}
        asyncio.get_running_loop().call_later(REMAINING_SECONDS, self._streams.pop, key, None)

    async def ask_to_stop(self, key: str) -> None:
        """Ask to stop the stream.

        Args:
            key: The key of the stream.
        """
        if (stored := self._streams.get(key)) is not None:
            stored.stopped.set()

    async def wait_for_stop(self, key: str) -> None:
        """Wait until somebody asked to stop the stream.

        Args:
            key: The key of the stream.
        """
        await self._streams[key].stopped.wait()


REMAINING_SECONDS = 60.0
"""How long readers may take for the rest of a stream that has ended."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredStream:
    """The events of a stream of `ResumableStreams`, from the start. Leaving it does not stop the stream.

    Attributes:
        store: Where the events are.
        key: The key of the stream there.
        headers: Headers of the HTTP response.
        is_async: Always True.
    """

    store: UIStreamStore
    key: str
    headers: dict[str, str]
    is_async: Literal[True] = True

    async def sse_async(self) -> AsyncIterator[str]:
        """Yield the events as server-sent events, those that have been sent before at once."""
        place, ended = "", False
        while not ended:
            lines, place, ended = await self.store.read(self.key, place)
            for line in lines:
                yield line

    async def aclose(self) -> None:
        """Leave the stream, which goes on."""


class ResumableStreams:
    """Streams that go on when the browser leaves: a page that is loaded again reads them from the start.

    Each runs in a task of its own, on asyncio. `stop` ends one, from any connection or process that has the same store.

    Args:
        store: Where events are stored. Default None: in the memory of this process.
    """

    def __init__(self, store: UIStreamStore | None = None) -> None:
        self._store: UIStreamStore = MemoryUIStreams() if store is None else store
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, stream_id: str, stream: UIEventStream) -> StoredStream:
        """Start a stream, and stop the one that has the same id.

        Args:
            stream_id: Id of the conversation, such as `request.thread_id`. Check whose conversation it is before.
            stream: What `to_ui_message_stream` or `to_ag_ui_events` returned.

        Returns:
            What `ui_response` sends.
        """
        await self.stop(stream_id)
        key = await self._store.begin(stream_id, stream.headers)
        task = asyncio.get_running_loop().create_task(self._run(key, stream))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return StoredStream(self._store, key, stream.headers)

    async def resume(self, stream_id: str) -> StoredStream | None:
        """Return the stream of an id from its start, for a page that was loaded again.

        Args:
            stream_id: The id.

        Returns:
            What `ui_response` sends; None if there is no such stream, or it has ended.
        """
        active = await self._store.find(stream_id)
        return None if active is None else StoredStream(self._store, active[0], dict(active[1]))

    async def stop(self, stream_id: str) -> bool:
        """Stop the stream of an id: its request to the model ends, and async tools are cancelled.

        Args:
            stream_id: The id.

        Returns:
            Whether there was such a stream. If it runs in this process, it has ended when this returns.
        """
        active = await self._store.find(stream_id)
        if active is None:
            return False
        await self._store.ask_to_stop(active[0])
        if (task := self._tasks.get(active[0])) is not None:
            await asyncio.wait([task])
        return True

    async def aclose(self) -> None:
        """Stop the streams of this process, for the end of the application."""
        for key in list(self._tasks):
            await self._store.ask_to_stop(key)
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def _run(self, key: str, stream: UIEventStream) -> None:
        """Read a stream into the store until its end, or until somebody asked to stop it."""
        stopping = asyncio.ensure_future(self._store.wait_for_stop(key))
        reading: asyncio.Future[Any] | None = None
        try:
            while not stopping.done():
                reading = asyncio.ensure_future(next_message(stream))
                await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
                if not reading.done() or (message := reading.result()) is None:
                    break
                await self._store.append(key, encode(message))
        except Exception as error:  # noqa: BLE001  # of the store; the readers see that the stream has ended
            logger.error("events of a stream were not stored: %s: %s", type(error).__name__, error)
        finally:
            if reading is not None:
                # A thread cannot be cancelled: sync streams are closed after the piece that is being read.
                await (cancel([reading]) if stream.is_async else asyncio.wait([reading]))
            await stream.aclose()
            await self._end(key, stream)
            await asyncio.wait([stopping], timeout=1)
            await cancel([stopping])

    async def _end(self, key: str, stream: UIEventStream) -> None:
        """Store the end of a stream; if events cannot be stored, its end alone, for those who read it."""
        try:
            for line in stream.stop():
                await self._store.append(key, line)
        except Exception as error:  # noqa: BLE001  # of the store
            logger.error("the end of a stream was not stored: %s: %s", type(error).__name__, error)
        try:
            await self._store.ask_to_stop(key)  # so that nobody waits for it any more
            await self._store.end(key)
        except Exception as error:  # noqa: BLE001  # of the store
            logger.error("the end of a stream was not stored: %s: %s", type(error).__name__, error)


async def next_message(stream: UIEventStream) -> Any:
    """Return the next message of a stream, None at its end; that of sync code is read in a thread."""
    return await anext(stream, None) if stream.is_async else await asyncio.to_thread(next, stream, None)


async def cancel(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel tasks until they have ended: what they await may take a cancellation for a time limit."""
    for one in tasks:
        while not one.done():
            one.cancel()
            await asyncio.wait([one], timeout=1)
        await asyncio.gather(one, return_exceptions=True)
