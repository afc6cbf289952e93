"""What all calls of a route share, what is read of each call before it is sent, and the errors and warnings of routes.

Retry budget of the process: repeated requests are a share of the live ones, so that outages cause no storm.

As in Envoy: at any moment, at most a share of the calls that are running may be repeating a request, and always a few.
A first request to another deployment that is available is no repetition: it adds no load to what fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ...errors import CallError, NoDeploymentError, RateLimitError
from ...io.protocol import IO, new_lock
from ...types.chat.message import Message
from ...types.chat.report import CallWarning, WarningCode
from ...types.config.api import AIModelEndpoint
from ...types.config.call import Call, CallJournal
from ...types.config.route_reports import RouteExplanation
from ...types.config.routes import ModelRoute
from ...types.content.media import Media
from ..streaming.stream import Stream
from ..tracing import Observer
from .board import HealthBoard, Standing, find_unfit
from .decision import RouteCall
from .fit import StoredContent, fits_everywhere, of_another_kind, read_request, stored_at

SHARE = 0.2
"""Share of the live calls that may be retries at the same time."""

ALWAYS = 10
"""Retries that may always run at the same time."""


class RetryBudget:
    """Counts live calls and retries of routes.

    Args:
        share: Share of the live calls that may be retries.
        always: Retries that are always allowed.
    """

    def __init__(self, share: float = SHARE, always: int = ALWAYS) -> None:
        self.share = share
        self.always = always
        self.live = 0
        self.retrying = 0
        self._lock = new_lock()

    def begin(self) -> None:
        """A call begins."""
        with self._lock:
            self.live += 1

    def end(self, retries: int) -> None:
        """A call has its answer or failed.

        Args:
            retries: The retries that it was granted.
        """
        with self._lock:
            self.live -= 1
            self.retrying -= retries

    def grant(self) -> bool:
        """Return whether one more retry may run; it counts until its call ends."""
        with self._lock:
            if self.retrying >= max(self.always, self.share * self.live):
                return False
            self.retrying += 1
            return True


PROCESS_RETRIES = RetryBudget()
"""The budget of all routes of this process."""


class DeploymentPipeline(Protocol):
    """What sends calls to one deployment."""

    @property
    def endpoint(self) -> AIModelEndpoint:
        """The endpoint, with the provider's name for the model."""
        ...

    async def send(self, call: Call) -> Stream:
        """Send the call to this endpoint only."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RouteContext:
    """What all calls of a route share.

    Attributes:
        io: Clock, sleep, random numbers and threads.
        board: Health of the deployments.
        pipelines: What sends to each deployment, by its number in the route.
        observer: Called with each decision.
        retries: The retry budget.
        not_offered: Deployments that do not offer the operation, and why.
    """

    io: IO
    board: HealthBoard
    pipelines: Mapping[int, DeploymentPipeline]
    observer: Observer | None = None
    retries: RetryBudget = PROCESS_RETRIES
    not_offered: Mapping[int, str] = field(default_factory=dict)


def read_call(context: RouteContext, call: Call) -> RouteCall:
    """Return what the decision needs of a call."""
    board = context.board
    board.look_up_facts()
    request = read_request(call)
    stored = stored_at(call)
    if stored is not None:
        unfit = not_holding(board, stored)
    elif fits_everywhere(request, board.smallest_window or 0):
        unfit = {}
    else:
        unfit = find_unfit(board.standings, request)
    if call.operation != "chat":
        unfit = {**unfit, **of_another_kind([one.deployment for one in board.standings], call, context.not_offered)}
    if context.not_offered:
        unfit = {**unfit, **context.not_offered}
    earlier = earlier_key(call) if board.route.affinity else None
    home = None if earlier is None else board.deployment_of(earlier, context.io.monotonic())
    return RouteCall(request, unfit, home=home)


def not_holding(board: HealthBoard, stored: StoredContent) -> dict[int, str]:
    """Return the deployments that do not have what is stored: those of another API than the one that made it.

    Where that is not known, it is the first one of the route, or of the provider that the call names.
    """
    known = next((index for one in stored.ids if (index := board.holder_of(one)) is not None), None)
    providers = (index for index, one in enumerate(board.standings) if one.deployment.provider == stored.provider)
    holder = board.standings[next(providers, 0) if known is None else known].deployment
    return {
        index: f"{stored.name} is at {holder.name}"
        for index, one in enumerate(board.standings)
        if one.deployment.endpoint.api != holder.endpoint.api
    }


def conversation_key(instructions: Sequence[str], messages: Sequence[Message]) -> int:
    """Return what identifies the beginning of a conversation."""
    return hash((tuple(instructions), tuple(map(message_key, messages))))


def message_key(message: Message) -> int:
    parts = [(part.type, part.get_text(), part.data if isinstance(part, Media) else None) for part in message.contents]
    return hash((message.role, *parts))


def earlier_key(call: Call) -> int | None:
    """Return the key of the call that the last answer in the history was for; None at the beginning of a conversation.

    Calls that only share a beginning, such as the same examples, do not continue each other.
    """
    messages = call.messages
    last = next((index for index in range(len(messages) - 1, 0, -1) if messages[index].role == "assistant"), None)
    return None if last is None else conversation_key(call.instructions, messages[:last])


class CallAttempts:
    """Counts the requests of one call, also of two that run at the same time.

    In each group a call makes at most one request for each deployment and `retries` repetitions; `attempts` of the
    route limits all of them. Attempts for deployments that rest are left to them: the call waits for these.
    """

    def __init__(self, route: ModelRoute, retries: int) -> None:
        self._most = [retries + len(group.deployments) for group in route.groups]
        self._limit = sum(self._most) if route.attempts is None else route.attempts
        self._retries = retries
        self._used = [0] * len(self._most)
        self._repeated = [0] * len(self._most)
        self._lock = new_lock()

    def left(self, group: int | None) -> int:
        """Return how many requests the call may still make, in one group or in all."""
        left = self._limit - sum(self._used)
        return left if group is None else min(left, self._most[group] - self._used[group])

    def count(self, group: int, number: int = 1) -> None:
        """Count a request; -1 takes it back."""
        with self._lock:
            self._used[group] += number

    def may_repeat(self, group: int) -> bool:
        """Return whether a request may be repeated at the same deployment of this group."""
        return self._repeated[group] < self._retries and self.left(group) > 0

    def count_repetition(self, group: int) -> None:
        """Count a request that repeats another one at the same deployment."""
        self._repeated[group] += 1
        self.count(group)


class DeploymentGate:
    """Whether a request may be repeated at the same deployment: only where no other one of its group is available.

    After a rate limit the deployment rests first, so that other calls leave it alone as well.
    """

    def __init__(
        self,
        io: IO,
        standing: Standing,
        attempts: CallAttempts,
        grant: Callable[[], bool],
        *,
        moves: bool,
        is_probe: bool,
    ) -> None:
        self._io = io
        self._standing = standing
        self._attempts = attempts
        self._grant = grant
        self._moves = moves
        self._is_probe = is_probe

    def allow(self, error: CallError) -> bool:
        """Return whether the request may be repeated after this error; it then counts."""
        group = self._standing.group
        if (
            self._moves
            or isinstance(error, RateLimitError)
            or not self._attempts.may_repeat(group)
            or not self.is_open()
        ):
            return False
        if not self._grant():
            return False
        self._attempts.count_repetition(group)
        return True

    def is_open(self) -> bool:
        """Return whether the deployment neither rests nor waits for the probe of another call."""
        state = self._standing.health.state(self._io.monotonic())
        return state == "available" or (state == "probing" and self._is_probe)


def no_deployment_error(explanation: RouteExplanation) -> NoDeploymentError:
    """Return the error that names each deployment and why it was passed over."""
    reasons = "; ".join(f"{one.name}: {one.reason}" for one in explanation.deployments)
    error = NoDeploymentError(
        f"no deployment can take the call now. {reasons}",
        provider=f"route {explanation.route}",
        retry_after=explanation.wait,
    )
    error.deployments = tuple(explanation.deployments)
    return error


def add_reasons(error: CallError, standings: Sequence[Standing], unfit: Mapping[int, str]) -> None:
    """Add a note to an error that says why deployments could not take the call."""
    if unfit:
        reasons = (f"{standings[index].deployment.name}: {why}" for index, why in unfit.items())
        error.add_note(f"Deployments that cannot take this call: {'; '.join(reasons)}")


class FallbackWarnings:
    """Warnings on an answer that came from elsewhere: what is wrong with deployments that would have come before.

    Which deployment answers is known at the end only, and it may be the preferred one after all. So the warnings are
    collected, and those that are true for a deployment are written before it is called.

    Args:
        call: The call.
        standings: The deployments.
    """

    def __init__(self, call: Call, standings: Sequence[Standing]) -> None:
        self._journal = call.journal
        self._others = call.journal.notes
        self._standings = standings
        self._reasons: dict[int, str] = {}
        self._failed: set[int] = set()
        self._first: int | None = None

    def add_failure(self, index: int, endpoint: AIModelEndpoint, error: CallError) -> None:
        """A deployment failed in this call."""
        who = f"{endpoint.api.provider} ({endpoint.ai_model.model_name})"
        self._reasons[index] = f"{who} failed: {error.message}"
        self._failed.add(index)

    def write(self, index: int, unfit: Mapping[int, str], now: float) -> None:
        """Write the warnings of an answer of this deployment, in place of those for another one.

        Args:
            index: The deployment that is called next.
            unfit: Deployments that cannot take the call, and why.
            now: The time.
        """
        self._first = index if self._first is None else self._first
        group = self._standings[index].group
        for number, one in enumerate(self._standings):
            if (
                one.group < group
                and number not in self._reasons
                and (why := why_passed_over(one, unfit.get(number), now))
            ):
                self._reasons[number] = why
        texts = [why for number, why in self._reasons.items() if self._is_before(number, index, group)]
        self._journal.notes = self._others
        for text in texts:
            append_note(self._journal, "fallback_used", f"a fallback endpoint answered because {text}")

    def _is_before(self, number: int, index: int, group: int) -> bool:
        """Return whether this deployment would have come before the one that is called: by its group or by choice."""
        own = self._standings[number].group
        return own < group or (own == group and number in self._failed and index not in (number, self._first))


def why_passed_over(one: Standing, unfit: str | None, now: float) -> str | None:
    """Return why a deployment of an earlier group is not called; None if there is nothing to say."""
    name, health = one.deployment.name, one.health
    if unfit is not None:
        return f"{name} was passed over: {unfit}"
    if health.resting_until:
        return f"{name} rests for {max(0.0, health.resting_until - now):.3g} s after: {health.reason}"
    return None


def adapt_call(call: Call, endpoint: AIModelEndpoint) -> Call:
    """Return the call for this endpoint without `options`, which are specific to the first provider."""
    first = call.endpoint.api.provider
    if not call.config.options or endpoint.api.provider == first:
        return call
    append_note(
        call.journal, "unsupported_parameter", f"options for {first} were not sent to another provider", "options"
    )
    return replace(call, config=call.config.model_copy(update={"options": {}}))


def append_note(journal: CallJournal, code: WarningCode, message: str, parameter: str | None = None) -> None:
    journal.notes += (CallWarning(code=code, message=message, parameter=parameter),)
