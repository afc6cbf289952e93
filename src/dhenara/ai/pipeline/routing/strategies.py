"""Strategies: which of the deployments of a group that can take a call gets it.

Each is a function of the standings and the request; ties go to the deployment that was chosen longest ago.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...errors import ConfigurationError
from ...types.config.routes import Candidate, ChooseDeployment, RouteRequest, StrategyName
from .board import Standing

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

    def load(index: int) -> tuple[float, int]:
        one = standings[index]
        weight = one.deployment.weight
        return (one.in_flight + 1) / weight if weight else float("inf"), one.last_chosen

    return min(usable, key=load)


def choose_fastest(
    usable: Sequence[int], standings: Sequence[Standing], request: RouteRequest, random: float, now: float
) -> int:
    """Return the one with the shortest time to the first token, times its running calls; unknown ones come first."""
    if random < EXPLORED:
        return choose_in_turn(usable, standings, request, random, now)

    def expected(index: int) -> tuple[float, int]:
        one = standings[index]
        return (one.latency or 0.0) * (one.in_flight + 1), one.last_chosen

    return min(usable, key=expected)


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
    choose: ChooseDeployment, usable: Sequence[int], standings: Sequence[Standing], request: RouteRequest, now: float
) -> int:
    """Return what the user's strategy chooses.

    Raises:
        ConfigurationError: If it returns something else than one of the candidates or the name of one.
    """
    candidates = [to_candidate(standings[index], request, now) for index in usable]
    chosen = choose(candidates, request)
    name = chosen.deployment.name if isinstance(chosen, Candidate) else chosen
    for index, candidate in zip(usable, candidates, strict=True):
        if candidate.deployment.name == name:
            return index
    raise ConfigurationError(
        f"the strategy {getattr(choose, '__name__', 'of the route')!r} returned {name!r:.60}, which is none of its "
        "candidates. Return one of the list that it gets, or the name of its deployment"
    )


def to_candidate(one: Standing, request: RouteRequest, now: float) -> Candidate:
    """Return a standing as strategies of users see it."""
    headroom = None if one.headroom is None else headroom_of(one, now)
    return Candidate(one.deployment, one.in_flight, one.latency, headroom, one.facts.cost_of(request))
