"""Transport to the embedded model that answers like an HTTP server."""

from __future__ import annotations

import queue
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

from ..config import environment
from ..errors import ConfigurationError
from ..http.protocol.message import AttemptTimeouts, Head, HttpRequest, ReadTimeout
from ..wire import json
from .engine import (
    DONE,
    KINDS,
    STREAM,
    GenerationThread,
    Message,
    ModelSetup,
    acquire_engine,
    encode_chunk,
    head_for,
    release,
)
from .weights import file_identity as file_identity, load_weights

P = ParamSpec("P")
T = TypeVar("T")


class ThreadRunner(Protocol):
    """Runs a blocking function, in sync or async code."""

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...


async def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the function directly."""
    return function(*args, **kwargs)


async def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the function in a thread; a cancelled task does not wait for it."""
    import anyio.to_thread  # takes long to import, and serves models in this process only

    return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), abandon_on_cancel=True)


class EmbeddedTransport:
    """Transport that loads models on demand and holds them until closed."""

    def __init__(self, call: ThreadRunner, config: Mapping[str, Any]) -> None:
        self._call = call
        self._config = config
        self._held: set[ModelSetup] = set()
        self._holder = object()
        weakref.finalize(self, release_engines, self._held, self._holder)

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> GeneratedResponse:
        path = urlsplit(request.url).path
        kind = KINDS.get(path)
        if kind is None:
            raise ConfigurationError(f"the embedded model does not support {path}; supported: {', '.join(KINDS)}")
        body = json.loads(request.content)
        setup = self._setup(str(body.get("model")), embedding=kind == "embed")
        engine = await self._call(acquire_engine, setup, self._holder)
        self._held.add(setup)
        response = GeneratedResponse(GenerationThread(engine, kind, body), kind, self._call)
        await response.begin(timeouts)
        return response

    async def close(self) -> None:
        await self._call(release_engines, self._held, self._holder)

    def _setup(self, model: str, *, embedding: bool) -> ModelSetup:
        path = load_weights(model, environment())
        context, slots, threads = (self._number(name) for name in ("context", "slots", "threads"))
        return ModelSetup(path, context or 4096, slots or 2, embedding, threads)

    def _number(self, name: str) -> int | None:
        """Return an integer from the config; None if missing."""
        given = self._config.get(name)
        if given is None:
            return None
        try:
            number = int(given)
        except (TypeError, ValueError):
            number = 0
        if number < 1:
            raise ConfigurationError(f"local: {name} must be an integer of at least 1, not {given!r}")
        return number


def release_engines(held: set[ModelSetup], holder: object) -> None:
    while held:
        release(held.pop(), holder)


class GeneratedResponse:
    """A response with the generated chunks as bytes."""

    def __init__(self, work: GenerationThread, kind: str, call: ThreadRunner) -> None:
        self._work = work
        self._kind = kind
        self._call = call
        self._first: Message | None = None
        self._timeouts: AttemptTimeouts | None = None
        self._over = False
        self.head = Head(200)

    async def begin(self, timeouts: AttemptTimeouts) -> None:
        """Wait for the first chunk, because an error status is only known then."""
        self._timeouts = timeouts
        try:
            self._first = await self._next()
        except BaseException:
            self.abandon()
            raise
        self.head = head_for(self._first, self._kind)

    async def read(self) -> bytes:
        if self._over:
            return b""
        text, self._first = self._first or await self._next(), None
        if text is not None:
            return encode_chunk(text, self.head)
        self._over = True
        return DONE if self.head.headers["content-type"] == STREAM else b""

    async def close(self) -> None:
        self.abandon()

    def abandon(self) -> None:
        self._over = True
        self._work.cancel()

    async def _next(self) -> Message | None:
        allowed = self._timeouts.read() if self._timeouts else None
        try:
            return await self._call(self._work.next_chunk, allowed)
        except queue.Empty as error:
            raise ReadTimeout("the embedded model did not respond in time") from error
