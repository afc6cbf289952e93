"""Routes in simulated time: the real router over a fake clock, and deployments that behave as a script says."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dhenara.ai.errors import CallError, CallTimeoutError, ServerError
from dhenara.ai.pipeline.retry import Retry
from dhenara.ai.pipeline.routing.board import HealthBoard, HealthStore
from dhenara.ai.pipeline.routing.route_context import RetryBudget
from dhenara.ai.pipeline.routing.router import Router
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint, Call, Deployment, ModelRoute
from dhenara.ai.types.chat.message import Message
from dhenara.ai.types.content.parts import TextContent

Behaviour = Callable[[float, random.Random], tuple[float, CallError | None]]
"""Takes the time; returns the seconds until the outcome, and the error, if it is one."""


class Sleep:
    """Awaitable that the timeline resumes later."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __await__(self) -> Generator[float, None, None]:
        yield self.seconds


class Alarm(Sleep):
    """Awaitable that the timeline resumes later, or at once when it rings."""

    work: Coroutine[Any, Any, Any] | None = None
    timeline: Timeline | None = None

    def __await__(self) -> Generator[Alarm, None, None]:
        yield self

    def ring(self) -> None:
        if self.timeline is not None and self.work is not None:
            work, self.work = self.work, None
            self.timeline.start(work, self.timeline.now)


