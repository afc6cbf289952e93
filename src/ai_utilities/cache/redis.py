"""A cache on a Redis or Valkey server, shared by machines. The server's memory limit bounds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from ..storage.redis import DEFAULT_SERVER, RedisClient, RedisServer
from ..storage.store_calls import StoreDamagedError
from .backend import DEFAULT_TTL, TextBackend

LONGEST = 100 * 365 * 86400.0
"""Seconds from which on a value is stored without an expiry."""

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisCache(TextBackend):
    """A cache on a Redis or Valkey server, shared by machines. The memory limit of the server bounds it.

    Args:
        server: A URL such as `redis://localhost:6379/0`, or a client object.
        default_ttl: Seconds after which an entry expires, 3600 by default; None keeps it until it is evicted.
        prefix: Prefix of all keys.
    """

    def __init__(
        self,
        server: str | RedisClient = DEFAULT_SERVER,
        default_ttl: float | None = DEFAULT_TTL,
        *,
        prefix: str = "ai_utilities:cache",
    ) -> None:
        super().__init__(default_ttl)
        self._server = RedisServer(server, prefix)

    def get_text(self, key: str) -> str | None:
        return self.get_texts([key]).get(key)

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        lifetime = self.effective_ttl(ttl)
        milliseconds = in_milliseconds(lifetime)
        with self._server.connected_client() as client:
            client.set(self._server.key_name("value", key), text, px=milliseconds)

    def get_texts(self, keys: Sequence[str]) -> dict[str, str]:
        if not keys:
            return {}
        with suppress(StoreDamagedError), self._server.connected_client() as client:
            values: list[str | bytes | None] = client.mget([self._server.key_name("value", key) for key in keys])
            texts = zip(keys, map(read_text, values), strict=True)
            return {key: text for key, text in texts if text is not None}
        return {}

    def set_texts(self, texts: Mapping[str, str], ttl: float | None = None) -> None:
        lifetime = self.effective_ttl(ttl)
        milliseconds = in_milliseconds(lifetime)
        with self._server.connected_client() as client:
            pipe = client.pipeline(transaction=False)
            for key, text in texts.items():
                pipe.set(self._server.key_name("value", key), text, px=milliseconds)
            pipe.execute()

    def delete(self, key: str) -> None:
        with self._server.connected_client() as client:
            client.delete(self._server.key_name("value", key))

    def clear(self) -> None:
        self._delete_prefix(self._server.key_name("value", ""))

    def clear_namespace(self, namespace: str) -> None:
        self._delete_prefix(self._server.key_name("value", namespace, ""))

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        before = self._server.key_name("value", "")
        lookup = before if namespace is None else f"{before}{namespace}:"
        with self._server.connected_client():
            keys = [key for page in self._server.scan_keys(lookup) for key in page]
        return (name.removeprefix(before) for name in map(read_text, keys) if name is not None)

    def size(self) -> tuple[int | None, int | None]:
        entries = size = 0
        with self._server.connected_client() as client:
            for keys in self._server.scan_keys(self._server.key_name("value", "")):
                pipe = client.pipeline(transaction=False)
                for key in keys:
                    pipe.strlen(key)
                entries += len(keys)
                size += sum(pipe.execute())
        return entries, size

    def claim(self, key: str, holder: str, seconds: float) -> bool:
        with self._server.connected_client() as client:
            return bool(client.set(self._server.key_name("claim", key), holder, nx=True, px=in_milliseconds(seconds)))

    def release(self, key: str, holder: str) -> None:
        with self._server.connected_client() as client:
            client.eval(RELEASE, 1, self._server.key_name("claim", key), holder)

    def close(self) -> None:
        self._server.close()

    def _delete_prefix(self, beginning: str) -> None:
        with self._server.connected_client() as client:
            for keys in self._server.scan_keys(beginning):
                client.unlink(*keys)


def in_milliseconds(seconds: float | None) -> int | None:
    """A time in the unit of the server; None if it never ends."""
    return None if seconds is None or seconds >= LONGEST else max(1, int(seconds * 1000))


def read_text(value: object) -> str | None:
    """A text of the server; None if there is none, or if it is damaged. Client objects may return bytes."""
    if not isinstance(value, bytes):
        return None if value is None else str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
