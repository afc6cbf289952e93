"""A Redis or Valkey server with short time limits, and which data it had when this machine last used it."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from dhenara.ai.errors import ConfigurationError

from .errors import StoreDamagedError, StoreError, StoreEvictsError, StoreFullError, StoreTimeoutError
from .process import file_lock
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


STALE = 2.0
"""Seconds after which a process that was writing the file is taken for dead."""


class Generation(NamedTuple):
    """A state of the data of one store: a server with another epoch, or with fewer changes, has lost data.

    Attributes:
        epoch: The id of the data; None if no data are known.
        changes: How many changes were made to it.
    """

    epoch: str | None
    changes: int

    def to_text(self) -> str:
        return f"{self.epoch or ''}#{self.changes}"

    @classmethod
    def from_text(cls, text: str) -> Generation:
        """Reads `epoch#changes`; files of earlier versions have the epoch only."""
        epoch, separator, changes = text.rpartition("#")
        if not separator or not changes.isdecimal():
            return cls(text or None, 0)
        return cls(epoch or None, int(changes))


class Generations:
    """The latest generation of one store. Addresses may contain passwords and are stored as hashes only.

    Args:
        file: A JSON file with entries of any number of stores; None remembers within this process only.
        server: The address of the server, or a client.
        prefix: The prefix of the store's keys.
    """

    def __init__(self, file: str | Path | None, server: Any, prefix: str) -> None:
        self._file = None if file is None else Path(file).expanduser()
        address = server if isinstance(server, str) else ""
        self._name = hashlib.blake2b(f"{address}|{prefix}".encode(), digest_size=16).hexdigest()
        self._lock = threading.Lock()
        self._known = Generation.from_text(self._entries().get(self._name, ""))
        self._written = self._known
        self._failed = False

    @property
    def known(self) -> Generation:
        """What this process has seen last, or the file at its start."""
        with self._lock:
            return self._known

    def observe(self, seen: Generation) -> None:
        """Remembers a generation that the server has, unless a later one is known."""
        with self._lock:
            if seen.epoch == self._known.epoch and seen.changes < self._known.changes:
                return
            self._known = seen
        if self._file is not None:
            self._write(self._file)

    def reset(self, seen: Generation) -> None:
        """Remembers a generation although a later one was known: its loss has been reported."""
        with self._lock:
            self._known = seen
        if self._file is not None:
            self._write(self._file, lost=True)

    def _write(self, file: Path, *, lost: bool = False) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file_lock(file, stale=STALE):
                known = self.known
                if known == self._written:
                    return  # another thread has written it
                entries = self._entries()
                other = Generation.from_text(entries.get(self._name, ""))
                if lost or other.epoch != known.epoch or other.changes < known.changes:
                    replace_file(file, json.dumps({**entries, self._name: known.to_text()}))
                self._written = known
        except OSError as error:
            if not self._failed:
                log.warning("cannot write %s, so new processes will not notice a loss of data: %s", file, error)
            self._failed = True

    def _entries(self) -> dict[str, str]:
        if self._file is not None:
            with suppress(OSError, ValueError):
                match = json.loads(self._file.read_text(encoding="utf-8"))
                if isinstance(match, dict):
                    return {name: text for name, text in match.items() if isinstance(text, str)}
        return {}


def replace_file(file: Path, text: str) -> None:
    """Replaces the contents of a file that only its owner may read, at once or not at all."""
    new = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    with open(new, "w", opener=open_private, encoding="utf-8") as written:
        written.write(text)
    new.replace(file)


def open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
