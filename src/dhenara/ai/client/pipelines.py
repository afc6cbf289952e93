"""Endpoint, route and fallbacks from the arguments of a client, and its pipelines, one per operation and mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Unpack

from .. import types
from ..catalog.capabilities import check_kind_for
from ..config import environment
from ..errors import ConfigurationError, UnsupportedError
from ..http.protocol.message import Transport
from ..http.tls_settings import DEFAULT_TLS, TlsSettings, configured_tls, may_show_certificate, shown_certificate
from ..http.transport_selection import check_transport, choose_transport
from ..io.protocol import IO
from ..io.sync_io import BlockingIO, run
from ..pipeline.learned_store import SHARED_CONSTRAINTS, LearnedConstraints
from ..pipeline.middleware import AnyLayer, with_process_layers
from ..pipeline.pipeline import Pipeline
from ..providers.credentials import hashed
from ..providers.model_names import read_model_name
from ..providers.target import ResolvedTarget, resolve
from ..types.config.api import AIModelEndpoint
from ..types.config.call import AIModelCallConfig
from ..types.config.call_policies import (
    ACCEPTED,
    ApiOptions,
    NamedApiOptions,
    check_option_names,
    describe_type,
    require_model,
)
from ..types.config.model import AIModel
from ..types.config.name_hints import CLIENT_HINTS
from ..types.config.other_names import ALTERNATIVE_NAMES, CALL_ARGUMENTS, ENGINE_WORDS, find_hint
from .call_factory import check_sequence

if TYPE_CHECKING:
    from types import ModuleType

    from ..pipeline.routing.board import HealthStore
    from ..pipeline.routing.router import ClientBoard
    from ..pipeline.tracing import Observer
    from ..types.config.routes import ModelRoute

BUILTIN = "builtin"
STORED = ("batches", "files")
"""Operations on what a provider stores: they use the first deployment. All others follow the route of a client."""


@dataclass(slots=True, eq=False)
class PipelineFactory:
    """Creates pipelines to one endpoint; `others` are the factories of the further deployments of the `board`."""

    endpoint: AIModelEndpoint
    layers: Sequence[AnyLayer] = ()
    attempt_layers: Sequence[AnyLayer] = ()
    observer: Observer | None = None
    transport: Any = None
    """Transport object, name of a transport in `http.transport_selection`, or None for the built-in one."""

    tls: TlsSettings = DEFAULT_TLS
    lessons: LearnedConstraints = SHARED_CONSTRAINTS
    others: Sequence[PipelineFactory] = ()
    board: ClientBoard | None = None
    """Route and health of the deployments, of which the first is this endpoint; None without a route."""

    candidate: PipelineFactory | None = None
    """The factory of the candidate of shadow traffic; None without any."""

    _io: dict[bool, IO] = field(default_factory=dict, init=False)
    _pipelines: dict[tuple[str, bool], Pipeline] = field(default_factory=dict, init=False)

    def along(self, route: ModelRoute, store: HealthStore | None = None) -> PipelineFactory:
        """Return the factory of a route whose first deployment is this endpoint; each opens its own connections."""
        from ..pipeline.routing.router import make_board

        others = [replace(self, endpoint=one.endpoint) for one in route.deployments[1:]]
        shadow = None if route.shadow is None else replace(self, endpoint=route.shadow.deployment.endpoint)
        return replace(self, others=others, board=make_board(route, store), candidate=shadow)

    @property
    def health(self) -> HealthStore | None:
        """Where processes share the health of the deployments."""
        return None if self.board is None else self.board.store

    def starting_at(self, endpoint: AIModelEndpoint) -> AIModelEndpoint | ModelRoute:
        """Return the endpoint, or the route with it in place of its first group."""
        return endpoint if self.board is None else self.board.route.starting_at(endpoint)

    def pipeline(self, operation: str, *, is_async: bool) -> Pipeline:
        """Return the pipeline of an operation; all sync pipelines share connections, and so do all async ones."""
        pipeline = self._pipelines.get((operation, is_async))
        if pipeline is None:
            if self.board is None or operation in STORED:
                made = self._build(operation, is_async)
            else:
                made = self._build_routed(self.board, operation, is_async)
            pipeline = self._pipelines.setdefault((operation, is_async), made)
        return pipeline

    def close(self) -> None:
        """Close the connections of sync calls, and end the shadow traffic."""
        if self.board is not None and self.board.shadows is not None:
            run(self.board.shadows.end_all(is_async=False))
        if False in self._io:
            run(self._io[False].close())
        for other in self._further():
            other.close()

    async def aclose(self) -> None:
        """Close the connections of sync calls and of the running event loop, and end the shadow traffic."""
        if self.board is not None and self.board.shadows is not None:
            await self.board.shadows.end_all(is_async=True)
        if True in self._io:
            await self._io[True].close()
        for other in self._further():
            await other.aclose()
        self.close()

    def _further(self) -> list[PipelineFactory]:
        """Return the factories of the other deployments, and of the candidate."""
        return [*self.others, *([] if self.candidate is None else [self.candidate])]

    def _build(self, operation: str, is_async: bool) -> Pipeline:
        target = self._target(operation)
        io = self._make_io(target, is_async)
        filing = partial(self._files_pipeline, is_async)
        layers = with_process_layers(self.layers)
        return Pipeline(io, target, layers, self.observer, self.attempt_layers, self.lessons, filing)

    def _build_routed(self, board: ClientBoard, operation: str, is_async: bool) -> Pipeline:
        """Return the pipeline of the first deployment that offers the operation; its calls follow the route."""
        from ..pipeline.routing.router import Router

        pipelines, not_offered = dict[int, Pipeline](), dict[int, UnsupportedError]()
        for number, one in enumerate((self, *self.others)):
            try:
                check_kind_for(one.endpoint, operation)
                made = one.pipeline(operation, is_async=is_async) if number else self._build(operation, is_async)
            except UnsupportedError as error:
                not_offered[number] = error
            else:
                pipelines[number] = made
                board.standings[number].key = deployment_key(made.target)
        if not pipelines or (0 in not_offered and operation == "count_tokens"):
            raise not_offered[0]
        shadow, (first, *_) = self.candidate, pipelines.values()
        first.router = Router(
            first.io,
            board,
            pipelines,
            self.observer,
            candidate=None if shadow is None else partial(shadow.pipeline, operation, is_async=is_async),
            not_offered={number: str(error) for number, error in not_offered.items()},
        )
        return first

    def _files_pipeline(self, is_async: bool) -> Pipeline:
        """Return a pipeline to the provider's files API without layers, because the call already passed them."""
        target = self._target("files")
        return Pipeline(self._make_io(target, is_async), target, observer=self.observer, lessons=self.lessons)

    def _target(self, operation: str) -> ResolvedTarget:
        """Return the target with what its connections add to a request: client certificate or model file."""
        target = resolve(self.endpoint, environment(), operation)
        if target.provider.embedded:
            return replace(target, model_file=partial(embedded_module().file_identity, target.origin.model))
        tls = configured_tls(self.endpoint.api.config, self.tls)
        return replace(target, certificate=partial(shown_certificate, tls)) if may_show_certificate(tls) else target

    def _make_io(self, target: ResolvedTarget, is_async: bool) -> IO:
        """Return the IO object, created once; `setdefault` gives racing threads the same one."""
        if is_async not in self._io:
            transport = self._transport(target, is_async)
            if is_async:
                from ..io.async_io import AsyncIO

                self._io.setdefault(True, AsyncIO(transport))
            else:
                self._io.setdefault(False, BlockingIO(transport))
        return self._io[is_async]

    def _transport(self, target: ResolvedTarget, is_async: bool) -> Transport | None:
        """Return the configured transport, the one of an embedded model, or None for built-in sockets."""
        if target.provider.embedded and (self.transport is None or isinstance(self.transport, str)):
            embedded = embedded_module()
            work = embedded.run_in_thread if is_async else embedded.run_blocking
            made: Transport = embedded.EmbeddedTransport(work, self.endpoint.api.config)
            return made
        tls = configured_tls(self.endpoint.api.config, self.tls)
        if self.transport in (None, BUILTIN) and tls.is_default:
            return None
        return choose_transport(self.transport, tls, is_async=is_async)


