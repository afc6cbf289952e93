"""The decision where a call goes: a pure function of the route, its deployments and the call; and the strategies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...errors import ConfigurationError
from ...types.config.call_policies import describe_type
from ...types.config.route_reports import DeploymentReport, DeploymentState, RouteExplanation, RouteRequest
from ...types.config.routes import Candidate, ChooseDeployment, ModelRoute, RouteGroup, StrategyName
from .board import Standing

INFINITE = float("inf")
EXPLORED = 0.02
"""Share of the calls that the strategy `latency` sends anywhere, so that measurements stay fresh."""

Choose = Callable[[Sequence[int], Sequence[Standing], RouteRequest, float, float], int]
"""Takes indexes, standings, the request, a random number below 1 and the time; returns one of the indexes."""


def choose_weighted(
    usable: Sequence[int], standings: Sequence[Standing], request: RouteRequest, random: float, now: float
) -> int:
    """Return one at random, by weight; those without weight only if there is no other."""
    weights = [standings[index].deployment.weight for index in usable]
    left = random * sum(weights)
    for index, weight in zip(usable, weights, strict=True):
        left -= weight
        if left < 0:
            return index
    return usable[-1] if weights[-1] else choose_in_turn(usable, standings, request, random, now)


def choose_in_turn(
    usable: Sequence[int], standings: Sequence[Standing], request: RouteRequest, random: float, now: float
) -> int:
    """Return the one that was chosen longest ago."""
    return min(usable, key=lambda index: standings[index].last_chosen)


def choose_least_in_flight(
    usable: Sequence[int], standings: Sequence[Standing], request: RouteRequest, random: float, now: float
) -> int:
    """Return the one with the fewest running calls, in relation to its weight."""
    chosen, least, longest_ago = usable[0], INFINITE, INFINITE
    for index in usable:
        one = standings[index]
        weight = one.deployment.weight
        load = (one.in_flight + 1) / weight if weight else INFINITE
        if load < least or (load == least and one.last_chosen < longest_ago):
            chosen, least, longest_ago = index, load, one.last_chosen
    return chosen


def choose_fastest(
    usable: Sequence[int], standings: Sequence[Standing], request: RouteRequest, random: float, now: float
) -> int:
    """Return the one with the shortest time to the first token, times its running calls; unknown ones come first."""
    if random < EXPLORED:
        return choose_in_turn(usable, standings, request, random, now)

    chosen, shortest, longest_ago = usable[0], INFINITE, INFINITE
    for index in usable:
        one = standings[index]
        expected = (one.latency or 0.0) * (one.in_flight + 1)
        if expected < shortest or (expected == shortest and one.last_chosen < longest_ago):
            chosen, shortest, longest_ago = index, expected, one.last_chosen
    return chosen


def choose_cheapest(
    usable: Sequence[int], standings: Sequence[Standing], request: RouteRequest, random: float, now: float
) -> int:
    """Return the one with the lowest estimated cost of this request; those of unknown price come last."""

    def cost(index: int) -> tuple[bool, float, int]:
        one = standings[index]
        amount = one.facts.cost_of(request)
        return amount is None, amount or 0.0, one.last_chosen

    return min(usable, key=cost)


def choose_most_headroom(
    usable: Sequence[int], standings: Sequence[Standing], request: RouteRequest, random: float, now: float
) -> int:
    """Return the one with the largest share of its rate limit left; where nothing is reported, all of it."""

    def used(index: int) -> tuple[float, int]:
        one = standings[index]
        return -(headroom_of(one, now) if one.headroom is not None else 1.0), one.last_chosen

    return min(usable, key=used)


CHOOSE: Mapping[StrategyName, Choose] = {
    "weighted": choose_weighted,
    "round_robin": choose_in_turn,
    "least_in_flight": choose_least_in_flight,
    "latency": choose_fastest,
    "cheapest": choose_cheapest,
    "headroom": choose_most_headroom,
}

REASONS: Mapping[StrategyName, str] = {
    "weighted": "chosen at random by weight",
    "round_robin": "its turn",
    "least_in_flight": "the fewest calls run there",
    "latency": "the shortest time to the first token",
    "cheapest": "the lowest estimated cost of this call",
    "headroom": "the most of its rate limit is left",
}


def headroom_of(one: Standing, now: float) -> float:
    """Return the share of the rate limit that is left; after its reset all of it."""
    return 1.0 if one.headroom is None or now >= one.headroom_until else one.headroom


def choose_by_function(
    choose: ChooseDeployment,
    usable: Sequence[int],
    standings: Sequence[Standing],
    request: RouteRequest,
    now: float,
    route: str,
) -> int:
    """Return what the user's strategy chooses.

    Raises:
        ConfigurationError: If it raises, or returns something else than one of the candidates or the name of one.
    """
    candidates = [to_candidate(standings[index], request, now) for index in usable]
    what = f"route {route!r}: the strategy {getattr(choose, '__name__', type(choose).__name__)!r}"
    try:
        chosen = choose(candidates, request)
    except Exception as error:
        raise ConfigurationError(
            f"{what} raised {type(error).__name__}. Correct it, or write the name of a strategy"
        ) from error
    name: object = chosen.deployment.name if isinstance(chosen, Candidate) else chosen
    for index, candidate in zip(usable, candidates, strict=True):
        if candidate.deployment.name == name:
            return index
    raise ConfigurationError(
        f"{what} returned {describe_type(name)}{f' {name!r:.60}' if isinstance(name, str) else ''}, which is none of "
        "its candidates. Return one of the list that it gets, or the name of its deployment"
    )


def to_candidate(one: Standing, request: RouteRequest, now: float) -> Candidate:
    """Return a standing as strategies of users see it."""
    headroom = None if one.headroom is None else headroom_of(one, now)
    return Candidate(one.deployment, one.in_flight, one.latency, headroom, one.facts.cost_of(request))


@dataclass(slots=True, eq=False)
class RouteCall:
    """The facts of one call that the decision uses.

    Attributes:
        request: What the call needs.
        unfit: Deployments that cannot take the call, and why.
        failed: Deployments that are not asked again by this call, and why.
        home: The deployment where the conversation is cached; None if it is nowhere.
    """

    request: RouteRequest
    unfit: Mapping[int, str] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    home: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a call goes.

    Attributes:
        index: The deployment; None if none can take the call now.
        reason: Why this one.
        is_probe: Whether the call is the first after a rest.
        others: Other deployments of the group that can take the call.
        wait: Seconds until the first resting deployment is tried again; None if it makes no sense to wait.
    """

    index: int | None = None
    reason: str = ""
    is_probe: bool = False
    others: tuple[int, ...] = ()
    wait: float | None = None