class Timeline:
    """Runs coroutines in simulated time, in the order of their wake-ups."""

    def __init__(self, seed: int = 0) -> None:
        self.now = 0.0
        self.chance = random.Random(seed)
        self._waiting: list[tuple[float, int, Any]] = []
        self._number = 0

    def start(self, work: Any, at: float) -> None:
        """Start a coroutine at a time."""
        self._number += 1
        heapq.heappush(self._waiting, (at, self._number, work))

    def run(self) -> None:
        """Run everything to its end."""
        while self._waiting:
            at, _, work = heapq.heappop(self._waiting)
            if isinstance(work, Alarm):  # its time is over, unless it has rung
                work.work, work = None, work.work
            if work is None or work.cr_frame is None:  # cancelled
                continue
            self.now = max(self.now, at)
            self.resume(work)

    def resume(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine until it pauses."""
        try:
            pause = work.send(None)
        except StopIteration:
            return
        if isinstance(pause, Alarm):
            pause.work, pause.timeline = work, self
            self.start(pause, self.now + pause.seconds)
        else:
            self.start(work, self.now + pause)


class SimulatedBranches:
    """Steps beside each other in simulated time; cancelling one closes its coroutine."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._steps: list[Coroutine[Any, Any, Any]] = []
        self._unseen = 0
        self._alarm: Alarm | None = None

    async def __aenter__(self) -> SimulatedBranches:
        return self

    async def __aexit__(self, *failure: object) -> None:
        for work in self._steps:
            work.close()

    def start(self, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def work() -> None:
            await step()
            self._unseen += 1
            if self._alarm is not None:
                self._alarm.ring()

        self._steps.append(work())
        self._timeline.resume(self._steps[-1])

    async def wait(self, seconds: float | None) -> bool:
        if not self._unseen:
            self._alarm = Alarm(float("inf") if seconds is None else seconds)
            await self._alarm
            self._alarm = None
        self._unseen -= (ended := self._unseen > 0)
        return ended


class SimulatedIO:
    """The part of the IO protocol that routes need."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline

    async def sleep(self, seconds: float) -> None:
        await Sleep(seconds)

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    def branches(self) -> SimulatedBranches:
        return SimulatedBranches(self.timeline)

    def monotonic(self) -> float:
        return self.timeline.now

    def time(self) -> float:
        return 1_795_000_000 + self.timeline.now

    def random(self) -> float:
        return self.timeline.chance.random()


class AnsweredStream:
    """A stream whose answer is complete."""

    error = None
    complete = True
    origin = None

    def __init__(self) -> None:
        self.hooks: list[Any] = []

    def on_end(self, hook: Any) -> None:
        self.hooks.append(hook)

    async def close(self) -> None:
        for hook in self.hooks:
            await hook(self)


def simulated_endpoint(name: str) -> AIModelEndpoint:
    api = AIModelAPI(provider="openai", api_key=f"sk-{name}")
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name=name))


@dataclass
class Request:
    """One request that reached a deployment: when, where, and in which state that was."""

    at: float
    index: int
    state: str
    ended: float = float("inf")


@dataclass
class Outcome:
    """One call: when it began and ended, and its error."""

    began: float
    ended: float
    error: CallError | None
    attempts: int
    index: int | None = None


@dataclass
class Simulation:
    """A client with a route, in simulated time.

    Args:
        groups: The names of the deployments in each group.
        behaviours: What each deployment does, by name.
        strategy: The strategy of each group.
    """

    groups: Sequence[Sequence[str]]
    behaviours: dict[str, Behaviour]
    strategy: Any = "weighted"
    weights: dict[str, float] = field(default_factory=dict)
    config: AIModelCallConfig = field(default_factory=AIModelCallConfig)
    attempts: int | None = None
    hedge_after: float | None = None
    seed: int = 0
    store: HealthStore | None = None
    timeline: Timeline | None = None

    def __post_init__(self) -> None:
        self.timeline = self.timeline or Timeline(self.seed)
        self.io: Any = SimulatedIO(self.timeline)
        groups = [
            {
                "deployments": [
                    Deployment(endpoint=simulated_endpoint(name), name=name, weight=self.weights.get(name, 1.0))
                    for name in group
                ],
                "strategy": self.strategy,
            }
            for group in self.groups
        ]
        self.route = ModelRoute.of(
            {"groups": groups, "attempts": self.attempts, "hedge_after": self.hedge_after}, "simulated"
        )
        self.board = HealthBoard(self.route, self.store)
        self.requests: list[Request] = []
        self.outcomes: list[Outcome] = []
        pipelines = {index: SimulatedPipeline(self, index) for index in range(len(self.route.deployments))}
        for one in self.board.standings:
            one.key = one.deployment.name
        self.router = Router(self.io, self.board, pipelines, retries=RetryBudget())

    def call(self, text: str = "Hello", **facts: Any) -> Call:
        message = Message(role="user", contents=[TextContent(text=text)])
        return Call(self.route.deployments[0].endpoint, (message,), self.config, **facts)

    async def ask(self, call: Call) -> None:
        """Send one call, read its answer, and note the outcome."""
        began = self.io.monotonic()
        error: CallError | None = None
        try:
            stream: Any = await self.router.route_call(call)
            await stream.close()
        except CallError as failed:
            error = failed
        index = self.requests[-1].index if self.requests else None
        attempts = len(call.journal.attempts)
        self.outcomes.append(Outcome(began, self.io.monotonic(), error, attempts, index))

    def ask_at(self, *times: float, **facts: Any) -> None:
        """Send a call at each of these times."""
        assert self.timeline is not None
        for number, at in enumerate(times):
            self.timeline.start(self.ask(self.call(f"Hello {number}", **facts)), at)

    def run(self) -> list[Outcome]:
        """Run all calls to their end."""
        assert self.timeline is not None
        self.timeline.run()
        return self.outcomes

    def deployments_called(self) -> Iterator[str]:
        """Names of the deployments, one for each request."""
        for request in self.requests:
            yield self.route.deployments[request.index].name


class SimulatedPipeline:
    """One deployment: its retries are real, its answers are those of the script."""

    def __init__(self, simulation: Simulation, index: int) -> None:
        self._simulation = simulation
        self._index = index
        self.endpoint = simulation.route.deployments[index].endpoint

    async def send(self, call: Call) -> Any:
        return await Retry(self._simulation.io).retry_failures(call, self._request)

    async def _request(self, call: Call) -> Any:
        simulation, io = self._simulation, self._simulation.io
        now = io.monotonic()
        one = simulation.board.standings[self._index]
        request = Request(now, self._index, one.health.state(now))
        simulation.requests.append(request)
        seconds, error = simulation.behaviours[one.deployment.name](now, io.timeline.chance)
        if call.deadline is not None and now + seconds > call.deadline:
            await io.sleep(call.deadline - now)
            late = CallTimeoutError("the whole call took too long", limit="total")
            late.retriable = False
            raise late
        await io.sleep(seconds)
        request.ended = io.monotonic()
        if error is not None:
            raise error
        return AnsweredStream()


def answers(seconds: float = 0.5) -> Behaviour:
    """A deployment that always answers after so many seconds."""
    return lambda now, chance: (seconds, None)


def fails(error: Callable[[], CallError] = lambda: ServerError("down"), seconds: float = 0.1) -> Behaviour:
    """A deployment that always fails."""
    return lambda now, chance: (seconds, error())


def in_turn(*steps: Behaviour) -> Behaviour:
    """A deployment that does one thing for each request; the last one again and again."""
    left = list(steps)

    def behave(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        step = left.pop(0) if len(left) > 1 else left[0]
        return step(now, chance)

    return behave


def down_between(
    *times: tuple[float, float], seconds: float = 0.5, error: Callable[[], CallError] | None = None
) -> Behaviour:
    """A deployment that fails during outages."""

    def behave(now: float, chance: random.Random) -> tuple[float, CallError | None]:
        if any(begin <= now < end for begin, end in times):
            return 0.1, (error or (lambda: ServerError("down", status=503)))()
        return seconds * (0.5 + chance.random()), None

    return behave