def embedded_module() -> ModuleType:
    """Return the module of the model in this process, which other endpoints do not need."""
    from ..embedded import transport

    return transport


def deployment_key(target: ResolvedTarget) -> str:
    """Return the name of a deployment in shared stores: provider, model, and a hash of address and key."""
    account = hashed([target.base_url, target.configured_account()])[:24]
    return f"{target.origin.provider}:{target.origin.model}:{account}"


def make_endpoint(given: Any, api_key: Any, **options: Unpack[NamedApiOptions]) -> AIModelEndpoint:
    """Return the endpoint of a client: the given one, or that of a named model with these options.

    Raises:
        ConfigurationError: If the argument names no endpoint, or an option does not exist or does not apply.
    """
    check_options(options)
    if isinstance(given, str | AIModel):
        return AIModelEndpoint.of(given, api_key, **options)
    if not isinstance(given, AIModelEndpoint):
        hint = "; for several models write AIModelClient.routed([...])" if isinstance(given, list | tuple) else ""
        raise ConfigurationError(f"model_endpoint must be {ACCEPTED}, not {describe_type(given)}{hint}")
    unused = [name for name, value in (("api_key", api_key), *options.items()) if value is not None]
    if unused:
        raise ConfigurationError(f"{unused[0]} belongs in the AIModelAPI of the endpoint that was passed")
    return given


