"""The board of a client: what is known of each deployment of its route, shared by threads and event loops.

With a store, rests are shared by processes and machines as well. A rest is written when it begins and removed when an
answer ends it; other processes read the store at most once a second, so that calls do not wait for it. A probe is
claimed in the store, so that one call of all processes tries.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ...http.protocol.message import Head
from ...io.protocol import IO, new_lock
from ...types.config.route_reports import RouteRequest
from ...types.config.routes import Deployment, ModelRoute
from ...wire.limits import read_limit_headers
from .fit import DeploymentFacts, read_deployment_facts, smallest_window, why_unfit
from .health import AVAILABLE, AnswerTimes, Failure, FailureKind, Health

REFRESH_SECONDS = 1.0
"""Seconds between two readings of a shared store."""

LATENCY_SHARE = 0.2
"""Weight of the newest time to the first token in the moving average."""

MOST_CONVERSATIONS = 10_000
"""Conversations whose deployment is remembered."""

CACHE_SECONDS = 3600.0
"""Seconds for which providers keep the beginning of a prompt at most, unless it is used."""


@dataclass(frozen=True, slots=True)
class SharedRest:
    """A rest as a store has it.

    Attributes:
        seconds: Seconds until its end; 0 or less if it has ended.
        failures: Failures before it; 0 if an answer ended it.
        kind: Kind of the last failure.
        reason: Text of the last failure.
    """

    seconds: float
    failures: int
    kind: FailureKind
    reason: str


class HealthStore(Protocol):
    """Where processes share the health of deployments. Methods do not raise; a store that fails shares nothing."""

    blocking: bool
    """Whether methods wait for a file or a server; they are then called off the event loop."""

    def read(self, keys: Sequence[str]) -> Mapping[str, SharedRest] | None:
        """Return the rests of deployments, also those that ended some minutes ago.

        Args:
            keys: Names of the deployments, without secrets.

        Returns:
            The rests by name; None if the store cannot be used.
        """
        ...

    def rest(self, key: str, rest: SharedRest) -> None:
        """Store that a deployment rests.

        Args:
            key: Name of the deployment.
            rest: Its rest.
        """
        ...

    def recover(self, key: str) -> None:
        """Store that an answer ended a rest; `read` then returns it with 0 failures.

        Args:
            key: Name of the deployment.
        """
        ...

    def claim_probe(self, key: str, seconds: float) -> bool:
        """Return whether this process may try the deployment.

        Args:
            key: Name of the deployment.
            seconds: Seconds for which no other process may.
        """
        ...


@dataclass(slots=True, eq=False)
class Standing:
    """What is known of one deployment now. `cost` is set for one decision."""

    deployment: Deployment
    group: int
    facts: DeploymentFacts = field(default_factory=DeploymentFacts)
    key: str = ""
    health: Health = AVAILABLE
    in_flight: int = 0
    last_chosen: int = 0
    times: AnswerTimes = field(default_factory=AnswerTimes)
    latency: float | None = None
    headroom: float | None = None
    headroom_until: float = 0.0
    is_shared: bool = False
    """Whether the store has this rest."""

    changed_at: float = 0.0


def find_unfit(standings: Sequence[Standing], request: RouteRequest) -> dict[int, str]:
    """Return the deployments that cannot do what the call needs, and why.

    If none fits, the facts are not used: the first deployment then answers or refuses as it does without a route.
    """
    unfit = {index: why for index, one in enumerate(standings) if (why := why_unfit(one.facts, request)) is not None}
    return unfit if len(unfit) < len(standings) else {}


class HealthBoard:
    """Standings of the deployments of one route.

    Args:
        route: The route.
        store: Where other processes see the health; None for this client alone.
    """

    def __init__(self, route: ModelRoute, store: HealthStore | None = None) -> None:
        self.route = route
        self.store = store
        self.standings = [
            Standing(one, number) for number, group in enumerate(route.groups) for one in group.deployments
        ]
        self._lock = new_lock()
        self._chosen = 0
        self._read_at: float | None = None
        self._conversations: dict[Any, tuple[int, float]] = {}
        self._holders: dict[str, int] = {}
        self._drawn: float | None = None
        self.smallest_window: float | None = None
        """Tokens of prompt and answer together that every deployment takes; None before the facts were looked up."""

    def look_up_facts(self) -> None:
        """Look up what the models can do, once, and what they cost where a strategy compares it."""
        if self.smallest_window is not None:
            return
        for one in self.standings:
            if not one.facts.looked_up:
                strategy = self.route.groups[one.group].strategy
                prices = strategy == "cheapest" or callable(strategy)
                one.facts = read_deployment_facts(one.deployment.endpoint, prices=prices)
        self.smallest_window = min(smallest_window(one.facts) for one in self.standings)

    def draw(self, io: IO, *, keep: bool = False) -> float:
        """Return the random number of the next decision.

        Args:
            io: Where random numbers come from.
            keep: Whether the next call gets the same one, so that an explanation says what that call will do.
        """
        drawn = io.random() if self._drawn is None else self._drawn
        self._drawn = drawn if keep else None
        return drawn

    def begin(self, index: int, kind: Hashable, now: float) -> int:
        """A call goes to this deployment.

        Args:
            index: The deployment.
            kind: Kind of the answer, whose times are compared; None if they are not comparable.
            now: The time.

        Returns:
            Number of the call.
        """
        one = self.standings[index]
        with self._lock:
            self._chosen += 1
            one.last_chosen = self._chosen
            one.in_flight += 1
            one.times.start(self._chosen, kind, now)
            return self._chosen

    def stop_awaiting(self, index: int, number: int, now: float) -> None:
        """The answer of the call of this number has begun."""
        with self._lock:
            self.standings[index].times.stop(number, now)

    def end(self, index: int, number: int, now: float) -> None:
        """The call of this number at this deployment is over."""
        one = self.standings[index]
        with self._lock:
            one.in_flight -= 1
            one.times.stop(number, now)

    async def claim_probe(self, io: IO, index: int) -> bool:
        """Return whether the call may be the probe of this deployment."""
        one, now = self.standings[index], io.monotonic()
        with self._lock:
            if one.health.state(now) != "half_open":
                return False
            one.health = one.health.with_probe(now)
        if self.store is None or not one.is_shared:
            return True
        return bool(await self._call_store(io, self.store.claim_probe, one.key, one.health.probing_until - now))

    def release_probe(self, index: int) -> None:
        """A probe ended without an answer or a failure of the deployment."""
        one = self.standings[index]
        with self._lock:
            one.health = one.health.without_probe()

    async def record_failure(self, io: IO, index: int, failure: Failure, began: float) -> None:
        """A call that began at this time failed in a way that concerns the deployment."""
        one, now = self.standings[index], io.monotonic()
        with self._lock:
            one.health = health = one.health.after_failure(failure, began, now)
            one.changed_at = now
        if self.store is not None and health.resting_until > now:
            await self._share(io, one, health, now)

    async def record_answer(self, io: IO, index: int, began: float, first_token: float, kind: Hashable = None) -> None:
        """The answer of a call that began at this time has begun, after so many seconds.

        Args:
            io: The clock.
            index: The deployment.
            began: When the call began.
            first_token: The seconds.
            kind: Kind of the answer, whose times are compared; None if they are not comparable.
        """
        one = self.standings[index]
        with self._lock:
            one.health = one.health.after_answer(began)
            before = one.latency
            one.latency = first_token if before is None else before + LATENCY_SHARE * (first_token - before)
            if kind is not None:
                one.times.add(kind, first_token, io.monotonic())
        if one.is_shared and not one.health.resting_until and self.store is not None:
            one.is_shared = False
            one.changed_at = io.monotonic()
            await self._call_store(io, self.store.recover, one.key)

    def record_slowness(self, index: int, seconds: float, kind: Hashable, now: float) -> None:
        """A request was cancelled after so many seconds without an answer: the first token takes longer than that."""
        one = self.standings[index]
        with self._lock:
            if kind is not None and seconds > one.times.limit(kind):
                one.times.add(kind, seconds, now)
            if one.latency is None or seconds > one.latency:
                before = one.latency or seconds
                one.latency = before + LATENCY_SHARE * (seconds - before)

    def record_headroom(self, io: IO, index: int, head: Head | None) -> None:
        """Take over from a response which share of a limit is left, and when all of it is back."""
        limits = [] if head is None else [*read_limit_headers(head.headers, io.time())]
        if limits:
            share, reset = min((limit.remaining / limit.limit, limit.reset) for limit in limits)
            one = self.standings[index]
            with self._lock:
                one.headroom, one.headroom_until = share, io.monotonic() + reset

    async def refresh(self, io: IO) -> None:
        """Take over from the store what other processes wrote, at most once a second."""
        now = io.monotonic()
        if self.store is None or (self._read_at is not None and now < self._read_at + REFRESH_SECONDS):
            return
        self._read_at = now
        shared = await self._call_store(io, self.store.read, [one.key for one in self.standings])
        if shared is None:
            return
        with self._lock:
            for one in self.standings:
                if one.changed_at <= now:
                    self._adopt(one, shared.get(one.key), now)
            lost = [one for one in self.standings if one.is_shared and one.key not in shared]
        for one in lost:  # by a server that was started anew, for example
            await self._share(io, one, one.health, now)

    async def _share(self, io: IO, one: Standing, health: Health, now: float) -> None:
        """Write a rest into the store, if it has not ended."""
        one.is_shared = health.resting_until > now
        if one.is_shared and self.store is not None:
            rest = SharedRest(health.resting_until - now, health.failures, health.kind, health.reason)
            await self._call_store(io, self.store.rest, one.key, rest)

    def _adopt(self, one: Standing, rest: SharedRest | None, now: float) -> None:
        """Take over what the store has of a deployment."""
        if rest is None:
            return
        if not rest.failures:
            if one.is_shared and now + rest.seconds >= one.changed_at:
                one.health, one.is_shared = AVAILABLE, False
            return
        one.is_shared = True
        until = now + rest.seconds
        if until > one.health.resting_until:
            one.health = replace(
                one.health,
                failures=max(rest.failures, one.health.failures),
                resting_until=max(until, 1e-9),
                failed_at=max(one.health.failed_at, min(now, until)),
                kind=rest.kind,
                reason=rest.reason,
            )

    def remember_conversation(self, key: Any, index: int, now: float) -> None:
        """Remember which deployment has the beginning of a conversation in its prompt cache."""
        with self._lock:
            self._conversations.pop(key, None)
            self._conversations[key] = index, now + CACHE_SECONDS
            if len(self._conversations) > MOST_CONVERSATIONS:
                del self._conversations[next(iter(self._conversations))]

    def deployment_of(self, key: Any, now: float) -> int | None:
        """Return the deployment that a conversation was answered by last, as long as it may be cached there."""
        index, until = self._conversations.get(key, (None, 0.0))
        return index if now < until else None

    def remember_holder(self, ids: Sequence[str], index: int) -> None:
        """Remember which deployment made what a provider stores."""
        with self._lock:
            for one in ids:
                self._holders[one] = index
            while len(self._holders) > MOST_CONVERSATIONS:
                del self._holders[next(iter(self._holders))]

    def holder_of(self, stored: str) -> int | None:
        """Return the deployment that made what has this id; None if that is not known."""
        return self._holders.get(stored)

    async def _call_store(self, io: IO, function: Callable[..., Any], *args: Any) -> Any:
        if self.store is not None and self.store.blocking:
            return await io.call(function, *args)
        return function(*args)
