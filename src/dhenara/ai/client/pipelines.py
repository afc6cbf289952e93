"""Ways: how the calls of one client travel, by operation and colour, over connections that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any

from ..config.environment import environment
from ..dataclass import dataclass, replace
from ..pipeline.learned_store import EVERYBODYS, LearnedConstraints
from ..pipeline.middleware import AnyLayer
from ..pipeline.pipeline import Pipeline
from ..providers.target import ResolvedTarget, resolve
from ..runtime.sync_io import BlockingIO, run
from ..runtime.tls_settings import DEFAULT_TLS, TlsSettings, configured_tls, may_show_certificate, shown_certificate
from ..types.endpoint import AIModelEndpoint
from ..wire.io_protocol import IO, Transport

if TYPE_CHECKING:
    from ..pipeline.tracing import Observer

BUILTIN = "builtin"
RELIEVED = ("chat", "image")
"""What any other model can do as well; the numbers of one embedding model, for one, mean nothing to another."""


@dataclass(slots=True)
class PipelineFactory:
    """To one endpoint; `others` answer in its place where that helps."""

    endpoint: AIModelEndpoint
    layers: Sequence[AnyLayer] = ()
    attempt_layers: Sequence[AnyLayer] = ()
    observer: Observer | None = None
    transport: Any = None
    """An object that carries requests, the name of one of `runtime.transports`, or None for the built-in one."""

    tls: TlsSettings = DEFAULT_TLS
    lessons: LearnedConstraints = EVERYBODYS
    others: Sequence[PipelineFactory] = ()
    _io: dict[bool, IO] = field(default_factory=dict, init=False)
    _pipelines: dict[tuple[str, bool], Pipeline] = field(default_factory=dict, init=False)

    def for_endpoint(self, endpoint: AIModelEndpoint, others: Sequence[PipelineFactory] = ()) -> PipelineFactory:
        """The same to another endpoint, over connections of its own."""
        return replace(self, endpoint=endpoint, others=others)

    def pipeline(self, operation: str, *, is_async: bool) -> Pipeline:
        """The way of one operation in one colour; all ways of one colour share its connections."""
        pipeline = self._pipelines.get((operation, is_async))
        if pipeline is None:
            others = self.others if operation in RELIEVED else ()
            made = self._build(operation, is_async, [other.pipeline(operation, is_async=is_async) for other in others])
            pipeline = self._pipelines.setdefault((operation, is_async), made)
        return pipeline

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

    def _build(self, operation: str, is_async: bool, others: Sequence[Pipeline]) -> Pipeline:
        target = self._target(operation)
        io = self._make_io(target, is_async)
        filing = partial(self._files_pipeline, is_async)
        return Pipeline(io, target, self.layers, self.observer, self.attempt_layers, self.lessons, others, filing)

    def _files_pipeline(self, is_async: bool) -> Pipeline:
        """To the provider's files, in the middle of a call whose layers have been passed already."""
        target = self._target("files")
        return Pipeline(self._make_io(target, is_async), target, observer=self.observer, lessons=self.lessons)

    def _target(self, operation: str) -> ResolvedTarget:
        """The target, and what its connections add to a request: a client certificate, or the file of a model."""
        target = resolve(self.endpoint, environment(), operation)
        if target.provider.embedded:
            from ..runtime.embedded.weights import file_identity

            return replace(target, model_file=partial(file_identity, target.origin.model))
        tls = configured_tls(self.endpoint.api.config, self.tls)
        return replace(target, certificate=partial(shown_certificate, tls)) if may_show_certificate(tls) else target

    def _make_io(self, target: ResolvedTarget, is_async: bool) -> IO:
        """Two threads may both come first: what one of them made is then used by both, and nothing is left open."""
        if is_async not in self._io:
            transport = self._transport(target, is_async)
            if is_async:
                from ..runtime.async_io import AsyncIO

                self._io.setdefault(True, AsyncIO(transport))
            else:
                self._io.setdefault(False, BlockingIO(transport))
        return self._io[is_async]

    def _transport(self, target: ResolvedTarget, is_async: bool) -> Transport | None:
        """The user's transport, the embedded model's, or None for sockets."""
        if target.provider.embedded and (self.transport is None or isinstance(self.transport, str)):
            from ..runtime.embedded.transport import EmbeddedTransport, run_blocking, run_in_thread

            return EmbeddedTransport(run_in_thread if is_async else run_blocking, self.endpoint.api.config)
        tls = configured_tls(self.endpoint.api.config, self.tls)
        if self.transport in (None, BUILTIN) and tls.is_default:
            return None
        from ..runtime.transports import choose_transport

        return choose_transport(self.transport, tls, is_async=is_async)
