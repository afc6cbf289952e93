"""Bulk runs on a Ray cluster: workers, a pool that replaces lost ones, and `ask_rows` for Ray datasets."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Unpack

from dhenara.ai.errors import DhenaraError

from ..cache import caching
from ..client import AiClient
from ..concurrency import ask_all, check_concurrency, try_ask
from ..exceptions import Options
from ..operations.ask_options import AskOptions
from ..usage import tagged
from .backends import MakeClient, OnRay, RayContext, capture_context, load_ray, make_client_factory
from .job import BulkJob, RowRequest
from .rows import PromptTemplate, RowResult, result_from_answer

if TYPE_CHECKING:
    from pyarrow import Table

RayObject = Any
"""A worker, a reference to a result, or a dataset: objects of Ray, which has no types for them."""


class Worker:
    """A Ray actor that has one client for the whole run."""

    def __init__(self, make_client: MakeClient, options: Options, context: RayContext) -> None:
        self._make_client = make_client
        self._options = options
        self._context = context
        self._client: AiClient | None = None

    def begin(self) -> None:
        """Create the client. Not done in the constructor, so that its errors are raised unchanged."""
        self._client = self._make_client()

    def ask(self, prompt: str, *, again: bool) -> RowResult:
        """Return the answer or error for a prompt. `again`: an earlier worker died while it processed this prompt."""
        if self._client is None:
            raise RuntimeError("this worker was not started. This is a bug; please report it.")
        # The dead worker's answer may be in the cache, but its lease on the request is not waited for.
        cached = {**self._context.caching, **({"lease": 0} if again else {})}
        with caching(**cached), tagged(**self._context.tags):
            return result_from_answer(try_ask(self._client.ask, prompt, self._options))

    def end(self) -> None:
        if self._client is not None:
            self._client.close()


log = logging.getLogger("ai_utilities.batch")
IN_VAIN = 5
"""Number of workers that may die in succession, without an answer in between, before the run fails."""
GOODBYE = 5.0
"""Seconds for workers to close their connections."""


class WorkersLostError(DhenaraError):
    """The Ray workers of a bulk run die repeatedly, without any answer."""

    advice = "See Ray's logs for the reason, such as memory or missing packages. Run again to resume."


@dataclass(eq=False, slots=True)
class WorkerSlot:
    """One worker of the pool. `begun` is resolved when the worker is ready."""

    worker: RayObject
    begun: RayObject
    ready: bool = False
    busy: int = 0


class RayWorkerPool:
    """Starts workers on the connected cluster, or on a local one that is started for this run."""

    def __init__(
        self, ray: ModuleType, make_client: MakeClient, options: Options, concurrency: int, backend: OnRay
    ) -> None:
        self._ray = ray
        self._made_cluster = not ray.is_initialized()
        if self._made_cluster:
            ray.init(log_to_driver=False, logging_level=logging.ERROR)
        self.in_vain = 0
        self._count = worker_count(ray, backend, concurrency)
        self._each = -(-concurrency // self._count)
        self._slots: list[WorkerSlot] = []
        self._worker_arguments = (make_client, options, capture_context())
        spread = {"scheduling_strategy": "SPREAD", **backend.options}
        # No restarts by Ray, because it does not report which requests were lost.
        self._kind = ray.remote(Worker).options(**spread, max_concurrency=self._each, max_restarts=0)

    def add_workers(self) -> Iterator[WorkerSlot]:
        """Start missing workers and yield them."""
        while len(self._slots) < self._count:
            worker = self._kind.remote(*self._worker_arguments)
            slot = WorkerSlot(worker, worker.begin.remote())
            self._slots.append(slot)
            yield slot

    def find_free_slot(self) -> WorkerSlot | None:
        """Return the least busy worker with a free place."""
        free = [slot for slot in self._slots if slot.ready and slot.busy < self._each]
        return min(free, key=lambda slot: slot.busy, default=None)

    def remove_worker(self, slot: WorkerSlot, error: Exception) -> None:
        """Remove a worker that died; does nothing if it is removed already."""
        if slot not in self._slots:
            return
        self._slots.remove(slot)
        # It may be alive but unreachable, and would send requests that others send now.
        self._ray.kill(slot.worker)
        self.in_vain += 1
        log.warning("a Ray worker was lost and is replaced: %s", type(error).__name__)
        if self.in_vain >= IN_VAIN:
            raise WorkersLostError(f"{self.in_vain} Ray workers died in succession: {error}") from error

    def close(self) -> None:
        goodbyes = [slot.worker.end.remote() for slot in self._slots if slot.ready and not slot.busy]
        if goodbyes:
            self._ray.wait(goodbyes, num_returns=len(goodbyes), timeout=GOODBYE)
        for slot in self._slots:
            self._ray.kill(slot.worker)
        self._slots.clear()
        if self._made_cluster:
            self._ray.shutdown()


def worker_count(ray: ModuleType, backend: OnRay, concurrency: int) -> int:
    """Return the number of workers: as configured or one per processor, at most the concurrency."""
    processors = int(ray.cluster_resources().get("CPU", 1)) if ray.is_initialized() else 1
    return min(backend.workers or max(1, processors), concurrency)


COLUMNS = {
    "text": "string",
    "error": "string",
    "provider": "string",
    "model": "string",
    "finish_reason": "string",
    "prompt_tokens": "int64",
    "completion_tokens": "int64",
    "cost": "string",
}
AHEAD = 8
"""Rows of a block per concurrent request, so that one slow answer delays few others."""


def ask_rows(
    dataset: RayObject,
    *,
    prompt: str | None = None,
    client: AiClient | None = None,
    concurrency: int | None = None,
    where: OnRay | None = None,
    **options: Unpack[AskOptions],
) -> RayObject:
    """Add the columns of an answer to a Ray dataset. Requests are sent when the dataset is consumed.

    There is no journal: after an interruption, only answers in a Redis cache are reused.

    Args:
        dataset: A `ray.data.Dataset`.
        prompt: A template such as `"Summarise: {text}"`. Default None: the column `prompt`.
        client: The client. Default None: one from the settings.
        concurrency: Number of concurrent requests. Default None: from the settings.
        where: Workers and Ray options.
        **options: See `AskOptions`; they apply to every row.

    Returns:
        The dataset with the columns text, error, provider, model, finish_reason, prompt_tokens, completion_tokens and
        cost. A name that exists already gets the prefix `answer_`.

    Raises:
        ProviderConfigurationError: If Ray is not installed, or the client cannot be created on other machines.
    """
    ray = load_ray()
    backend = where or OnRay()
    worker_options: Options = dict(options)
    asking_client = client if client is not None else AiClient()
    asking_client._operations.check_options(worker_options)
    count = check_concurrency(concurrency if concurrency is not None else asking_client.settings.concurrency)
    make_client = make_client_factory(asking_client, backend, worker_options)
    if client is None:
        asking_client.close()
    workers = worker_count(ray, backend, count)
    each = -(-count // workers)
    return dataset.map_batches(
        RowAsker,
        fn_constructor_args=(make_client, prompt, worker_options, each, capture_context()),
        batch_format="pyarrow",
        batch_size=each * AHEAD,
        compute=import_module("ray.data").ActorPoolStrategy(size=workers),
        **backend.options,
    )


class RowAsker:
    """A callable that Ray keeps between blocks; it sends the rows of a block concurrently."""

    def __init__(
        self,
        make_client: MakeClient,
        prompt: str | None,
        options: Options,
        concurrency: int,
        context: RayContext,
    ) -> None:
        self._context = context
        self._client = make_client()
        self._template = PromptTemplate(prompt)
        self._options = options
        self._concurrency = concurrency

    def __call__(self, batch: Table) -> Table:
        """Return the table with the columns of the answers."""
        import pyarrow

        prompts = [self._template.fill(row) for row in batch.to_pylist()]
        with caching(**self._context.caching), tagged(**self._context.tags):
            results = ask_all(self._client.ask, prompts, self._concurrency, self._options)
        entries = [result_from_answer(result).entry for result in results]
        existing = set(batch.column_names)
        for name, kind in COLUMNS.items():
            values = pyarrow.array([entry[name] for entry in entries], kind)
            batch = batch.append_column(name if name not in existing else f"answer_{name}", values)
        return batch


TIMEOUT = 0.2
"""Maximum seconds of one step, so that a cancelled run ends soon."""
TRIES = 3
"""Number of workers that may die with a request before the request is failed."""


@dataclass(frozen=True, slots=True)
class AssignedRow:
    """A request assigned to a worker, and how many workers died with it."""

    request: RowRequest
    deaths: int = 0


class RayRun:
    """A bulk run on Ray; the caller runs it step by step, sync or async."""

    def __init__(
        self, job: BulkJob, make_client: MakeClient, options: Options, concurrency: int, backend: OnRay
    ) -> None:
        self._job = job
        self._concurrency = concurrency
        self._on_the_way: dict[RayObject, tuple[WorkerSlot, AssignedRow | None]] = {}
        self._again: deque[AssignedRow] = deque()
        self._next = job.next_request()
        self._ray = load_ray()
        # No cluster is started if all rows are answered already.
        self._workers = RayWorkerPool(self._ray, make_client, options, concurrency, backend) if self._next else None

    def step(self) -> bool:
        """Assign rows to free workers and record answers. Returns whether there is more to do."""
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
        """Stop all workers."""
        if self._workers is not None:
            self._workers.close()

    def _assign_rows(self, workers: RayWorkerPool) -> None:
        while self._pending_count() < self._concurrency and (slot := workers.find_free_slot()) is not None:
            assigned = self._next_row()
            if assigned is None:
                return
            prompt, again = assigned.request.prompt, assigned.deaths > 0
            self._on_the_way[slot.worker.ask.remote(prompt, again=again)] = (slot, assigned)
            slot.busy += 1

    def _next_row(self) -> AssignedRow | None:
        if self._again:
            return self._again.popleft()
        request = self._next
        if request is None or self._job.stopped:
            return None
        self._next = self._job.next_request()
        return AssignedRow(request)

    def _pending_count(self) -> int:
        return sum(assigned is not None for _, assigned in self._on_the_way.values())

    def _finished_calls(self) -> list[RayObject]:
        waiting = list(self._on_the_way)
        if not self._ray.wait(waiting, num_returns=1, timeout=TIMEOUT)[0]:
            return []
        ready: list[RayObject] = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)[0]
        return ready

    def _record_answer(self, workers: RayWorkerPool, answer: RayObject) -> None:
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
        self._job.record_result(assigned.request, outcome)

    def _record_lost_worker(self, assigned: AssignedRow, error: Exception) -> None:
        deaths = assigned.deaths + 1
        if deaths < TRIES:
            self._again.append(AssignedRow(assigned.request, deaths))
            return
        message = f"{type(error).__name__}: {deaths} workers died during this request: {first_line(error)}"
        self._job.record_result(assigned.request, RowResult({"text": None, "error": message}))


def worker_exception(error: RayObject) -> BaseException:
    """Return the exception raised in the worker instead of Ray's wrapper."""
    cause = error.cause
    return cause if isinstance(cause, Exception) else error


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
