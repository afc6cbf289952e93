"""Requests to the embedded model, answered as an HTTP server would answer them, without one."""

from __future__ import annotations

import queue
import weakref
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

from ...config.environment import environment
from ...errors import ConfigurationError
from ...wire import json
from ...wire.http import Head, HttpRequest
from ...wire.io import Patience, Silence
from .engine import Setup, acquire, release
from .weights import load_weights
from .work import DONE, KINDS, STREAM, Said, Work, head_for, written

P = ParamSpec("P")
T = TypeVar("T")


class Caller(Protocol):
    """How a world waits for a function that blocks."""

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...


async def at_once(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The blocking world just waits."""
    return function(*args, **kwargs)


async def in_a_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """An event loop goes on meanwhile; whoever is cancelled does not wait for the model's next word."""
    from functools import partial

    import anyio.to_thread

    return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), abandon_on_cancel=True)


class EmbeddedTransport:
    """Holds every model that was asked for, until it is closed."""

    def __init__(self, call: Caller, config: Mapping[str, Any]) -> None:
        self._call = call
        self._config = config
        self._held: set[Setup] = set()
        self._holder = object()
        weakref.finalize(self, let_go, self._held, self._holder)

    async def open(self, request: HttpRequest, patience: Patience) -> SpokenResponse:
        path = urlsplit(request.url).path
        kind = KINDS.get(path)
        if kind is None:
            raise ConfigurationError(f"the embedded model does not do {path}; it does {', '.join(KINDS)}")
        body = json.loads(request.content)
        setup = self._setup(str(body.get("model")), embedding=kind == "embed")
        engine = await self._call(acquire, setup, self._holder)
        self._held.add(setup)
        response = SpokenResponse(Work(engine, kind, body), kind, self._call)
        await response.begin(patience)
        return response

    async def close(self) -> None:
        await self._call(let_go, self._held, self._holder)

    def _setup(self, model: str, *, embedding: bool) -> Setup:
        path = load_weights(model, environment())
        context, slots, threads = (self._number(name) for name in ("context", "slots", "threads"))
        return Setup(path, context or 4096, slots or 2, embedding, threads)

    def _number(self, name: str) -> int | None:
        """An entry of the config; None where there is none."""
        given = self._config.get(name)
        if given is None:
            return None
        try:
            number = int(given)
        except (TypeError, ValueError):
            number = 0
        if number < 1:
            raise ConfigurationError(f"local: {name} should be a whole number of at least 1, not {given!r}")
        return number


def let_go(held: set[Setup], holder: object) -> None:
    while held:
        release(held.pop(), holder)


class SpokenResponse:
    """Bytes made of what the model says, as it says them."""

    def __init__(self, work: Work, kind: str, call: Caller) -> None:
        self._work = work
        self._kind = kind
        self._call = call
        self._first: Said | None = None
        self._patience: Patience | None = None
        self._over = False
        self.head = Head(200)

    async def begin(self, patience: Patience) -> None:
        """Waits for the first word, since the model refuses with it."""
        self._patience = patience
        try:
            self._first = await self._next()
        except BaseException:
            self.abandon()
            raise
        self.head = head_for(self._first, self._kind)

    async def read(self) -> bytes:
        if self._over:
            return b""
        said, self._first = self._first or await self._next(), None
        if said is not None:
            return written(said, self.head)
        self._over = True
        return DONE if self.head.headers["content-type"] == STREAM else b""

    async def close(self) -> None:
        self.abandon()

    def abandon(self) -> None:
        self._over = True
        self._work.leave()

    async def _next(self) -> Said | None:
        allowed = self._patience.read() if self._patience else None
        try:
            return await self._call(self._work.hear, allowed)
        except queue.Empty as error:
            raise Silence("the embedded model said nothing in time") from error
