"""Clients with a route: how they are made, and where their calls would go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from ..errors import ConfigurationError
from ..history.parsing import MessageLike
from ..io.sync_io import run
from ..pipeline.middleware import AnyLayer
from ..pipeline.pipeline import Pipeline
from ..types.chat.routing import RouteExplanation
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.routes import ModelRoute
from .pipelines import PipelineFactory
from .route_forms import read_route
from .validation import FALLBACKS

if TYPE_CHECKING:
    from os import PathLike

    from ..http.protocol.message import Transport
    from ..http.tls_settings import Cert, Verify
    from ..http.transport_selection import TransportName
    from ..pipeline.layers.learned_store import LearnedConstraints
    from ..pipeline.layers.tracing import Observer
    from ..pipeline.routing.board import HealthStore
    from ..types.config.call_options import CallOptions


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
