"""Clients with a route: how they are made, where their calls would go, and where routes are read from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from .. import types
from ..config import read_routes_file, read_variable
from ..errors import ConfigurationError
from ..history.parsing import MessageLike
from ..io.sync_io import run
from ..pipeline.middleware import AnyLayer
from ..pipeline.pipeline import Pipeline
from ..providers.provider_names import did_you_mean
from ..types.config.call import AIModelCallConfig, Call
from .pipelines import FALLBACKS, PipelineFactory

if TYPE_CHECKING:
    from ..http.protocol.message import Transport
    from ..http.tls_settings import Cert, Verify
    from ..http.transport_selection import TransportName
    from ..pipeline.learned_store import LearnedConstraints
    from ..pipeline.routing.board import HealthStore
    from ..pipeline.tracing import Observer
    from ..types.config.call_options import CallOptions
    from ..types.config.route_reports import RouteExplanation
    from ..types.config.routes import ModelRoute


ANY_PROMPT = "Hello"
"""Prompt of explanations that are for no special call."""


class ClientOptions(TypedDict, total=False):
    """Arguments of `AIModelClient` for clients with a route."""

    config: AIModelCallConfig | None
    """Default settings of all calls."""

    is_async: bool | None
    """True allows only async methods, False only sync methods, None (default) both."""

    layers: Sequence[AnyLayer]
    """Middleware around each call."""

    attempt_layers: Sequence[AnyLayer]
    """Middleware around each attempt."""

    observer: Observer | None
    """Function that is called with each event of a call."""

    transport: TransportName | Transport | Any
    """What sends the requests."""

    verify: Verify
    """Certificates to trust."""

    cert: Cert | None
    """Client certificate."""

    lessons: LearnedConstraints | str | PathLike[str] | None
    """Where parameters that a provider rejected are remembered."""

    health: HealthStore | None
    """Where processes share which deployments rest. Default None: this client alone."""


class RoutingMixin:
    """Routing methods of `AIModelClient`."""

    if TYPE_CHECKING:
        _pipelines: PipelineFactory

        def _sync_pipeline(self) -> Pipeline: ...

        def _call(
            self,
            prompt: MessageLike | None,
            context: Sequence[MessageLike] | None,
            instructions: str | Sequence[str] | None,
            messages: Sequence[MessageLike] | None,
            config: AIModelCallConfig | None,
            *,
            open_end: bool = False,
            **options: Unpack[CallOptions],
        ) -> Call: ...

    @classmethod
    def routed(
        cls, route: ModelRoute | Mapping[str, Any] | Sequence[Any] | str, **options: Unpack[ClientOptions]
    ) -> Self:
        """Return a client whose calls go to the best of several deployments.

        Args:
            route: A `ModelRoute`; or its groups in order of preference: each a model such as `"openai/gpt-5.4-mini"`,
                a list of deployments, or a dict with `deployments` and `strategy`; or a dict with the fields of
                `ModelRoute`. A deployment is a model, an endpoint, or a dict with `model`, `api_key` (or `api_key_env`,
                the name of an environment variable), `weight`, `name` and the options of `AIModelEndpoint.of`.
            **options: Other arguments of `AIModelClient`.

        Returns:
            The client.

        Raises:
            ConfigurationError: If the route or an option is invalid.
        """
        return cls(read_route(route), **options)  # type: ignore[misc,call-arg]  # the constructor of AIModelClient

    @property
    def route(self) -> ModelRoute | None:
        """The route of this client; None without deployments beside its endpoint."""
        board = self._pipelines.board
        return None if board is None else board.route

    def explain_route(
        self,
        prompt: MessageLike | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: str | Sequence[str] | None = None,
        messages: Sequence[MessageLike] | None = None,
        *,
        config: AIModelCallConfig | None = None,
        **options: Unpack[CallOptions],
    ) -> RouteExplanation:
        """Say where a call would go now, and why the others are passed over. Nothing is sent.

        Arguments as for `generate`; without any, a short prompt is meant.

        Args:
            prompt: The new user message.
            context: Earlier messages, sent before the prompt.
            instructions: System instructions.
            messages: The whole conversation, instead of `prompt` and `context`.
            config: Replaces the client's config for this call.
            **options: See `CallOptions`.

        Returns:
            For each deployment its state and the reason.

        Raises:
            ConfigurationError: If the client has no route, or `generate` would raise it for the same call.
        """
        given = ANY_PROMPT if prompt is None and context is None and messages is None else prompt
        call = self._call(given, context, instructions, messages, config, **options)
        router = self._sync_pipeline().router
        if router is None:
            raise ConfigurationError(
                "this client has one endpoint only. Make it with AIModelClient.routed([...]) or pass fallbacks=[...]"
            )
        return run(router.explain_call(call))


def shown_route(pipelines: PipelineFactory) -> Iterator[tuple[str, Any]]:
    """Return what the `repr` of a client shows of its route: its name, or the fallbacks."""
    board = pipelines.board
    if board is not None and board.route.name != FALLBACKS:
        yield "route", board.route.name
    others = [other.endpoint for other in pipelines.others]
    yield "fallbacks", [f"{other.api.provider}/{other.ai_model.model_name}" for other in others]


def read_route(given: object, name: str | None = None) -> ModelRoute:
    """Return a route in any form that `AIModelClient.routed` takes.

    Args:
        given: The route.
        name: Name of the route, if it has none.

    Raises:
        ConfigurationError: If it is invalid, or a variable that it names is not set.
    """
    return types.ModelRoute.of(with_keys(given), name)


NAMED = "route:"


def named_route(given: Any, routes: object) -> Any:
    """Return the route that the first argument of a client names, as in `route:smart`; others are returned unchanged.

    Args:
        given: The argument.
        routes: Routes by name, or a TOML file of them; None for the file that AI_ROUTES_FILE names.

    Raises:
        ConfigurationError: If there is no such route, or the argument names none.
    """
    if not isinstance(given, str) or not given.startswith(NAMED):
        if routes is not None:
            raise ConfigurationError("routes are chosen by name, as in AIModelClient('route:smart', routes=...)")
        return given
    name = given.removeprefix(NAMED).strip()
    source = routes or os.environ.get("AI_ROUTES_FILE")
    if source is None:
        raise ConfigurationError(
            f"there is no route {name!r:.60}. Pass routes={{...}}, or set AI_ROUTES_FILE to a file"
        )
    if isinstance(source, str | PathLike):
        source = read_routes_file(source)
    if not isinstance(source, Mapping):
        raise ConfigurationError(
            f"routes must be routes by name or a file, not {type(source).__name__}. Write "
            "routes={'smart': ['openai/gpt-5.4-mini']}, or AIModelClient.routed([...]) for a single route"
        )
    if name not in source:
        known = f"{did_you_mean(name, map(str, source))} The routes are: {', '.join(map(str, source))}"
        raise ConfigurationError(f"there is no route {name!r:.60}.{known}")
    return read_named_route(name, source[name])


TWO_KEYS = "a deployment has 'api_key' and 'api_key_env'. Write one of them"


def with_keys(given: Any) -> Any:
    """Return a route with the values of the environment variables that `api_key_env` names."""
    if isinstance(given, Mapping):
        read = {key: with_keys(value) for key, value in given.items()}
        if "api_key_env" in read:
            if read.get("api_key") is not None:
                raise ConfigurationError(TWO_KEYS)
            read["api_key"] = read_variable(read.pop("api_key_env"))
        return read
    return [with_keys(one) for one in given] if isinstance(given, list | tuple) else given


def load_routes(path: str | PathLike[str]) -> dict[str, ModelRoute]:
    """Read the routes of a TOML file: one table for each, with the fields of `ModelRoute`.

    Args:
        path: The file.

    Returns:
        The routes by name.

    Raises:
        ConfigurationError: If the file cannot be read, or a route in it is invalid.
    """
    return {name: read_named_route(name, given) for name, given in read_routes_file(path).items()}


def read_named_route(name: str, given: object) -> ModelRoute:
    """Return a route; errors begin with its name."""
    try:
        return read_route(given, name)
    except ConfigurationError as error:
        raise ConfigurationError(f"route {name!r}: {error}") from error
