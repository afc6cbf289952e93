"""A Redis or Valkey server, asked with patience for a moment only: what it keeps is never worth a stuck call."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

from dhenara.ai.errors import ConfigurationError

from .errors import StoreError

SECONDS = 2.0
"""How long to wait for the server before going on without it."""
SHORTEST, LONGEST = 1.0, 30.0
"""Seconds in which a server that did not answer is left alone: twice as many each time, up to the longest."""


class Rest:
    """While a server hangs, one caller now and then waits for it; everybody else goes on without it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = 0.0
        self._until = 0.0

    def check(self) -> None:
        """Whoever is let through while the server hangs is the one who tries."""
        if not self._seconds:
            return
        with self._lock:
            left = self._until - time.monotonic()
            if self._seconds and left > 0:
                raise StoreError(f"the Redis server did not answer in time; it is asked again in {left:.1f} s")
            self._until = time.monotonic() + SECONDS

    def begin(self) -> None:
        with self._lock:
            self._seconds = min(max(SHORTEST, self._seconds * 2), LONGEST)
            self._until = time.monotonic() + self._seconds

    def end(self) -> None:
        self._seconds = 0.0


RESTS: WeakValueDictionary[str, Rest] = WeakValueDictionary()
"""By address: what one store has waited for in vain, the others of this process need not wait for, too."""


class RedisServer:
    """`server` is an address such as `redis://localhost:6379/0`, or a client that you made yourself."""

    def __init__(self, server: Any = "redis://127.0.0.1:6379/0", prefix: str = "ai_utilities") -> None:
        self.prefix = prefix
        self.client: Any = connect(server) if isinstance(server, str) else server
        self._ours = isinstance(server, str)
        self._rest = RESTS.setdefault(server, Rest()) if isinstance(server, str) else Rest()

    @contextmanager
    def asked(self) -> Iterator[Any]:
        """The client; what goes wrong with it is a StoreError."""
        redis = library()
        self._rest.check()
        try:
            yield self.client
            self._rest.end()
        except redis.TimeoutError as error:
            self._rest.begin()
            raise StoreError(f"the Redis server did not answer in {SECONDS:g} s: {error}") from error
        except (redis.RedisError, OSError) as error:
            raise StoreError(f"the Redis server could not be used: {type(error).__name__}: {error}") from error

    def named(self, *parts: str) -> str:
        """The full name of a key."""
        return ":".join((self.prefix, *parts))

    def matching(self, pattern_free: str) -> Iterator[list[Any]]:
        """The keys that begin with this name, a few hundred at a time."""
        escaped = "".join(f"\\{letter}" if letter in "*?[]\\^-" else letter for letter in pattern_free)
        cursor: Any = 0
        while True:
            cursor, keys = self.client.scan(cursor, match=f"{escaped}*", count=500)
            if keys:
                yield keys
            if not cursor:
                return

    def close(self) -> None:
        if self._ours:
            self.client.close()


def connect(address: str) -> Any:
    redis = library()
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        return redis.Redis.from_url(
            address,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            decode_responses=True,
            # A connection that the server closed while it rested is replaced once; a server that hangs is not waited
            # for twice.
            retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
        )
    except ValueError as error:
        raise ConfigurationError(f"this is not the address of a Redis server: {error}") from error


def library() -> Any:
    try:
        import redis
    except ImportError as error:
        raise ConfigurationError(
            "Redis stores need the redis package: pip install 'dhenara[redis]', or choose the memory or sqlite store"
        ) from error
    return redis