LOOK_AGAIN = 0.25
"""Seconds after which a call looks again whether a probe of another call has ended."""

NOT_SLOW = "the answers of the others of its group take longer than usual"
FIRST = "the first deployment of the route"
ONLY = "the only deployment of its group that can take the call"
CACHED = "the beginning of the conversation is cached there"
PROBE = "its rest is over, and this call tries it"


def decide(route: ModelRoute, standings: Sequence[Standing], call: RouteCall, now: float, random: float) -> Decision:
    """Return where a call goes: to the first group with a deployment that can take it, chosen there by its strategy.

    Args:
        route: The route.
        standings: What is known of each deployment, in the order of the route.
        call: What is known of the call.
        now: The time.
        random: A random number, at least 0 and less than 1.

    Returns:
        The decision.
    """
    start = 0
    soonest: float | None = None
    passed_over = {*call.failed, *call.unfit}
    for group in route.groups:
        end = start + len(group.deployments)
        usable: list[int] = []
        slow: list[int] = []
        for index in range(start, end):
            if index in passed_over:
                continue
            health = standings[index].health
            if not health.resting_until:
                times = standings[index].times
                (slow if times.slow_from <= now < times.slow_until else usable).append(index)
                continue
            state = health.state(now)
            if state == "half_open":
                return Decision(index, PROBE, True, others_of(standings, call, range(start, end), index))
            if health.kind != "access":
                until = health.resting_until if state == "resting" else min(health.probing_until, now + LOOK_AGAIN)
                soonest = until if soonest is None else min(soonest, until)
        if usable:
            decision = choose(group, usable, standings, call, now, random, route.name)
            return with_slow(decision, slow) if slow else decision
        if slow:
            return choose(group, slow, standings, call, now, random, route.name)
        start = end
    return Decision(wait=None if soonest is None else max(0.0, soonest - now))


