"""Keeps the events of streams to user interfaces on a Redis or Valkey server, for several processes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from dhenara.ai.errors import ConfigurationError

from .redis import DEFAULT_SERVER, Reply

if TYPE_CHECKING:
    from redis.asyncio import Redis

WAIT_SECONDS = 5.0
"""How long a reader waits for events before it looks whether the stream is still written."""

ALIVE_SECONDS = 20
"""How long after its last sign of life the process of a stream counts as ended."""

LONGEST_SECONDS = 3600
"""How long a stream is stored at most after its last event."""

REMAINING_SECONDS = 60
"""How long readers may take for the rest of a stream that has ended."""


class RedisUIStreams:
    """Keeps the events of streams on a Redis or Valkey server: `ResumableStreams(RedisUIStreams(url))`.

    A page can read or stop a stream through any process. If the process that writes a stream dies, the stream ends.

    Args:
        url: The server. Default: redis://127.0.0.1:6379/0.
        prefix: Start of the names of the keys. Default `"dhenara:ui:"`.

    Raises:
        ConfigurationError: If the package redis is not installed.
    """

    def __init__(self, url: str = DEFAULT_SERVER, prefix: str = "dhenara:ui:") -> None:
        try:
            from redis.asyncio import Redis
        except ImportError as error:
            raise ConfigurationError(
                "streams on a Redis server need the package redis. Install it: pip install 'dhenara[redis]'"
            ) from error
        self._redis: Redis = Redis.from_url(url, decode_responses=True, socket_connect_timeout=5, socket_timeout=30)
        self._prefix = prefix

    async def begin(self, stream_id: str, headers: Mapping[str, str]) -> str:
        """Begin a stream, which is the one of this id from now on.

        Args:
            stream_id: The id.
            headers: Headers of its responses.

        Returns:
            The key of the stream.
        """
        key = uuid4().hex
        await self._redis.set(self._name("alive", key), json.dumps(dict(headers)), ex=ALIVE_SECONDS)
        await self._redis.set(self._name("current", stream_id), key, ex=LONGEST_SECONDS)
        return key

    async def find(self, stream_id: str) -> tuple[str, Mapping[str, str]] | None:
        """Return key and headers of the stream of an id; None if there is none, or it has ended.

        Args:
            stream_id: The id.
        """
        key: Reply = await self._redis.get(self._name("current", stream_id))
        headers: Reply = None if key is None else await self._redis.get(self._name("alive", key))
        return None if key is None or headers is None else (key, json.loads(headers))

    async def append(self, key: str, line: str) -> None:
        """Add an event.

        Args:
            key: The key of the stream.
            line: The event.
        """
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.xadd(self._name("lines", key), {"line": line})
            pipeline.expire(self._name("lines", key), LONGEST_SECONDS)
            await pipeline.execute()

    async def read(self, key: str, after: str) -> tuple[Sequence[str], str, bool]:
        """Return events after a place, the next place, and whether these are the last ones.

        Args:
            key: The key of the stream.
            after: The place; `""` is the start.
        """
        lines, place, ended = await self._read(key, after or "0", round(WAIT_SECONDS * 1000))
        if not lines and not ended and not await self._redis.exists(self._name("alive", key)):
            lines, place, _ = await self._read(key, place, None)
            ended = True
        return lines, place, ended

    async def end(self, key: str) -> None:
        """Note that the stream has ended.

        Args:
            key: The key of the stream.
        """
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.xadd(self._name("lines", key), {"end": "1"})
            pipeline.expire(self._name("lines", key), REMAINING_SECONDS)
            pipeline.delete(self._name("alive", key))
            await pipeline.execute()

    async def ask_to_stop(self, key: str) -> None:
        """Ask the process that writes the stream to stop it.

        Args:
            key: The key of the stream.
        """
        name = self._name("stop", key)
        await self._redis.rpush(name, "1")
        await self._redis.expire(name, REMAINING_SECONDS)

    async def wait_for_stop(self, key: str) -> None:
        """Wait until somebody asked to stop the stream, and show meanwhile that this process lives.

        Args:
            key: The key of the stream.
        """
        while True:
            await self._redis.expire(self._name("alive", key), ALIVE_SECONDS)
            if await self._redis.blpop([self._name("stop", key)], timeout=WAIT_SECONDS) is not None:
                return

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _read(self, key: str, after: str, wait: int | None) -> tuple[list[str], str, bool]:
        reply: Reply = await self._redis.xread({self._name("lines", key): after}, block=wait)
        entries = reply[0][1] if isinstance(reply, list) and reply else []
        if isinstance(reply, dict):
            entries = [entry for several in reply.values() for batch in several for entry in batch]
        lines = [fields["line"] for _, fields in entries if "line" in fields]
        place = entries[-1][0] if entries else after
        return lines, place, any("end" in fields for _, fields in entries)

    def _name(self, kind: str, key: str) -> str:
        return f"{self._prefix}{kind}:{key}"
