"""The driver of a bulk run on Ray: hands questions out one by one, and keeps the journal."""

from __future__ import annotations

from collections import deque
from typing import Any

from dhenara.ai.dataclass import dataclass

from .job import Job, Question
from .on_ray import MakeClient, OnRay, ray_library
from .outcome import Outcome
from .ray_crew import Crew, Seat

PATIENCE = 0.2
"""Seconds of one step at most, so that a cancelled run ends soon."""
TRIES = 3
"""So many workers may die with a question before it is the question's fault."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A question on its way to a worker, and how many died with it before."""

    question: Question
    deaths: int = 0


class RayRun:
    """Pulled step by step, by whoever waits for it in whatever colour."""

    def __init__(
        self, job: Job, make_client: MakeClient, options: dict[str, Any], concurrency: int, where: OnRay
    ) -> None:
        self._job = job
        self._concurrency = concurrency
        self._on_the_way: dict[Any, tuple[Seat, Errand | None]] = {}
        self._again: deque[Errand] = deque()
        self._next = job.next()
        self._ray = ray_library()
        # Where everything is answered already, no cluster is needed.
        self._crew = Crew(self._ray, make_client, options, concurrency, where) if self._next else None

    def step(self) -> bool:
        """Hands out what can be asked now and takes in what is answered. Whether there is more to do."""
        if self._job.stopped:
            self._next = None
            self._again.clear()
        if self._crew is None or (self._next is None and not self._again and not self._asked()):
            return False
        for seat in self._crew.fill():
            self._on_the_way[seat.begun] = (seat, None)
        self._hand_out(self._crew)
        for answer in self._arrived():
            self._take(self._crew, answer)
        return True

    def close(self) -> None:
        """Workers end, whatever they are doing."""
        if self._crew is not None:
            self._crew.close()

    def _hand_out(self, crew: Crew) -> None:
        while self._asked() < self._concurrency and (seat := crew.free()) is not None:
            errand = self._errand()
            if errand is None:
                return
            prompt, again = errand.question.prompt, errand.deaths > 0
            self._on_the_way[seat.worker.ask.remote(prompt, again=again)] = (seat, errand)
            seat.busy += 1

    def _errand(self) -> Errand | None:
        if self._again:
            return self._again.popleft()
        question = self._next
        if question is None or self._job.stopped:
            return None
        self._next = self._job.next()
        return Errand(question)

    def _asked(self) -> int:
        return sum(errand is not None for _, errand in self._on_the_way.values())

    def _arrived(self) -> list[Any]:
        waiting = list(self._on_the_way)
        if not self._ray.wait(waiting, num_returns=1, timeout=PATIENCE)[0]:
            return []
        ready: list[Any] = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)[0]
        return ready

    def _take(self, crew: Crew, answer: Any) -> None:
        seat, errand = self._on_the_way.pop(answer)
        try:
            outcome: Outcome | None = self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:
            raise mistake_in(error) from error
        except self._ray.exceptions.RayError as error:
            crew.lost(seat, error)
            if errand is not None:
                self._lost(errand, error)
            return
        if errand is None or outcome is None:
            seat.ready = True
            return
        seat.busy -= 1
        crew.in_vain = 0
        self._job.done(errand.question, outcome)

    def _lost(self, errand: Errand, error: Exception) -> None:
        deaths = errand.deaths + 1
        if deaths < TRIES:
            self._again.append(Errand(errand.question, deaths))
            return
        told = f"{type(error).__name__}: {deaths} workers died while they asked this; the last one: {first_line(error)}"
        self._job.done(errand.question, Outcome({"text": None, "error": told}))


def mistake_in(error: Any) -> BaseException:
    """What was raised in the worker, rather than Ray's report of it."""
    cause = error.cause
    return cause if isinstance(cause, Exception) else error


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
