"""Ways: how the calls of one client travel, by operation and colour, over connections that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any

from ..config.environment import environment
from ..dataclass import dataclass, replace
from ..flow.journey import Journey
from ..flow.layer import AnyLayer
from ..flow.lessons import EVERYBODYS, Lessons
from ..providers.target import Target, resolve
from ..runtime.blocking import BlockingIO, run
from ..runtime.tls_settings import DEFAULT_TLS, TlsSettings, configured_tls
from ..types.endpoint import AIModelEndpoint
from ..wire.io import IO, Transport

if TYPE_CHECKING:
    from ..flow.trace import Observer

BUILTIN = "builtin"
RELIEVED = ("chat", "image")
"""What any other model can do as well; the numbers of one embedding model, for one, mean nothing to another."""


@dataclass(slots=True)
class Ways:
    """To one endpoint; `others` answer in its place where that helps."""

    endpoint: AIModelEndpoint
    layers: Sequence[AnyLayer] = ()
    attempt_layers: Sequence[AnyLayer] = ()
    observer: Observer | None = None
    transport: Any = None
    """An object that carries requests, the name of one of `runtime.transports`, or None for the built-in one."""

    tls: TlsSettings = DEFAULT_TLS
    lessons: Lessons = EVERYBODYS
    others: Sequence[Ways] = ()
    _io: dict[bool, IO] = field(default_factory=dict, init=False)
    _journeys: dict[tuple[str, bool], Journey] = field(default_factory=dict, init=False)

    def to(self, endpoint: AIModelEndpoint, others: Sequence[Ways] = ()) -> Ways:
        """The same to another endpoint, over connections of its own."""
        return replace(self, endpoint=endpoint, others=others)

    def journey(self, operation: str, *, is_async: bool) -> Journey:
        """The way of one operation in one colour; all ways of one colour share its connections."""
        journey = self._journeys.get((operation, is_async))
        if journey is None:
            others = self.others if operation in RELIEVED else ()
            made = self._made(operation, is_async, [other.journey(operation, is_async=is_async) for other in others])
            journey = self._journeys.setdefault((operation, is_async), made)
        return journey

    def close(self) -> None:
        """Closes the connections of the blocking world."""
        if False in self._io:
            run(self._io[False].close())
        for other in self.others:
            other.close()

    async def aclose(self) -> None:
        """Closes the connections of the running event loop, and those of the blocking world."""
        if True in self._io:
            await self._io[True].close()
        for other in self.others:
            await other.aclose()
        self.close()

    def _made(self, operation: str, is_async: bool, others: Sequence[Journey]) -> Journey:
        target = resolve(self.endpoint, environment(), operation)
        io = self._world(target, is_async)
        filing = partial(self._filing, is_async)
        return Journey(io, target, self.layers, self.observer, self.attempt_layers, self.lessons, others, filing)

    def _filing(self, is_async: bool) -> Journey:
        """To the provider's files, in the middle of a call whose layers have been passed already."""
        target = resolve(self.endpoint, environment(), "files")
        return Journey(self._world(target, is_async), target, observer=self.observer, lessons=self.lessons)

    def _world(self, target: Target, is_async: bool) -> IO:
        """Two threads may both come first: what one of them made is then used by both, and nothing is left open."""
        if is_async not in self._io:
            transport = self._transport(target, is_async)
            if is_async:
                from ..runtime.aio import AsyncIO

                self._io.setdefault(True, AsyncIO(transport))
            else:
                self._io.setdefault(False, BlockingIO(transport))
        return self._io[is_async]

    def _transport(self, target: Target, is_async: bool) -> Transport | None:
        """The user's transport, the embedded model's, or None for sockets."""
        if target.provider.embedded and (self.transport is None or isinstance(self.transport, str)):
            from ..runtime.embedded.transport import EmbeddedTransport, at_once, in_a_thread

            return EmbeddedTransport(in_a_thread if is_async else at_once, self.endpoint.api.config)
        tls = configured_tls(self.endpoint.api.config, self.tls)
        if self.transport in (None, BUILTIN) and tls.is_default:
            return None
        from ..runtime.transports import choose_transport

        return choose_transport(self.transport, tls, is_async=is_async)
