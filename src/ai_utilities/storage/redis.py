"""A Redis or Valkey server with short time limits."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Protocol
from weakref import WeakValueDictionary

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.integration import require_type

from .store_io import StoreDamagedError, StoreError, StoreEvictsError, StoreFullError, StoreTimeoutError, seconds_left

log = logging.getLogger("ai_utilities.storage")
DEFAULT_SERVER = "redis://127.0.0.1:6379/0"
SECONDS = 2.0
"""Seconds to wait for the server."""

STEPS = (1.0, 0.5, 0.25, 0.1, 0.05)
"""Shorter waits for calls whose deadline is near: parts of `SECONDS`."""
POLICY_SECONDS = 60.0
"""Seconds after which the server's eviction policy is read again."""

COMMAND = re.compile(r"^Command # \d+ \(.*\) of pipeline caused error: ", re.DOTALL)
SCRIPT = re.compile(r"\s*script: \w+, on @user_script.*$|^Error running script .*?@user_script:\s*\d+: ", re.DOTALL)
"""The parts of messages about the command and the script, which may quote contents."""

SHORTEST, LONGEST = 1.0, 30.0
"""Seconds for which a server that did not answer is not called: doubled each time, up to the longest."""


Reply = Any
"""The reply to a command. Versions of the redis package declare it differently; each caller checks what it gets."""

Value = str | bytes | int | float
"""What is sent to a server."""


class RedisCommands(Protocol):
    """The commands that clients and pipelines have in common."""

    def set(self, name: str, value: Value, /, *, px: int | None = None, nx: bool = False) -> Reply: ...

    def hgetall(self, name: str, /) -> Reply: ...

    def strlen(self, name: str | bytes, /) -> Reply: ...


class RedisPipeline(RedisCommands, Protocol):
    """Commands that are sent together."""

    def execute(self) -> list[Reply]: ...


class RedisClient(RedisCommands, Protocol):
    """The methods of `redis.Redis` that stores call."""

    def get(self, name: str, /) -> Reply: ...

    def mget(self, keys: list[str], /) -> Reply: ...

    def delete(self, *names: str | bytes) -> Reply: ...

    def unlink(self, *names: str | bytes) -> Reply: ...

    def scan(self, cursor: int, /, match: str | None = None, count: int | None = None) -> Reply: ...

    def hset(self, name: str, /, *, mapping: dict[Any, Value]) -> Reply: ...

    def hvals(self, name: str, /) -> Reply: ...

    def zrangebyscore(
        self, name: str, min: float | str, max: float | str, /, start: int | None = None, num: int | None = None
    ) -> Reply: ...

    def eval(self, script: str, numkeys: int, /, *keys_and_args: Value) -> Reply: ...

    def evalsha(self, sha: str, numkeys: int, /, *keys_and_args: Value) -> Reply: ...

    def pipeline(self, transaction: bool = True) -> RedisPipeline: ...

    def info(self, section: str, /) -> Reply: ...

    def config_get(self, pattern: str, /) -> Reply: ...

    def close(self) -> None: ...


