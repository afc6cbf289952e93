"""What a route decides on and says: the needs of a call, the candidates of a strategy, and the reasons of a choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ..display import markdown_table
from ..model_base import FrozenModel

if TYPE_CHECKING:
    from ..config.routes import Deployment

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
