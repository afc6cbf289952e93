"""Routes: groups of deployments in order of preference, and a candidate that gets a share of the calls as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from ...errors import ConfigurationError
from ...wire.text import similar_names
from .api import AccessModel, AIModelEndpoint, check_field_names
from .call_policies import describe_type
from .model import AIModel
from .route_reports import RouteRequest, ShadowResult


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
    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False, strict=True)

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
            named = f"the deployment {own['name']!r}" if own.get("name") else f"{{{', '.join(map(repr, given))}}}"
            raise ConfigurationError(f"{named} has no 'model', as in 'openai/gpt-5.4'; a group has 'deployments'")
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
    if not given:
        raise ConfigurationError("a group has no deployments. Write at least one, such as 'openai/gpt-5.4-mini'")
    return tuple(Deployment.of(one) for one in given)


def check_group_names(given: Mapping[Any, Any]) -> None:
    """Raise for a mapping that is neither a route nor a group nor a deployment."""
    if given.keys().isdisjoint(("groups", "deployments", "model", "endpoint")):
        has = f", and has only {', '.join(map(repr, given))}" if given else ""
        raise ConfigurationError(f"a route needs 'groups', such as ['openai/gpt-5.4-mini']{has}")


SHADOW_FIELDS = ("share", "concurrency", "observer", "wait_on_close")


class ShadowTraffic(AccessModel):
    """A candidate that gets a share of the calls of a route as well. Callers never get its answers, and never wait.

    Attributes:
        deployment: The candidate, in any form that `Deployment.of` takes. It is no deployment of the route.
        share: Share of the calls that are also sent to it, above 0 and at most 1. Default 0.1.
        concurrency: Maximum number of calls that run there; further ones are not sent, and are counted. Default 4.
        observer: Function that is called with each `ShadowResult`, in a thread. Default None: answers are discarded.
        wait_on_close: Seconds for which closing the client waits for calls that run, before it ends them. Default 0.
    """

    deployment: Deployment
    share: float = Field(default=0.1, gt=0, le=1, allow_inf_nan=False, strict=True)
    concurrency: int = Field(default=4, ge=1, strict=True)
    observer: Callable[[ShadowResult], object] | None = Field(default=None, exclude=True, repr=False)
    wait_on_close: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @field_validator("deployment", mode="before")
    @classmethod
    def _with_names(cls, given: Any) -> Any:
        return check_field_names(given, "deployment must be a Deployment, or a mapping of its fields")

    @classmethod
    def of(cls, given: object) -> Self:
        """Read shadow traffic.

        Args:
            given: Shadow traffic, a deployment in any form that `Deployment.of` takes, or a mapping with the fields of
                a deployment and of this class.

        Returns:
            The shadow traffic.

        Raises:
            ConfigurationError: If a field is unknown or has a wrong value.
        """
        if isinstance(given, cls):
            return given
        if not isinstance(given, Mapping):
            return cls(deployment=Deployment.of(given))
        fields: dict[str, Any] = dict(check_field_names(given, NAMES_OF_FIELDS))
        own = {name: fields.pop(name) for name in SHADOW_FIELDS if name in fields}
        for name in fields:
            if similar := similar_names(name, SHADOW_FIELDS):
                raise ConfigurationError(f"shadow traffic has no field {name!r}; did you mean {similar[0]!r}?")
        return cls(deployment=Deployment.of(fields.pop("deployment", None) or fields), **own)


class ModelRoute(AccessModel):
    """A name for groups of deployments. A call goes to the first group with a deployment that can take it.

    Attributes:
        groups: The groups in order of preference; at least one.
        name: Name of the route in explanations and logs. Default `"default"`.
        attempts: Maximum number of requests of one call, retries and moves together. Default None: in each group one
            for each deployment, and `retries` of the call more.
        affinity: Whether a conversation stays at the deployment where the beginning of its prompt is cached, as long
            as it is available. Default True.
        hedge_after: Seconds after which a second deployment is tried as well, if the first one has not begun to
            answer. The first usable answer is taken, and the other request is cancelled. Both are paid for. Default
            None: never.
        shadow: A candidate that gets a share of the calls as well. Default None: none.
    """

    groups: tuple[RouteGroup, ...] = Field(min_length=1)
    name: str = "default"
    attempts: int | None = Field(default=None, ge=1, strict=True)
    affinity: bool = True
    hedge_after: float | None = Field(default=None, gt=0, allow_inf_nan=False, strict=True)
    shadow: ShadowTraffic | None = None

    @field_validator("shadow", mode="before")
    @classmethod
    def _with_shadow_names(cls, given: Any) -> Any:
        return check_field_names(given, "shadow must be ShadowTraffic, or a mapping of its fields")

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
            if fields.get("shadow") is not None:
                fields["shadow"] = ShadowTraffic.of(fields["shadow"])
            if not isinstance(groups, list | tuple):
                raise ConfigurationError(f"groups must be a list, not {describe_type(groups)}")
        else:
            if isinstance(given, Mapping):
                check_group_names(given)
            groups = given if isinstance(given, list | tuple) else [given]
        if not groups:
            raise ConfigurationError("a route has no groups. Write at least one, such as ['openai/gpt-5.4-mini']")
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
