"""Routes: groups of deployments in order of preference, what a route decides on, and the reasons of a choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from ...errors import ConfigurationError
from ..display import markdown_table
from ..model_base import FrozenModel
from .api import AccessModel, AIModelEndpoint, check_field_names
from .call_policies import describe_type
from .model import AIModel

DeploymentState = Literal["available", "resting", "probing", "unfit", "failed"]
"""Can take the call; rests after a failure; is being tried by one call after its rest; cannot do what the call needs;
failed earlier in this call."""


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What a call needs of a deployment.

    Attributes:
        operation: Kind of request, such as `"chat"`.
        input_tokens: Input tokens, estimated from the length of the text.
        max_output_tokens: Maximum tokens of the answer; None if the call sets none.
        media: Media in the messages: `"image"`, `"audio"`, `"video"`, `"pdf"`.
        tools: Whether functions may be called.
        structured_output: Whether the answer has a schema.
        reasoning: Whether the call turns reasoning on.
    """

    operation: str = "chat"
    input_tokens: int = 0
    max_output_tokens: int | None = None
    media: frozenset[str] = frozenset()
    tools: bool = False
    structured_output: bool = False
    reasoning: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A deployment that can take the call, as a strategy sees it.

    Attributes:
        deployment: The deployment.
        in_flight: Calls of this process that run there now.
        first_token_seconds: Moving average of the time to the first token; None before the first answer.
        headroom: Share of the provider's rate limit that is left, 0 to 1; None if the provider reports none.
        cost: US dollars that this call costs there, estimated; None if no price is known.
    """

    deployment: Deployment
    in_flight: int = 0
    first_token_seconds: float | None = None
    headroom: float | None = None
    cost: float | None = None


NAMES_OF_FIELDS = "the names of fields and options must be texts"


class DeploymentReport(FrozenModel):
    """Why a deployment was chosen for a call or passed over.

    Attributes:
        name: Name of the deployment.
        provider: Its provider.
        model: Its model.
        group: Number of its group, from 0.
        state: `"available"`, `"resting"`, `"probing"`, `"unfit"` or `"failed"`.
        chosen: Whether the call goes there.
        reason: Why, in plain words.
        rests_for: Seconds until it is tried again; None if it does not rest.
        failures: Failures in a row.
        in_flight: Calls of this process that run there now.
        first_token_seconds: Moving average of the time to the first token; None before the first answer.
        headroom: Share of the provider's rate limit that is left, 0 to 1; None if the provider reports none.
    """

    name: str
    provider: str
    model: str
    group: int = 0
    state: DeploymentState
    chosen: bool = False
    reason: str
    rests_for: float | None = None
    failures: int = 0
    in_flight: int = 0
    first_token_seconds: float | None = None
    headroom: float | None = None


class RouteExplanation(FrozenModel):
    """Where a call would go now, and why.

    Attributes:
        route: Name of the route.
        chosen: Name of the deployment; None if none can take the call now.
        wait: Seconds until the first resting deployment is tried again; None if the call need not wait or cannot.
        deployments: Every deployment of the route, in order.
    """

    route: str
    chosen: str | None = None
    wait: float | None = None
    deployments: list[DeploymentReport] = Field(default_factory=list)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "route", self.route
        yield "chosen", self.chosen
        if self.wait is not None:
            yield "wait", round(self.wait, 3)

    def __str__(self) -> str:
        marks = {True: "->", False: "  "}
        lines = [f"{marks[one.chosen]} {one.name} ({one.state}): {one.reason}" for one in self.deployments]
        return "\n".join([f"route {self.route!r}", *lines])

    def _repr_markdown_(self) -> str:
        rows = [(one.name, one.group, one.state, "yes" if one.chosen else "", one.reason) for one in self.deployments]
        return markdown_table(("deployment", "group", "state", "chosen", "why"), rows)


StrategyName = Literal["weighted", "round_robin", "least_in_flight", "latency", "cheapest", "headroom"]
ChooseDeployment = Callable[[Sequence[Candidate], RouteRequest], Candidate | str]
"""A strategy of the user: takes the deployments that can take the call, and returns one of them or its name."""

STRATEGIES: tuple[str, ...] = get_args(StrategyName)


class Deployment(AccessModel):
    """One place where a call can go: a model at a provider, with a key and a region.

    Attributes:
        endpoint: The model and the API it is called through.
        name: Name in explanations, logs and ledgers. Default: `provider/model`.
        weight: Share of the calls in its group, for the strategies `weighted` and `least_in_flight`. Default 1. With 0
            it is used only if no other deployment of the group can take the call.
    """

    endpoint: AIModelEndpoint
    name: str = ""
    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False)

    @field_validator("endpoint", mode="before")
    @classmethod
    def _with_names(cls, given: Any) -> Any:
        return check_field_names(given, "endpoint must be an AIModelEndpoint, or a mapping of its fields")

    @classmethod
    def of(cls, given: object) -> Self:
        """Read a deployment.

        Args:
            given: A deployment, an endpoint, the name of a model such as `"openai/gpt-5.4-mini"`, or a mapping with
                `model` and, as needed, `name`, `weight`, `api_key` and the options of `AIModelEndpoint.of`.

        Raises:
            ConfigurationError: If it is none of these, or an entry is unknown or invalid.
        """
        if isinstance(given, cls):
            return given
        if isinstance(given, AIModelEndpoint):
            return cls(endpoint=given)
        if isinstance(given, str | AIModel):
            return cls(endpoint=AIModelEndpoint.of(given))
        if not isinstance(given, Mapping):
            raise ConfigurationError(
                "a deployment is the name of a model such as 'openai/gpt-5.4-mini', an AIModelEndpoint, or a mapping "
                f"with 'model', not {describe_type(given)}"
            )
        options: dict[str, Any] = dict(check_field_names(given, NAMES_OF_FIELDS))
        own = {name: options.pop(name) for name in ("name", "weight") if name in options}
        if not isinstance(options.get("endpoint"), str | None):
            return cls(**own, **options)
        model = options.pop("model", None)
        if model is None:
            raise ConfigurationError(f"the deployment {own.get('name', '')!r} has no 'model', as in 'openai/gpt-5.4'")
        return cls(endpoint=AIModelEndpoint.of(model, options.pop("api_key", None), **options), **own)

    @model_validator(mode="after")
    def _with_name(self) -> Self:
        if not self.name:
            name = f"{self.endpoint.api.provider}/{self.endpoint.ai_model.model_name}"
            object.__setattr__(self, "name", name)
        return self

    @property
    def provider(self) -> str:
        """Name of the provider."""
        return str(self.endpoint.api.provider)

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.endpoint.ai_model.model_name


class RouteGroup(AccessModel):
    """Deployments that stand in for each other.

    Attributes:
        deployments: The deployments; at least one.
        strategy: How one of them is chosen: `"weighted"` (default) at random by weight, `"round_robin"` in turn,
            `"least_in_flight"` by the calls that run there, `"latency"` by the time to the first token, `"cheapest"`
            by the estimated cost of the call, `"headroom"` by the rate limits that the provider reports; or a function
            that takes a list of `Candidate` and a `RouteRequest`, and returns one of the candidates.
    """

    deployments: tuple[Deployment, ...] = Field(min_length=1)
    strategy: StrategyName | ChooseDeployment = "weighted"

    @classmethod
    def of(cls, given: object) -> Self:
        """Read a group.

        Args:
            given: A group, a deployment in any form that `Deployment.of` takes, a list of these, or a mapping with
                `deployments` and `strategy`.
        """
        if isinstance(given, cls):
            return given
        if isinstance(given, Mapping) and "deployments" in given:
            fields = dict(check_field_names(given, NAMES_OF_FIELDS))
            members = fields.pop("deployments")
            return cls(deployments=read_deployments(members), **fields)
        return cls(deployments=read_deployments(given if isinstance(given, list | tuple) else [given]))

    @field_validator("deployments", mode="before")
    @classmethod
    def _with_names(cls, given: Any) -> Any:
        return [check_field_names(one, NAMES_OF_FIELDS) for one in given] if isinstance(given, list | tuple) else given

    @field_validator("strategy", mode="before")
    @classmethod
    def _known_strategy(cls, given: Any) -> Any:
        if not callable(given) and given not in STRATEGIES:
            raise ConfigurationError(
                f"there is no strategy {given!r:.40}. Write one of {', '.join(STRATEGIES)}, or pass a function"
            )
        return given


def read_deployments(given: object) -> tuple[Deployment, ...]:
    """Return the deployments of a group."""
    if not isinstance(given, list | tuple):
        raise ConfigurationError(f"deployments must be a list, not {describe_type(given)}")
    return tuple(Deployment.of(one) for one in given)


class ModelRoute(AccessModel):
    """A name for groups of deployments. A call goes to the first group with a deployment that can take it.

    Attributes:
        groups: The groups in order of preference; at least one.
        name: Name of the route in explanations and logs. Default `"default"`.
        attempts: Maximum number of requests of one call, retries and moves together. Default None: in each group one
            for each deployment, and `retries` of the call more.
        affinity: Whether a conversation stays at the deployment where the beginning of its prompt is cached, as long
            as it is available. Default True.
    """

    groups: tuple[RouteGroup, ...] = Field(min_length=1)
    name: str = "default"
    attempts: int | None = Field(default=None, ge=1)
    affinity: bool = True

    @field_validator("groups", mode="before")
    @classmethod
    def _with_names(cls, given: Any) -> Any:
        return [check_field_names(one, NAMES_OF_FIELDS) for one in given] if isinstance(given, list | tuple) else given

    @classmethod
    def of(cls, given: object, name: str | None = None) -> Self:
        """Read a route.

        Args:
            given: A route, a mapping with `groups`, a list of groups in any form that `RouteGroup.of` takes, or one
                group.
            name: Name of the route, if it has none yet.

        Returns:
            The route.

        Raises:
            ConfigurationError: If a name, an option or a value is invalid.
        """
        if isinstance(given, cls):
            return given if name is None or given.name != "default" else given.model_copy(update={"name": name})
        fields: dict[str, Any] = {} if name is None else {"name": name}
        if isinstance(given, Mapping) and "groups" in given:
            fields |= check_field_names(given, NAMES_OF_FIELDS)
            groups = fields.pop("groups")
            if not isinstance(groups, list | tuple):
                raise ConfigurationError(f"groups must be a list, not {describe_type(groups)}")
        else:
            groups = given if isinstance(given, list | tuple) else [given]
        return cls(groups=tuple(RouteGroup.of(group) for group in groups), **fields)

    @model_validator(mode="after")
    def _with_unique_names(self) -> Self:
        """Number deployments of the same name: `openai/gpt-5.4-mini`, `openai/gpt-5.4-mini (2)`."""
        counts = Counter(one.name for one in self.deployments)
        if len(counts) == len(self.deployments):
            return self
        seen: Counter[str] = Counter()
        groups = []
        for group in self.groups:
            members = []
            for one in group.deployments:
                seen[one.name] += 1
                number = seen[one.name]
                members.append(one if number == 1 else one.model_copy(update={"name": f"{one.name} ({number})"}))
            groups.append(group.model_copy(update={"deployments": tuple(members)}))
        object.__setattr__(self, "groups", tuple(groups))
        return self

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """All deployments, in the order of the groups."""
        return tuple(one for group in self.groups for one in group.deployments)

    def starting_at(self, endpoint: AIModelEndpoint) -> Self:
        """Return the route with this endpoint in place of the first group.

        Args:
            endpoint: The endpoint.
        """
        first = RouteGroup(deployments=(Deployment(endpoint=endpoint),))
        return self.model_copy(update={"groups": (first, *self.groups[1:])})
