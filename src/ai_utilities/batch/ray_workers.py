"""The workers of a run on Ray: who is there, who has time, and who takes the place of those that died."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from dhenara.ai.dataclass import dataclass
from dhenara.ai.errors import DhenaraError

from .ray_options import MakeClient, OnRay, capture_context
from .ray_worker import Worker

log = logging.getLogger("ai_utilities.batch")
IN_VAIN = 5
"""So many workers may die one after the other, without an answer in between, before a run gives up."""
GOODBYE = 5.0
"""Seconds for workers to put their connections down."""


class WorkersLostError(DhenaraError):
    """The workers of a bulk run on Ray die, and nothing is answered."""

    advice = "Look at Ray's logs for the reason: memory, or what is installed on its machines. The run can be resumed."


@dataclass(eq=False, slots=True)
class WorkerSlot:
    """The place of one worker. `begun` arrives when it is ready for questions."""

    worker: Any
    begun: Any
    ready: bool = False
    busy: int = 0


class RayWorkerPool:
    """Connects to the cluster that is there; where there is none, this machine becomes one, for the time of the run."""

    def __init__(
        self, ray: Any, make_client: MakeClient, options: dict[str, Any], concurrency: int, where: OnRay
    ) -> None:
        self._ray = ray
        self._made_cluster = not ray.is_initialized()
        if self._made_cluster:
            ray.init(log_to_driver=False, logging_level=logging.ERROR)
        self.in_vain = 0
        self._count = worker_count(ray, where, concurrency)
        self._each = -(-concurrency // self._count)
        self._slots: list[WorkerSlot] = []
        self._text = (make_client, options, capture_context())
        spread = {"scheduling_strategy": "SPREAD", **where.options}
        # Ray would start a dead one again by itself, but not say which of its questions were lost.
        self._kind = ray.remote(Worker).options(**spread, max_concurrency=self._each, max_restarts=0)

    def add_workers(self) -> Iterator[WorkerSlot]:
        """Those who were not there before."""
        while len(self._slots) < self._count:
            worker = self._kind.remote(*self._text)
            slot = WorkerSlot(worker, worker.begin.remote())
            self._slots.append(slot)
            yield slot

    def find_free_slot(self) -> WorkerSlot | None:
        """Whoever has the least to do and time for more."""
        free = [slot for slot in self._slots if slot.ready and slot.busy < self._each]
        return min(free, key=lambda slot: slot.busy, default=None)

    def remove_worker(self, slot: WorkerSlot, error: Exception) -> None:
        """This one died; the first who notices gives up its seat."""
        if slot not in self._slots:
            return
        self._slots.remove(slot)
        # It may only be out of reach, and would go on asking what others ask now.
        self._ray.kill(slot.worker)
        self.in_vain += 1
        log.warning("a worker on Ray was lost, another one takes its place: %s", type(error).__name__)
        if self.in_vain >= IN_VAIN:
            raise WorkersLostError(f"{self.in_vain} workers died one after the other: {error}") from error

    def close(self) -> None:
        goodbyes = [slot.worker.end.remote() for slot in self._slots if slot.ready and not slot.busy]
        if goodbyes:
            self._ray.wait(goodbyes, num_returns=len(goodbyes), timeout=GOODBYE)
        for slot in self._slots:
            self._ray.kill(slot.worker)
        self._slots.clear()
        if self._made_cluster:
            self._ray.shutdown()


def worker_count(ray: Any, where: OnRay, concurrency: int) -> int:
    """As many workers as were asked for, or as there are processors; never more than questions at once."""
    processors = int(ray.cluster_resources().get("CPU", 1)) if ray.is_initialized() else 1
    return min(where.workers or max(1, processors), concurrency)
