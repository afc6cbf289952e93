"""A cache on a Redis or Valkey server, for all machines that reach it. The server's own memory limit bounds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..storage.redis import RedisServer
from .backend import TextBackend

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisCache(TextBackend):
    """`server` is an address such as `redis://localhost:6379/0`, or a client that you made yourself."""

    def __init__(
        self,
        server: Any = "redis://127.0.0.1:6379/0",
        default_ttl: float | None = None,
        *,
        prefix: str = "ai_utilities:cache",
    ) -> None:
        super().__init__(default_ttl)
        self._server = RedisServer(server, prefix)

    def get_text(self, key: str) -> str | None:
        with self._server.asked() as client:
            found = client.get(self._server.named("value", key))
        return None if found is None else read(found)

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        lifetime = self.lifetime(ttl)
        milliseconds = None if lifetime is None else max(1, int(lifetime * 1000))
        with self._server.asked() as client:
            client.set(self._server.named("value", key), text, px=milliseconds)

    def get_texts(self, keys: Sequence[str]) -> dict[str, str]:
        if not keys:
            return {}
        with self._server.asked() as client:
            values = client.mget([self._server.named("value", key) for key in keys])
        return {key: read(value) for key, value in zip(keys, values, strict=True) if value is not None}

    def set_texts(self, texts: Mapping[str, str], ttl: float | None = None) -> None:
        lifetime = self.lifetime(ttl)
        milliseconds = None if lifetime is None else max(1, int(lifetime * 1000))
        with self._server.asked() as client:
            pipe = client.pipeline(transaction=False)
            for key, text in texts.items():
                pipe.set(self._server.named("value", key), text, px=milliseconds)
            pipe.execute()

    def delete(self, key: str) -> None:
        with self._server.asked() as client:
            client.delete(self._server.named("value", key))

    def clear(self) -> None:
        self._forget(self._server.named("value", ""))

    def clear_namespace(self, namespace: str) -> None:
        self._forget(self._server.named("value", namespace, ""))

    def kept_keys(self, namespace: str | None = None) -> Iterator[str]:
        before = self._server.named("value", "")
        wanted = before if namespace is None else f"{before}{namespace}:"
        with self._server.asked():
            found = [key for page in self._server.matching(wanted) for key in page]
        return (read(key).removeprefix(before) for key in found)

    def size(self) -> tuple[int | None, int | None]:
        entries = size = 0
        with self._server.asked() as client:
            for keys in self._server.matching(self._server.named("value", "")):
                pipe = client.pipeline(transaction=False)
                for key in keys:
                    pipe.strlen(key)
                entries += len(keys)
                size += sum(pipe.execute())
        return entries, size

    def claim(self, key: str, holder: str, seconds: float) -> bool:
        with self._server.asked() as client:
            return bool(client.set(self._server.named("claim", key), holder, nx=True, px=int(seconds * 1000)))

    def release(self, key: str, holder: str) -> None:
        with self._server.asked() as client:
            client.eval(RELEASE, 1, self._server.named("claim", key), holder)

    def close(self) -> None:
        self._server.close()

    def _forget(self, beginning: str) -> None:
        with self._server.asked() as client:
            for keys in self._server.matching(beginning):
                client.unlink(*keys)


def read(told: Any) -> str:
    """A client of one's own may give bytes."""
    return told.decode() if isinstance(told, bytes) else str(told)
