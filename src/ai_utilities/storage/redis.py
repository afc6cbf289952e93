"""A Redis or Valkey server with short time limits: what it stores is never worth a stuck call."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

from dhenara.ai.errors import ConfigurationError

from .errors import StoreDamagedError, StoreError, StoreEvictsError, StoreFullError, StoreTimeoutError
from .store_calls import seconds_left

log = logging.getLogger("ai_utilities.storage")
SECONDS = 2.0
"""How long to wait for the server before going on without it."""
STEPS = (1.0, 0.5, 0.25, 0.1, 0.05)
"""Shorter waits for calls whose deadline is near: parts of `SECONDS`."""
POLICY_SECONDS = 60.0
"""How long the answer about the server's eviction policy is believed."""
SHORTEST, LONGEST = 1.0, 30.0
"""Seconds in which a server that did not answer is left alone: twice as many each time, up to the longest."""


class Cooldown:
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
                raise StoreTimeoutError(f"the Redis server did not answer in time; it is asked again in {left:.1f} s")
            self._until = time.monotonic() + SECONDS

    def begin(self) -> None:
        with self._lock:
            self._seconds = min(max(SHORTEST, self._seconds * 2), LONGEST)
            self._until = time.monotonic() + self._seconds

    def end(self) -> None:
        self._seconds = 0.0


RESTS: WeakValueDictionary[str, Cooldown] = WeakValueDictionary()
"""By address: what one store has waited for in vain, the others of this process need not wait for, too."""


class RedisServer:
    """`server` is an address such as `redis://localhost:6379/0`, or a client that you made yourself."""

    def __init__(self, server: Any = "redis://127.0.0.1:6379/0", prefix: str = "ai_utilities") -> None:
        self.prefix = prefix
        self.client: Any = connect(server) if isinstance(server, str) else server
        self._ours = isinstance(server, str)
        self._address = server if isinstance(server, str) else ""
        self._hasty: dict[float, Any] = {}
        self._policy_checked: float | None = None
        self._rest = RESTS.setdefault(server, Cooldown()) if isinstance(server, str) else Cooldown()

    @contextmanager
    def connected_client(self) -> Iterator[Any]:
        """The client; what goes wrong with it is a StoreError."""
        redis = load_redis()
        self._rest.check()
        client, wait = self._client_for(seconds_left(SECONDS))
        try:
            yield client
            self._rest.end()
        except redis.TimeoutError as error:
            if client is self.client:
                self._rest.begin()
            raise StoreTimeoutError(f"the Redis server did not answer in {wait:g} s: {error}") from error
        except redis.ResponseError as error:
            raise refusal(error) from error
        except (redis.RedisError, OSError) as error:
            raise StoreError(f"the Redis server could not be used: {type(error).__name__}: {error}") from error
        except UnicodeDecodeError as error:
            raise StoreDamagedError(f"a value on the Redis server is damaged: {error.reason}") from error

    def _client_for(self, seconds: float) -> tuple[Any, float]:
        """A client that waits no longer than this; one that was passed in waits as it was made to."""
        if not self._ours or seconds >= SECONDS:
            return self.client, SECONDS
        wait = next((SECONDS * part for part in STEPS if SECONDS * part <= seconds), 0.0)
        if not wait:
            raise StoreTimeoutError("the call has no time left to ask the Redis server")
        if wait == SECONDS:
            return self.client, wait
        if wait not in self._hasty:
            self._hasty[wait] = connect(self._address, wait)
        return self._hasty[wait], wait

    def check_eviction(self, what: str, *, expiring: bool) -> None:
        """Refuses a server that may evict these keys; `expiring` keys go under the `volatile-` policies, too.

        Raises:
            StoreEvictsError: if the server has a memory limit and a policy that evicts such keys.
        """
        now = time.monotonic()
        if self._policy_checked is not None and now < self._policy_checked + POLICY_SECONDS:
            return
        policy = self._eviction_policy()
        if policy.startswith("allkeys-") or (expiring and policy.startswith("volatile-")):
            raise StoreEvictsError(
                f"the Redis server has maxmemory set and maxmemory-policy {policy}: it would evict {what} without a "
                "word. Set maxmemory-policy to noeviction, or keep them on another server."
            )
        self._policy_checked = now

    def _eviction_policy(self) -> str:
        """Empty where nothing is evicted, or where the server does not say."""
        redis = load_redis()
        with self.connected_client() as client:
            try:
                data = client.info("memory")
                most, policy = int(data.get("maxmemory", 0)), str(data.get("maxmemory_policy", ""))
            except redis.ResponseError:
                try:
                    data = client.config_get("maxmemory*")
                    most, policy = int(data.get("maxmemory", 0)), str(data.get("maxmemory-policy", ""))
                except redis.ResponseError:
                    log.warning("the Redis server does not say whether it evicts keys; set maxmemory-policy noeviction")
                    return ""
        return policy if most else ""

    def key_name(self, *parts: str) -> str:
        """The full name of a key."""
        return ":".join((self.prefix, *parts))

    def scan_keys(self, pattern_free: str) -> Iterator[list[Any]]:
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
            for client in (self.client, *self._hasty.values()):
                client.close()


COMMAND = re.compile(r"^Command # \d+ \(.*\) of pipeline caused error: ", re.DOTALL)
SCRIPT = re.compile(r"\s*script: \w+, on @user_script.*$|^Error running script .*?@user_script:\s*\d+: ", re.DOTALL)
"""What messages say of the command and the script, which nobody outside knows and which may quote contents."""


def refusal(error: Exception) -> StoreError:
    """The typed error for what the server refused."""
    text = SCRIPT.sub("", COMMAND.sub("", str(error))).strip()
    if "used memory > 'maxmemory'" in text:
        return StoreFullError(
            "the Redis server is full: it has reached its maxmemory, so it stores nothing new. Raise maxmemory, "
            "or remove keys that are no longer needed."
        )
    return StoreError(f"the Redis server refused the command: {text}")


def connect(address: str, seconds: float | None = None) -> Any:
    redis = load_redis()
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        return redis.Redis.from_url(
            address,
            socket_timeout=SECONDS if seconds is None else seconds,
            socket_connect_timeout=SECONDS if seconds is None else seconds,
            decode_responses=True,
            # A connection that the server closed while it rested is replaced once; a server that hangs is not waited
            # for twice.
            retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
        )
    except ValueError as error:
        raise ConfigurationError(f"this is not the address of a Redis server: {error}") from error


def load_redis() -> Any:
    try:
        import redis
    except ImportError as error:
        raise ConfigurationError(
            "Redis stores need the redis package: pip install 'dhenara[redis]', or choose the memory or sqlite store"
        ) from error
    return redis