class Cooldown:
    """While a server does not answer, one caller tries now and then; the others fail at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = 0.0
        self._until = 0.0

    def check(self) -> None:
        """Lets one caller through after each pause.

        Raises:
            StoreTimeoutError: If the server is not called now.
        """
        if not self._seconds:
            return
        with self._lock:
            left = self._until - time.monotonic()
            if self._seconds and left > 0:
                raise StoreTimeoutError(f"the Redis server did not answer in time; it is called again in {left:.1f} s")
            self._until = time.monotonic() + SECONDS

    def begin(self) -> None:
        """Begins or extends the pause after a failure."""
        with self._lock:
            self._seconds = min(max(SHORTEST, self._seconds * 2), LONGEST)
            self._until = time.monotonic() + self._seconds

    def end(self) -> None:
        """Ends the pauses: the server answers."""
        self._seconds = 0.0


COOLDOWNS: WeakValueDictionary[str, Cooldown] = WeakValueDictionary()
"""By address: all stores of this process on one server share its cooldown."""


class RedisServer:
    """A server, and a prefix of the keys of one store.

    Args:
        server: A URL such as `redis://localhost:6379/0`, or a client object.
        prefix: Prefix of all keys.
    """

    def __init__(self, server: str | RedisClient = DEFAULT_SERVER, prefix: str = "ai_utilities") -> None:
        require_type("Redis store", "prefix", prefix, str, "a prefix of keys")
        if not prefix.isprintable():
            raise ConfigurationError(f"Redis store(prefix=...) takes printable characters only, not {prefix!r}.")
        self.prefix = prefix
        self.client: RedisClient = connect(server) if isinstance(server, str) else server
        self._ours = isinstance(server, str)
        self._address = server if isinstance(server, str) else ""
        self._hurried: dict[float, RedisClient] = {}
        self._policy_checked: float | None = None
        self._cooldown = COOLDOWNS.setdefault(server, Cooldown()) if isinstance(server, str) else Cooldown()

    @contextmanager
    def connected_client(self) -> Iterator[RedisClient]:
        """The client; its errors become errors of stores.

        Raises:
            StoreTimeoutError: If the server does not answer in time.
            StoreFullError: If the server has reached its `maxmemory`.
            StoreDamagedError: If a value is not text.
            StoreError: If the server cannot be reached, or refuses a command.
        """
        redis = load_redis()
        self._cooldown.check()
        client, wait = self._client_for(seconds_left(SECONDS))
        try:
            yield client
            self._cooldown.end()
        except redis.TimeoutError as error:
            if client is self.client:
                self._cooldown.begin()
            raise StoreTimeoutError(f"the Redis server did not answer in {wait:g} s: {error}") from error
        except redis.ResponseError as error:
            raise refused_error(error) from error
        except (redis.RedisError, OSError) as error:
            raise StoreError(f"the Redis server could not be used: {type(error).__name__}: {error}") from error
        except UnicodeDecodeError as error:
            raise StoreDamagedError(f"a value on the Redis server is damaged: {error.reason}") from error

    def _client_for(self, seconds: float) -> tuple[RedisClient, float]:
        """A client that waits no longer than this, and its limit. A client object keeps its own limit."""
        if not self._ours or seconds >= SECONDS:
            return self.client, SECONDS
        wait = next((SECONDS * part for part in STEPS if SECONDS * part <= seconds), 0.0)
        if not wait:
            raise StoreTimeoutError("the call has no time left to wait for the Redis server; allow it a longer timeout")
        if wait == SECONDS:
            return self.client, wait
        if wait not in self._hurried:
            self._hurried[wait] = connect(self._address, wait)
        return self._hurried[wait], wait

    def check_eviction(self, contents: str, *, expiring: bool) -> None:
        """Refuses a server that may evict keys.

        Args:
            contents: What the keys contain, for the error.
            expiring: Whether the keys expire; those are evicted under the `volatile-` policies, too.

        Raises:
            StoreEvictsError: If the server has a memory limit and a policy that evicts such keys.
        """
        now = time.monotonic()
        if self._policy_checked is not None and now < self._policy_checked + POLICY_SECONDS:
            return
        policy = self._eviction_policy()
        if policy.startswith("allkeys-") or (expiring and policy.startswith("volatile-")):
            raise StoreEvictsError(
                f"the Redis server has maxmemory set and maxmemory-policy {policy}: it may evict {contents} "
                "silently. Set maxmemory-policy to noeviction, or keep them on another server."
            )
        self._policy_checked = now

    def _eviction_policy(self) -> str:
        """The eviction policy; empty if nothing is evicted, or if the server does not tell."""
        redis = load_redis()
        with self.connected_client() as client:
            try:
                memory = client.info("memory")
                most, policy = int(memory.get("maxmemory", 0)), str(memory.get("maxmemory_policy", ""))
            except redis.ResponseError:
                try:
                    memory = client.config_get("maxmemory*")
                    most, policy = int(memory.get("maxmemory", 0)), str(memory.get("maxmemory-policy", ""))
                except redis.ResponseError:
                    log.warning("the Redis server does not tell its eviction policy; set maxmemory-policy noeviction")
                    return ""
        return policy if most else ""

    def key_name(self, *parts: str) -> str:
        """The full name of a key."""
        return ":".join((self.prefix, *parts))

    def scan_keys(self, beginning: str) -> Iterator[list[str | bytes]]:
        """The keys that begin with a text, some hundred at a time."""
        escaped = "".join(f"\\{letter}" if letter in "*?[]\\^-" else letter for letter in beginning)
        cursor = 0
        while True:
            cursor, keys = self.client.scan(cursor, match=f"{escaped}*", count=500)
            if keys:
                yield keys
            if not cursor:
                return

    def close(self) -> None:
        """Closes the connections, except those of a client object that was passed in."""
        if self._ours:
            for client in (self.client, *self._hurried.values()):
                client.close()


def refused_error(error: Exception) -> StoreError:
    """The typed error for a command that the server refused."""
    text = SCRIPT.sub("", COMMAND.sub("", str(error))).strip()
    if text.startswith("WRONGTYPE"):
        return StoreDamagedError(f"a value on the Redis server is damaged: {text}")
    if "used memory > 'maxmemory'" in text:
        return StoreFullError(
            "the Redis server is full: it has reached its maxmemory, so it stores nothing new. Raise maxmemory, "
            "or remove keys that are no longer needed."
        )
    return StoreError(f"the Redis server refused the command: {text}")


def connect(address: str, seconds: float = SECONDS) -> RedisClient:
    """A client of the server at this address.

    Args:
        address: A URL such as `redis://localhost:6379/0`.
        seconds: How long it waits for a connection and for an answer.

    Raises:
        ConfigurationError: If the address is invalid, or the redis package is missing.
    """
    redis = load_redis()
    try:
        client: RedisClient = redis.Redis.from_url(
            address,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            decode_responses=True,
            # An idle connection that the server closed is replaced once; a server that hangs is not waited for twice.
            retry=redis.retry.Retry(redis.backoff.NoBackoff(), 1, (redis.ConnectionError,)),
        )
    except ValueError as error:
        raise ConfigurationError(f"this is not the address of a Redis server: {error}") from error
    return client


def load_redis() -> ModuleType:
    """The optional redis package.

    Raises:
        ConfigurationError: If it is not installed.
    """
    try:
        import redis
    except ImportError as error:
        raise ConfigurationError(
            "Redis stores need the redis package: pip install 'dhenara[redis]', or choose the memory or sqlite store"
        ) from error
    return redis


def read_text(value: object) -> str | None:
    """A text of the server; None if there is none, or if it is damaged. Client objects may return bytes."""
    if not isinstance(value, bytes):
        return None if value is None else str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
