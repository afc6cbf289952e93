"""Simulated deployments and time, the same for each router: an event loop whose clock jumps to the next event.

Standard library only, because each router runs in an environment of its own.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import random
import selectors
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

HOUR = 3600.0
START = 1_795_000_000.0
MAIN, SPARE = ("a", "b", "c"), ("d", "e")
"""The deployments of the main group, and of the group after it."""

TIMEOUT, RETRIES = 60.0, 2


@dataclass(frozen=True)
class Reply:
    """What a deployment does with a request: after `seconds`, HTTP `status`, perhaps with `retry_after`."""

    seconds: float
    status: int = 200
    retry_after: float | None = None


@dataclass
class Trouble:
    """What is wrong with a deployment for a time."""

    kind: str
    begin: float
    end: float

    def reply(self, now: float, chance: random.Random) -> Reply:
        match self.kind:
            case "outage":
                return Reply(0.05, 503)
            case "brown-out":
                return Reply(0.5, 503) if chance.random() < 0.5 else Reply(1.0)
            case "limit":
                return Reply(0.05, 429, self.end - now)
            case "key":
                return Reply(0.05, 401)
            case _:
                return Reply(8 + 8 * chance.random())


SCENARIOS: dict[str, Callable[[random.Random], dict[str, list[Trouble]]]] = {
    "no trouble": lambda chance: {},
    "one down for 20 minutes": lambda chance: {"a": [Trouble("outage", 600, 1800)]},
    "two brown out for 20 minutes": lambda chance: {name: [Trouble("brown-out", 600, 1800)] for name in "ab"},
    "rate limits of a minute": lambda chance: {
        name: [Trouble("limit", at, at + 60) for at in range(offset, 3600, 180)]
        for name, offset in zip(MAIN, (0, 60, 90), strict=True)
    },
    "the main group down for 10 minutes": lambda chance: {name: [Trouble("outage", 900, 1500)] for name in MAIN},
    "a key revoked": lambda chance: {"b": [Trouble("key", 300, 3600)]},
    "everything at random": lambda chance: {name: at_random(chance) for name in (*MAIN, *SPARE)},
}


def at_random(chance: random.Random) -> list[Trouble]:
    troubles, at = [], chance.expovariate(1 / 600)
    while at < HOUR:
        length = chance.choice([5, 30, 120, 300])
        troubles.append(Trouble(chance.choice(["outage", "brown-out", "limit", "slow", "key"]), at, at + length))
        at += length + chance.expovariate(1 / 600)
    return troubles


@dataclass
class World:
    """The deployments of one scenario; counts the requests that they get."""

    scenario: str
    seed: int
    requests: int = 0
    refused: int = 0
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.troubles = SCENARIOS[self.scenario](random.Random(self.seed))

    def reply(self, name: str, now: float) -> Reply:
        """What this deployment does with a request now."""
        self.requests += 1
        trouble = next((one for one in self.troubles.get(name, ()) if one.begin <= now < one.end), None)
        reply = Reply(0.2 + 0.8 * self.chance.random()) if trouble is None else trouble.reply(now, self.chance)
        self.refused += reply.status != 200
        return reply


class JumpingSelector(selectors.DefaultSelector):
    """Waits no time: the clock of the loop jumps instead. Threads get a moment to finish first."""

    clock: JumpingClock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0:
            return super().select(0)
        ready = super().select(0.0003)
        while not ready and self.clock.threads:
            ready = super().select(0.002)
        if not ready and timeout:
            self.clock.now += timeout
        return ready


def compiled_clock() -> Callable[[int], object] | None:
    """What sets the clock of compiled code, if `simulated_clock.c` was loaded before the process."""
    library = os.environ.get("LD_PRELOAD", "")
    if not library.endswith("simulated_clock.so"):
        return None
    set_elapsed: Callable[[int], object] = ctypes.CDLL(library).set_elapsed
    set_elapsed.argtypes = [ctypes.c_longlong]  # type: ignore[attr-defined]
    return set_elapsed


class JumpingClock:
    """Simulated time, also for `time.time` and `time.monotonic`, which must be replaced before imports."""

    def __init__(self) -> None:
        self._now = 0.0
        self._compiled = compiled_clock()
        self.threads = 0
        """Work in threads that a coroutine waits for."""

    @property
    def now(self) -> float:
        """Simulated seconds since the start."""
        return self._now

    @now.setter
    def now(self, now: float) -> None:
        self._now = now
        if self._compiled is not None:
            self._compiled(int(now * 1e9))

    def install(self) -> None:
        self.now = 0.0
        time.time = lambda: START + self.now
        time.monotonic = lambda: self.now
        time.perf_counter = lambda: self.now

    def loop(self) -> asyncio.SelectorEventLoop:
        selector = JumpingSelector()
        selector.clock = self
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: self.now  # type: ignore[method-assign]
        run_in_executor = loop.run_in_executor

        def counted(*args: Any) -> asyncio.Future[Any]:
            self.threads += 1
            work = run_in_executor(*args)
            work.add_done_callback(self.thread_ended)
            return work

        loop.run_in_executor = counted  # type: ignore[method-assign,assignment]
        return loop

    def thread_ended(self, _: object) -> None:
        self.threads -= 1


Ask = Callable[[], Awaitable[object]]


async def measure(ask: Ask, world: World, clock: JumpingClock, calls: int) -> dict[str, object]:
    """Send calls at random times of an hour, and return what became of them."""
    chance = random.Random(world.seed + 1)
    times = sorted(chance.random() * HOUR for _ in range(calls))
    start, seconds, failed = clock.now, [], 0

    async def one(at: float) -> None:
        nonlocal failed
        await asyncio.sleep(start + at - clock.now)
        began = clock.now
        try:
            await ask()
        except Exception:  # noqa: BLE001  # routers have errors of their own
            failed += 1
        seconds.append(clock.now - began)

    await asyncio.gather(*map(one, times))
    seconds.sort()
    return {
        "success": 100 * (calls - failed) / calls,
        "p50": seconds[calls // 2],
        "p99": seconds[int(calls * 0.99)],
        "slowest": seconds[-1],
        "requests": world.requests / calls,
        "refused": world.refused,
    }


def show(clock: JumpingClock, make: Callable[[World, JumpingClock], Ask]) -> None:
    """Run the scenario that the command line names, and print its numbers as JSON."""
    name, seed, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    world = World(name, seed)
    loop = clock.loop()
    asyncio.set_event_loop(loop)

    async def run() -> dict[str, object]:
        return await measure(make(world, clock), world, clock, calls)

    print(json.dumps(loop.run_until_complete(run())), flush=True)
