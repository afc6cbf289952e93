"""What a cache must be able to do. Bring your own by writing `get` and `set`; the rest is for comfort."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, ClassVar, Self

from pydantic_core import from_json, to_json

from .stats import CacheCounters, CacheStats


class CacheBackend(ABC):
    """Keys may begin with a namespace and a colon. Values are JSON; what comes out is never what somebody else holds.

    `ttl` is in seconds; None keeps a value until it is crowded out. Methods block; `waits = False` promises that they
    never do, and spares a thread in async programs.
    """

    blocking: ClassVar[bool] = True

    @abstractmethod
    def get(self, key: str) -> Any | None:
        """The value, or None where there is none or its time is over."""

    @abstractmethod
    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keeps the value."""

    def delete(self, key: str) -> None:
        """Forgets one value."""
        raise NotImplementedError(f"{type(self).__name__} cannot delete single values")

    def clear(self) -> None:
        """Forgets everything."""
        raise NotImplementedError(f"{type(self).__name__} cannot be cleared")

    def clear_namespace(self, namespace: str) -> None:
        """Forgets every key that begins with this namespace."""
        raise NotImplementedError(f"{type(self).__name__} has no namespaces")

    def purge(self) -> int:
        """Removes what is past its time, and says how many there were. Backends do so by themselves now and then."""
        return 0

    def size(self) -> tuple[int | None, int | None]:
        """How many entries there are, and how many bytes their values have, where that is known."""
        return None, None

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        """The keys of what is kept and still good; those of one namespace, where it is named."""
        raise NotImplementedError(f"{type(self).__name__} cannot say what is in it")

    def claim(self, key: str, holder: str, seconds: float) -> bool:
        """Whether the holder is the one who makes this value now. A cache that is not shared says yes to everybody."""
        return True

    def release(self, key: str, holder: str) -> None:  # noqa: B027  # what is not shared has nothing to release
        """The holder has made it, or gave up."""

    def get_text(self, key: str) -> str | None:
        """The value as JSON text, not counted: what layers use, so that no value is read twice."""
        value = self.get(key)
        return None if value is None else dumps(value)

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        self.set(key, from_json(text), ttl)

    def get_texts(self, keys: Sequence[str]) -> dict[str, str]:
        """Those of them that are there. Worth writing where each question is a journey."""
        match = ((key, self.get_text(key)) for key in keys)
        return {key: text for key, text in match if text is not None}

    def set_texts(self, texts: Mapping[str, str], ttl: float | None = None) -> None:
        for key, text in texts.items():
            self.set_text(key, text, ttl)

    def stats(self) -> CacheStats:
        return self.counters.stats(*self.size())

    @cached_property
    def counters(self) -> CacheCounters:
        return CacheCounters()

    def close(self) -> None:  # noqa: B027  # most caches of one's own hold nothing open
        """Lets go of files and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TextBackend(CacheBackend):
    """A cache that keeps JSON text; subclasses say where."""

    def __init__(self, default_ttl: float | None = None) -> None:
        self.default_ttl = default_ttl

    @abstractmethod
    def get_text(self, key: str) -> str | None: ...

    @abstractmethod
    def set_text(self, key: str, text: str, ttl: float | None = None) -> None: ...

    def get(self, key: str) -> Any | None:
        text = self.get_text(key)
        self.counters.record_lookup(match=text is not None)
        return None if text is None else from_json(text)

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        self.set_text(key, dumps(value), ttl)

    def effective_ttl(self, ttl: float | None) -> float | None:
        """How long a value lives: as said with it, else as said for the whole cache."""
        return self.default_ttl if ttl is None else ttl


def dumps(value: Any) -> str:
    return to_json(value).decode()


def namespace_of(key: str) -> str:
    """What stands before the first colon; empty where there is none."""
    before, colon, _ = key.partition(":")
    return before if colon else ""
