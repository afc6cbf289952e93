"""The driver of a bulk run on Ray: hands questions out one by one, and keeps the journal."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from .backends import MakeClient, OnRay, load_ray
from .job import BulkJob, RowRequest
from .ray_workers import RayWorkerPool, WorkerSlot
from .report import RowResult

TIMEOUT = 0.2
"""Seconds of one step at most, so that a cancelled run ends soon."""
TRIES = 3
"""So many workers may die with a question before it is the question's fault."""


@dataclass(frozen=True, slots=True)
class AssignedRow:
    """A question on its way to a worker, and how many died with it before."""

    question: RowRequest
    deaths: int = 0


class RayRun:
    """Pulled step by step, by whoever waits for it in whatever colour."""

    def __init__(
        self, job: BulkJob, make_client: MakeClient, options: dict[str, Any], concurrency: int, where: OnRay
    ) -> None:
        self._job = job
        self._concurrency = concurrency
        self._on_the_way: dict[Any, tuple[WorkerSlot, AssignedRow | None]] = {}
        self._again: deque[AssignedRow] = deque()
        self._next = job.next_request()
        self._ray = load_ray()
        # Where everything is answered already, no cluster is needed.
        self._workers = RayWorkerPool(self._ray, make_client, options, concurrency, where) if self._next else None

    def step(self) -> bool:
        """Hands out what can be asked now and takes in what is answered. Whether there is more to do."""
        if self._job.stopped:
            self._next = None
            self._again.clear()
        if self._workers is None or (self._next is None and not self._again and not self._pending_count()):
            return False
        for slot in self._workers.add_workers():
            self._on_the_way[slot.begun] = (slot, None)
        self._assign_rows(self._workers)
        for answer in self._finished_calls():
            self._record_answer(self._workers, answer)
        return True

    def close(self) -> None:
        """Workers end, whatever they are doing."""
        if self._workers is not None:
            self._workers.close()

    def _assign_rows(self, workers: RayWorkerPool) -> None:
        while self._pending_count() < self._concurrency and (slot := workers.find_free_slot()) is not None:
            assigned = self._next_row()
            if assigned is None:
                return
            prompt, again = assigned.question.prompt, assigned.deaths > 0
            self._on_the_way[slot.worker.ask.remote(prompt, again=again)] = (slot, assigned)
            slot.busy += 1

    def _next_row(self) -> AssignedRow | None:
        if self._again:
            return self._again.popleft()
        question = self._next
        if question is None or self._job.stopped:
            return None
        self._next = self._job.next_request()
        return AssignedRow(question)

    def _pending_count(self) -> int:
        return sum(assigned is not None for _, assigned in self._on_the_way.values())

    def _finished_calls(self) -> list[Any]:
        waiting = list(self._on_the_way)
        if not self._ray.wait(waiting, num_returns=1, timeout=TIMEOUT)[0]:
            return []
        ready: list[Any] = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)[0]
        return ready

    def _record_answer(self, workers: RayWorkerPool, answer: Any) -> None:
        slot, assigned = self._on_the_way.pop(answer)
        try:
            outcome: RowResult | None = self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:
            raise worker_exception(error) from error
        except self._ray.exceptions.RayError as error:
            workers.remove_worker(slot, error)
            if assigned is not None:
                self._record_lost_worker(assigned, error)
            return
        if assigned is None or outcome is None:
            slot.ready = True
            return
        slot.busy -= 1
        workers.in_vain = 0
        self._job.record_result(assigned.question, outcome)

    def _record_lost_worker(self, assigned: AssignedRow, error: Exception) -> None:
        deaths = assigned.deaths + 1
        if deaths < TRIES:
            self._again.append(AssignedRow(assigned.question, deaths))
            return
        data = f"{type(error).__name__}: {deaths} workers died while they asked this; the last one: {first_line(error)}"
        self._job.record_result(assigned.question, RowResult({"text": None, "error": data}))


def worker_exception(error: Any) -> BaseException:
    """What was raised in the worker, rather than Ray's report of it."""
    cause = error.root_cause
    return cause if isinstance(cause, Exception) else error


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