def make_route(
    given: Any, fallbacks: Any, api_key: Any, **options: Unpack[NamedApiOptions]
) -> tuple[AIModelEndpoint, ModelRoute | None]:
    """Return the first endpoint of a client, and its route if there are several deployments or one was passed.

    Raises:
        ConfigurationError: If an argument names no endpoint, or an option does not exist or does not apply.
    """
    is_plain = isinstance(given, str | AIModel | AIModelEndpoint)
    if is_plain or not isinstance(given, types.ModelRoute):
        endpoint, route = make_endpoint(given, api_key, **options), None
    else:
        unused = next((name for name, value in (("api_key", api_key), *options.items()) if value is not None), None)
        if unused in ("api_key", *ApiOptions.__annotations__):
            raise ConfigurationError(f"{unused} belongs in the deployments of the route, next to 'model'")
        endpoint, route = make_endpoint(given.deployments[0].endpoint, api_key, **options), given
    others = [types.RouteGroup.of(other) for other in make_fallbacks(fallbacks, endpoint)]
    if route is not None:
        return endpoint, types.ModelRoute.of({**dict(route), "groups": [*route.groups, *others]}) if others else route
    return endpoint, types.ModelRoute.of([types.RouteGroup.of(endpoint), *others], FALLBACKS) if others else None


FALLBACKS = "fallbacks"
"""Name of the route that the argument `fallbacks` is the short form of."""

CLIENT_ARGUMENTS = (
    *("api_key", "config", "is_async", "layers", "attempt_layers"),
    *("observer", "transport", "verify", "cert", "lessons", "fallbacks", "routes", "health"),
)
"""Arguments of `AIModelClient` beside the options of its API, for suggestions."""

KIT_SETTINGS = (
    *("cache", "cache_enabled", "cache_backend", "cache_path", "usage_store", "usage_path", "usage_tracker"),
    *("rpm", "tpm", "rate_limit", "rate_limiter", "limits", "max_budget"),
    *("budget", "budget_usd", "requests_per_minute", "tokens_per_minute", "max_concurrency", "limit_store"),
)
"""Arguments of the kit's clients that somebody might pass here."""

MODEL_NAMES = ("model", "model_name", "model_id")


def check_options(options: Mapping[str, Any]) -> None:
    known = {**ApiOptions.__annotations__, **dict.fromkeys(("provider", *CLIENT_ARGUMENTS))}
    settings = AIModelCallConfig.model_fields
    for name in options.keys() - known.keys():
        own = ALTERNATIVE_NAMES.get(name, name)
        if own in settings:
            raise ConfigurationError(
                f"{name!r} is a setting of calls. Pass config=AIModelCallConfig({own}=...) to the client, or {own}=... "
                "to generate"
            )
        if own in CALL_ARGUMENTS:
            raise ConfigurationError(f"{name!r} is an argument of calls: write generate(prompt, {own}=...)")
        if name in MODEL_NAMES:
            raise ConfigurationError(
                f"AIModelClient has no argument {name!r}: the model is the first one, "
                "as in AIModelClient('openai/gpt-5.4-mini')"
            )
        if (hint := find_hint(name, (), CLIENT_HINTS, ENGINE_WORDS)) is not None:
            raise ConfigurationError(f"AIModelClient has no argument {name!r}; {hint}")
        if name in KIT_SETTINGS:
            raise ConfigurationError(
                f"AIModelClient has no argument {name!r}: it is a setting of AiClient of ai_utilities. "
                "Here, caches, limits and budgets are layers: layers=[...]"
            )
    check_option_names(options, known, "AIModelClient")


def make_fallbacks(given: Any, main: AIModelEndpoint) -> list[AIModelEndpoint]:
    if isinstance(given, AIModelEndpoint | AIModel):
        given = [given]
    elif isinstance(given, str):
        given = [name for name in given.split(",") if name.strip()]
    return [make_fallback(one, main) for one in check_sequence(given, "fallbacks", "endpoints")]


def make_fallback(given: Any, main: AIModelEndpoint) -> AIModelEndpoint:
    """Return the endpoint of one fallback. A model without a provider is its maker's, else the main provider's."""
    if isinstance(given, AIModelEndpoint):
        return given
    try:
        name = read_model_name(given) if isinstance(given, str) else None
        if name is None or name.provider not in (None, str(main.api.provider)):
            return AIModelEndpoint.of(given)
        return AIModelEndpoint(api=main.api, ai_model=AIModel(model_name=require_model(name)))
    except ConfigurationError as error:
        raise ConfigurationError(f"fallbacks: {error}") from error


def checked_transport(given: Any, is_async: bool | None) -> Any:
    """Check that a named transport is installed; objects are checked at the first call, when sync or async is known."""
    if isinstance(given, str) and given != "builtin":
        check_transport(given, is_async)
    return given


def check_lessons(given: Any) -> LearnedConstraints:
    """Return the store of learned constraints: from a file path, the given object, or the one of this process."""
    if given is None:
        return SHARED_CONSTRAINTS
    if isinstance(given, LearnedConstraints):
        return given
    path = fspath(given) if isinstance(given, str | PathLike) else None
    if not isinstance(path, str):
        raise ConfigurationError(f"lessons must be a file path or LearnedConstraints, not {type(given).__name__}")
    return LearnedConstraints(path)
