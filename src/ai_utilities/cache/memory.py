"""The cache in memory, answers that were read from a cache, and the wrapper with which calls go on if a cache fails."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from dhenara.ai.integration import ANSWER, CHOICE, COST, PLAIN_TEXT, REPORTED, ModelTemplate
from dhenara.ai.types import Call, CallWarning, ChatResponse, ChatResponseChoice, TextContent

from ..storage.store_io import StoreError, StoreIO, call_seconds_left, within
from .backend import DEFAULT_TTL, CacheBackend, TextBackend, namespace_of

if TYPE_CHECKING:
    from ..exceptions import Json


T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Entry = tuple[str, float | None, int]
"""The text, when it expires, and its size in bytes."""

PURGE_EVERY = 256
"""Writes between two removals of expired entries."""


class MemoryCache(TextBackend):
    """A cache in memory, shared by the threads and event loops of one process.

    Args:
        max_entries: Maximum number of entries; beyond it, the least recently used are removed.
        default_ttl: Seconds after which an entry expires, 3600 by default; None keeps it until it is evicted.
        max_bytes: Maximum size of all values; None is no limit.
        clock: The time in seconds, from any start.
    """

    blocking: ClassVar[bool] = False

    def __init__(
        self,
        max_entries: int = 1000,
        default_ttl: float | None = DEFAULT_TTL,
        *,
        max_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(default_ttl)
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._bytes = 0
        self._writes = 0
        self._lock = threading.Lock()

    def get_text(self, key: str) -> str | None:
        with self._lock:
            text, until, _ = self._entries.get(key, (None, 0.0, 0))
            if text is not None and (until is None or until > self._clock()):
                self._entries.move_to_end(key)
                return text
            self._drop(key)
        return None

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        lifetime, size = self.effective_ttl(ttl), len(text.encode("utf-8", "surrogatepass"))
        with self._lock:
            self._drop(key)
            self._entries[key] = (text, None if lifetime is None else self._clock() + lifetime, size)
            self._bytes += size
            self._writes += 1
            if self._writes % PURGE_EVERY == 0:
                self._purge()
            while self._entries and self._is_full():
                self._drop(next(iter(self._entries)))

    def delete(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def clear_namespace(self, namespace: str) -> None:
        with self._lock:
            for key in [key for key in self._entries if namespace_of(key) == namespace]:
                self._drop(key)

    def purge(self) -> int:
        with self._lock:
            return self._purge()

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        with self._lock:
            now = self._clock()
            good = [key for key, (_, until, _) in self._entries.items() if until is None or until > now]
        return (key for key in reversed(good) if namespace in (None, namespace_of(key)))

    def size(self) -> tuple[int | None, int | None]:
        with self._lock:
            return len(self._entries), self._bytes

    def _is_full(self) -> bool:
        return len(self._entries) > self.max_entries or (self.max_bytes is not None and self._bytes > self.max_bytes)

    def _purge(self) -> int:
        now = self._clock()
        expired = [key for key, (_, until, _) in self._entries.items() if until is not None and until <= now]
        for key in expired:
            self._drop(key)
        return len(expired)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry[2]


class NullCache(CacheBackend):
    """A cache that stores nothing, for code that requires a cache."""

    blocking: ClassVar[bool] = False

    def get(self, key: str) -> Json | None:
        return None

    def set(self, key: str, value: Json, ttl: float | None = None) -> None:
        pass

    def delete(self, key: str) -> None:
        pass

    def clear(self) -> None:
        pass

    def clear_namespace(self, namespace: str) -> None:
        pass

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        return iter(())

    def size(self) -> tuple[int | None, int | None]:
        return 0, 0


REMEMBERED, LONGEST_REMEMBERED = 256, 16_384
"""Most texts of answers that are remembered, and the length from which on one is read each time that it is needed."""


class ReadAnswers:
    """Reads stored answers. One that is read several times is copied then, which takes a third of the time.

    A copy is made of the text and nothing else, so it can be neither outdated nor of another key.

    Args:
        read: Reads an answer; None if the text is none.
    """

    def __init__(self, read: Callable[[str], ChatResponse | None]) -> None:
        self._read = read
        self._known: dict[str, ModelCopier[ChatResponse] | None] = {}
        """The last texts that were read; None for one that was read once, as most are."""

        self._lock = threading.Lock()

    def read(self, text: str) -> ChatResponse | None:
        """The answer of a text; None if the text is none. No two of them share anything that can change."""
        copier = self._known.get(text) if len(text) < LONGEST_REMEMBERED else None
        if copier is not None:
            return copier.copy()
        answer = self._read(text)
        if answer is None or len(text) >= LONGEST_REMEMBERED:
            return answer
        with self._lock:
            if text in self._known and can_be_copied(answer):
                copier = self._known[text] = answer_copier(answer)
            else:
                self._known[text] = None
                if len(self._known) > REMEMBERED:
                    del self._known[next(iter(self._known))]
        return answer if copier is None else copier.copy()


def can_be_copied(answer: ChatResponse) -> bool:
    """Whether all content is text without citations."""
    parts = [part for choice in answer.choices for part in choice.contents]
    return all(type(part) is TextContent and not part.citations for part in parts)


TABLES = frozenset({list, dict})


class ModelCopier(Generic[M]):
    """Makes copies of an object that nobody else has. They share what cannot change: texts, numbers, frozen objects.

    Args:
        template: Makes objects of its class.
        made: The object.
        parts: What makes the values of fields that have other objects; lists and dicts of JSON are copied anyway.
    """

    def __init__(self, template: ModelTemplate[M], made: M, **parts: Callable[[], object]) -> None:
        self._build, self._fields, self._given = template.build, {**vars(made)}, {*made.model_fields_set}
        tables = {name: copier_of(value) for name, value in self._fields.items() if type(value) in TABLES}
        self._parts = [*{**tables, **parts}.items()]

    def copy(self) -> M:
        """A new copy."""
        fields = {**self._fields}
        for name, copy in self._parts:
            fields[name] = copy()
        return self._build((fields, None, {*self._given}))


def answer_copier(answer: ChatResponse) -> ModelCopier[ChatResponse]:
    """What makes copies of an answer of text."""
    usage, cost = ModelCopier(REPORTED, answer.usage).copy, ModelCopier(COST, answer.cost).copy
    choices = [choice_copier(one).copy for one in answer.choices]
    return ModelCopier(ANSWER, answer, choices=lambda: [copy() for copy in choices], usage=usage, cost=cost)


def choice_copier(choice: ChatResponseChoice) -> ModelCopier[ChatResponseChoice]:
    parts = [ModelCopier(PLAIN_TEXT, part).copy for part in choice.contents if isinstance(part, TextContent)]
    return ModelCopier(CHOICE, choice, contents=lambda: [copy() for copy in parts])


def copier_of(value: Json) -> Callable[[], Json]:
    """What makes copies of a list or dict of JSON."""
    inside = value.values() if type(value) is dict else value
    copy: Callable[[], Json] = value.copy if TABLES.isdisjoint(map(type, inside)) else partial(copy_json, value)
    return copy


def copy_json(value: Json) -> Json:
    if type(value) is dict:
        return {name: copy_json(one) for name, one in value.items()}
    return [copy_json(one) for one in value] if type(value) is list else value


log = logging.getLogger("ai_utilities.cache")
SKIP_SECONDS, LONGEST_SKIP = 1.0, 30.0
"""Seconds for which a failed cache is skipped: doubled each time that it fails again, up to the longest."""

TIMEOUT = 0.6
"""Seconds for which one operation may wait for a lock or a server."""

SHARE = 0.1
"""Maximum part of the call's remaining time that one cache operation may take."""


