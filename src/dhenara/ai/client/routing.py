"""Clients with a route: how they are made, where their calls would go, and the forms in which routes are written."""

from __future__ import annotations

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


def with_keys(given: Any) -> Any:
    """Return a route with the values of the environment variables that `api_key_env` names."""
    if isinstance(given, Mapping):
        read = {key: with_keys(value) for key, value in given.items()}
        if "api_key_env" in read:
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


LITELLM_STRATEGIES = {
    "simple-shuffle": "weighted",
    "least-busy": "least_in_flight",
    "latency-based-routing": "latency",
    "cost-based-routing": "cheapest",
    "usage-based-routing": "headroom",
    "usage-based-routing-v2": "headroom",
}
LITELLM_PARAMETERS = {"api_base": "base_url", "aws_region_name": "region", "vertex_project": "project_id",
                      "vertex_location": "location", "api_version": "api_version", "api_key": "api_key"}  # fmt: skip
LITELLM_LIMITS = frozenset({"rpm", "tpm", "max_parallel_requests", "timeout", "stream_timeout", "max_retries"})
"""Parameters that are settings of layers and calls here, and are not read."""


def routes_from_litellm(
    model_list: Sequence[Mapping[str, Any]],
    *,
    routing_strategy: str = "simple-shuffle",
    fallbacks: Sequence[Mapping[str, Sequence[str]]] = (),
) -> dict[str, ModelRoute]:
    """Read the arguments of LiteLLM's `Router`.

    Args:
        model_list: Its list of deployments, with `model_name` and `litellm_params`.
        routing_strategy: Its strategy.
        fallbacks: Its fallbacks, such as `[{"gpt": ["claude"]}]`.

    Returns:
        A route for each `model_name`.

    Raises:
        ConfigurationError: If an entry cannot be read.
    """
    if routing_strategy not in LITELLM_STRATEGIES:
        known = ", ".join(LITELLM_STRATEGIES)
        raise ConfigurationError(f"routing_strategy {routing_strategy!r:.60} is none of LiteLLM's: {known}")
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in model_list:
        if not {"model_name", "litellm_params"} <= entry.keys():
            raise ConfigurationError("an entry of model_list needs 'model_name' and 'litellm_params'")
        groups.setdefault(str(entry["model_name"]), []).append(read_litellm_parameters(entry["litellm_params"]))
    following = {name: [*others] for entry in fallbacks for name, others in entry.items()}
    if missing := {other for others in following.values() for other in others} - groups.keys():
        raise ConfigurationError(f"fallbacks name {min(missing)!r}, which is not in model_list")
    strategy = LITELLM_STRATEGIES[routing_strategy]
    return {
        name: read_route(
            [{"deployments": groups[one], "strategy": strategy} for one in (name, *following.get(name, ()))], name
        )
        for name in groups
    }


def read_litellm_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of one deployment as this library names them."""
    deployment: dict[str, Any] = {"model": litellm_model(str(given["model"]))}
    for name, value in given.items():
        if name == "weight":
            deployment["weight"] = value
        elif isinstance(value, str) and value.startswith("os.environ/") and name == "api_key":
            deployment["api_key_env"] = value.removeprefix("os.environ/")
        elif name in LITELLM_PARAMETERS:
            deployment[LITELLM_PARAMETERS[name]] = read_litellm_value(value)
        elif name != "model" and name not in LITELLM_LIMITS:
            raise ConfigurationError(f"litellm_params: {name!r} has no equal here. Leave it out, or write the route")
    return deployment


def read_litellm_value(value: Any) -> Any:
    """Return a value; `os.environ/NAME` is that of a variable."""
    if isinstance(value, str) and value.startswith("os.environ/"):
        return read_variable(value.removeprefix("os.environ/"))
    return value


LITELLM_PROVIDERS = {"gemini": "google_ai", "vertex_ai": "google_vertex_ai", "bedrock": "amazon_bedrock",
                     "azure": "microsoft_openai", "azure_ai": "microsoft_azure_ai", "together_ai": "together",
                     "fireworks_ai": "fireworks", "hosted_vllm": "vllm", "ollama_chat": "ollama"}  # fmt: skip


def litellm_model(name: str) -> str:
    """Return the name of a model with the provider as this library names it."""
    provider, slash, model = name.partition("/")
    return f"{LITELLM_PROVIDERS.get(provider, provider)}/{model}" if slash else name