def choose(
    group: RouteGroup,
    usable: list[int],
    standings: Sequence[Standing],
    call: RouteCall,
    now: float,
    random: float,
    route: str,
) -> Decision:
    """Return the decision among deployments that can take the call."""
    if len(usable) == 1:
        index = usable[0]
        return Decision(index, FIRST if index == 0 else ONLY)
    if call.home in usable:
        index, reason = call.home, CACHED
    elif callable(group.strategy):
        index = choose_by_function(group.strategy, usable, standings, call.request, now, route)
        reason = f"chosen by {getattr(group.strategy, '__name__', 'the strategy of the route')}"
    else:
        index = CHOOSE[group.strategy](usable, standings, call.request, random, now)
        reason = REASONS[group.strategy]
    return Decision(index, reason, others=tuple(one for one in usable if one != index))


def with_slow(decision: Decision, slow: Sequence[int]) -> Decision:
    """Return a decision whose call may go on to deployments with slow answers."""
    reason = decision.reason if decision.others or decision.index == 0 else NOT_SLOW
    return replace(decision, reason=reason, others=(*decision.others, *slow))


def others_of(standings: Sequence[Standing], call: RouteCall, indexes: Collection[int], chosen: int) -> tuple[int, ...]:
    """Return the deployments of a group that are available beside the chosen one."""
    return tuple(
        index
        for index in indexes
        if index != chosen
        and index not in call.failed
        and index not in call.unfit
        and not standings[index].health.resting_until
    )


def explain(
    route: ModelRoute, standings: Sequence[Standing], call: RouteCall, decision: Decision, now: float
) -> RouteExplanation:
    """Return for every deployment why it was chosen or passed over.

    Args:
        route: The route.
        standings: What is known of each deployment.
        call: What is known of the call.
        decision: The decision.
        now: The time.
    """
    chosen_group = None if decision.index is None else standings[decision.index].group
    reports = [report(one, index, call, decision, chosen_group, now) for index, one in enumerate(standings)]
    chosen = None if decision.index is None else standings[decision.index].deployment.name
    return RouteExplanation(route=route.name, chosen=chosen, wait=decision.wait, deployments=reports)


def report(
    one: Standing, index: int, call: RouteCall, decision: Decision, chosen_group: int | None, now: float
) -> DeploymentReport:
    """Return the report of one deployment."""
    state, reason = describe(one, index, call, now)
    if index == decision.index:
        reason = decision.reason
    elif state == "available" and chosen_group is not None:
        reason = "another one of its group was chosen" if one.group == chosen_group else "an earlier group is available"
    resting = one.health.resting_until - now
    return DeploymentReport(
        name=one.deployment.name,
        provider=one.deployment.provider,
        model=one.deployment.model,
        group=one.group,
        state=state,
        chosen=index == decision.index,
        reason=reason,
        rests_for=resting if resting > 0 else None,
        failures=one.health.failures,
        in_flight=one.in_flight,
        first_token_seconds=one.latency,
        headroom=None if one.headroom is None else headroom_of(one, now),
    )


def describe(one: Standing, index: int, call: RouteCall, now: float) -> tuple[DeploymentState, str]:
    """Return the state of a deployment for a call, and why."""
    if index in call.failed:
        return "failed", call.failed[index]
    if index in call.unfit:
        return "unfit", call.unfit[index]
    health = one.health
    match health.state(now):
        case "resting":
            return "resting", f"it rests for {health.resting_until - now:.3g} s after: {health.reason}"
        case "probing":
            return "probing", f"another call tries it, after: {health.reason}"
        case "half_open":
            return "available", PROBE
        case _:
            return (
                ("slow", one.times.describe(now)) if one.times.is_slow(now) else ("available", "it can take the call")
            )