class FailsafeBackend:
    """Calls one backend. Its failures never fail a call: it is skipped with a warning, and tried again later.

    Args:
        backend: The backend.
        skip_seconds: Seconds for which it is skipped after the first failure.
    """

    def __init__(self, backend: CacheBackend, skip_seconds: float = SKIP_SECONDS) -> None:
        self._backend = backend
        self._blocking: bool = getattr(backend, "blocking", True)
        self._skip_seconds = skip_seconds
        self._until = 0.0
        self._failures = 0
        self._reason = ""
        self._lock = threading.Lock()

    async def call(self, io: StoreIO, call: Call, otherwise: T, function: Callable[..., T], *args: object) -> T:
        """Calls a method of the backend, in a thread if it blocks.

        Args:
            io: The IO of the call.
            call: The call, which gets a warning if the backend fails.
            otherwise: The result if the backend fails.
            function: The method.
            *args: Its arguments.

        Returns:
            The result of the method, or `otherwise`.
        """
        if self._failures and self._is_skipped():
            result, failed = otherwise, True
        elif self._blocking:
            seconds = allowance(call_seconds_left(io, call))
            result, failed = await io.call(self._attempt, otherwise, seconds, function, *args)
        else:
            result, failed = self._attempt(otherwise, None, function, *args)
        if failed:
            warn(call, self._reason)
        return result

    def call_sync(self, otherwise: T, function: Callable[..., T], *args: object) -> T:
        """Like `call`, for work that no call waits for, such as storing an answer."""
        return otherwise if self._is_skipped() else self._attempt(otherwise, TIMEOUT, function, *args)[0]

    def _is_skipped(self) -> bool:
        return bool(self._failures) and time.monotonic() < self._until

    def _attempt(
        self, otherwise: T, seconds: float | None, function: Callable[..., T], *args: object
    ) -> tuple[T, bool]:
        """The result, and whether the backend failed."""
        try:
            result = (within(seconds, function) if self._blocking else function)(*args)
        except Exception as error:  # noqa: BLE001  # users' backends may raise anything, and no answer is lost for it
            self._failed(error)
            return otherwise, True
        if self._failures:
            self._recovered()
        return result, False

    def _failed(self, error: Exception) -> None:
        self._backend.counters.record_failure()
        kind = type(self._backend).__name__
        with self._lock:
            longer = min(self._skip_seconds * 2 ** min(self._failures, 10), LONGEST_SKIP)
            self._until = time.monotonic() + max(self._skip_seconds, longer)
            self._failures += 1
            first = self._failures == 1
            # Exceptions of backends may quote secrets.
            text = f"{type(error).__name__}: {error}" if isinstance(error, StoreError) else type(error).__name__
            self._reason = f"the cache ({kind}) was not used: {text}"
        if first:
            log.warning("the cache %s fails and calls go on without it: %s: %s", kind, type(error).__name__, error)

    def _recovered(self) -> None:
        with self._lock:
            self._failures = 0
        log.warning("the cache %s works again", type(self._backend).__name__)


def allowance(left: float | None) -> float:
    """The seconds that an operation may take for a call that has so many left."""
    return TIMEOUT if left is None else max(0.0, min(TIMEOUT, left * SHARE))


def warn(call: Call, reason: str) -> None:
    """Adds one warning to the call. The request does not depend on the cache, so strict calls continue."""
    if all(note.code != "cache_unavailable" for note in call.journal.notes):
        call.journal.notes += (CallWarning(code="cache_unavailable", message=reason),)
