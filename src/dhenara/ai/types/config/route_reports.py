"""What a route decides on, the reasons of a choice, and the results of shadow traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ..display import markdown_table
from ..model_base import FrozenModel

if TYPE_CHECKING:
    from ..chat.cost import Cost
    from ..chat.report import Result
    from ..chat.response import ChatResponse

DeploymentState = Literal["available", "slow", "resting", "probing", "unfit", "failed"]
"""Can take the call; answers much later than usual, so that others of its group are preferred; rests after a failure;
is being tried by one call after its rest; cannot do what the call needs; failed earlier in this call."""


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


class DeploymentReport(FrozenModel):
    """Why a deployment was chosen for a call or passed over.

    Attributes:
        name: Name of the deployment.
        provider: Its provider.
        model: Its model.
        group: Number of its group, from 0.
        state: `"available"`, `"slow"`, `"resting"`, `"probing"`, `"unfit"` or `"failed"`.
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


class ShadowReport(FrozenModel):
    """The shadow traffic of a client so far.

    Attributes:
        candidate: Name of the deployment that gets it.
        answered: Calls that it answered.
        failed: Calls that failed there.
        dropped: Calls that were not sent there, because too many were running.
        cancelled: Calls that were ended by closing the client, or with their event loop.
        in_flight: Calls that run there now.
    """

    candidate: str
    answered: int = 0
    failed: int = 0
    dropped: int = 0
    cancelled: int = 0
    in_flight: int = 0

    def __str__(self) -> str:
        return (
            f"shadow traffic to {self.candidate}: {self.answered} answered, {self.failed} failed, {self.dropped} "
            f"dropped, {self.cancelled} cancelled, {self.in_flight} running"
        )


@dataclass(frozen=True, slots=True)
class ShadowResult:
    """One call that was also sent to a candidate, with both answers. `repr` shows no contents.

    Attributes:
        key: Hash of what was requested: operation, instructions, messages and parameters. Equal requests have the same.
        route: Name of the route.
        operation: Kind of request, such as `"chat"`.
        deployment: Name of the deployment that answered the caller.
        candidate: Name of the candidate.
        main: What the caller got: a `ChatResponse`, or the result of another operation.
        answer: What the candidate answered; None if it failed.
        error: Why it failed.
        main_seconds: Seconds of the main call until the end of its answer.
        main_first_token_seconds: Seconds of the main call until its first content.
        seconds: Seconds of the candidate until the end of its answer, or until it failed.
        first_token_seconds: Seconds of the candidate until its first content; None if it failed before.
    """

    key: str
    route: str
    operation: str
    deployment: str | None
    candidate: str
    main: ChatResponse | Result = field(repr=False)
    answer: ChatResponse | Result | None = field(repr=False)
    error: Exception | None
    main_seconds: float
    main_first_token_seconds: float | None
    seconds: float
    first_token_seconds: float | None

    @property
    def main_cost(self) -> Cost:
        """Cost of the main answer."""
        return self.main.cost

    @property
    def cost(self) -> Cost | None:
        """Cost of the candidate's answer; None if it failed."""
        return None if self.answer is None else self.answer.cost


class RouteExplanation(FrozenModel):
    """Where a call would go now, and why.

    Attributes:
        route: Name of the route.
        chosen: Name of the deployment; None if none can take the call now.
        wait: Seconds until the first resting deployment is tried again; None if the call need not wait or cannot.
        deployments: Every deployment of the route, in order.
        shadow: State of the shadow traffic; None without any.
    """

    route: str
    chosen: str | None = None
    wait: float | None = None
    deployments: list[DeploymentReport] = Field(default_factory=list)
    shadow: ShadowReport | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "route", self.route
        yield "chosen", self.chosen
        if self.wait is not None:
            yield "wait", round(self.wait, 3)

    def __str__(self) -> str:
        marks = {True: "->", False: "  "}
        lines = [f"{marks[one.chosen]} {one.name} ({one.state}): {one.reason}" for one in self.deployments]
        if self.shadow is not None:
            lines.append(f"   {self.shadow}")
        return "\n".join([f"route {self.route!r}", *lines])

    def _repr_markdown_(self) -> str:
        rows = [(one.name, one.group, one.state, "yes" if one.chosen else "", one.reason) for one in self.deployments]
        return markdown_table(("deployment", "group", "state", "chosen", "why"), rows)
