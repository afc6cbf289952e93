"""A bulk run through the batches of the provider, in both colours. What is handed over stands in the journal first."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dhenara.ai.errors import CallError, CallTimeoutError

from ..crowd import ITEM_ERRORS
from .job import Job, Question, questions
from .on_provider import OnProvider, read_said
from .outcome import Outcome, failed, read_item

if TYPE_CHECKING:
    from dhenara.ai.types import BatchItem, BatchJob

    from ..operations import Operations
    from .handed import Batch

Sleep = Callable[[float], Coroutine[Any, Any, None]]
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
UNANSWERED = Outcome({"text": None, "error": "handed over to the provider, and not answered yet: run this again later"})


class ProviderRun:
    """Finds what an earlier run left behind, hands over what is new, and waits for all of it."""

    def __init__(self, job: Job, operations: Operations, options: dict[str, Any], where: OnProvider, sleep: Sleep):
        self._job = job
        self._journal = job.journal
        self._operations = operations
        self._said = read_said(options, operations.settings)
        self._where = where
        self._sleep = sleep
        self._fed: deque[Question] = deque()
        self._sending: str | None = None
        # Where batches tell no names, those of the same time and size have to be over before one can be told.
        self._patience = {} if where.wait is None else {"wait": where.wait}

    async def run(self) -> None:
        with self._operations.wiring.wished(None, self._said.tags):
            for name in await self._lost():
                self._journal.note(name, over="it never arrived")
            await self._hand_over()
            for name in await self._lost():
                rows = self._journal.handed.waiting(name)
                self._fail(name, rows, ConnectionError("the provider never got the batch that this row was in"))
            await self._collect()

    async def _lost(self) -> list[str]:
        """Asks for batches of which nobody knows whether they were made. Those that were not are told."""
        unknown = [batch for batch in self._journal.handed.open.values() if batch.job is None]
        absent = []
        for batch in unknown:
            try:
                found = await self._ask(
                    "find_batch", batch.name, since=batch.at, total=len(batch.rows), **self._patience
                )
            except CallTimeoutError:
                if self._where.wait is None:
                    raise
                continue  # its rows wait for the next run
            if found is None:
                absent.append(batch.name)
            else:
                self._keep(batch.name, found)
        return absent

    async def _hand_over(self) -> None:
        first = next(self._prompts(), None)
        if first is None:
            return  # an engine that has no batches is not asked about them for nothing
        said = {**self._said.call, "name": uuid.uuid4().hex[:16], "on_submit": self._before}
        submissions = await self._ask("submit_batches", self._prompts(first), **said)
        while True:
            try:
                made: BatchJob | None = await following(submissions)
            except ITEM_ERRORS as error:
                self._refused(error)
                continue
            if made is None:
                return
            if self._sending is not None:
                self._keep(self._sending, made)
            self._sending = None

    def _prompts(self, first: Any = None) -> Iterator[Any]:
        """What is still to be asked, each written down before it is handed over."""
        if first is not None:
            yield first
        for question in questions(self._job):
            try:
                prompt = self._said.prompt(question.prompt, self._operations.settings)
            except ITEM_ERRORS as error:
                self._job.done(question, failed(error))
                continue
            self._journal.add(question.index, question.asked, question.row, UNANSWERED.entry)
            self._fed.append(Question(question.index, {}, "", question.asked))
            yield prompt

    def _before(self, name: str | None, count: int) -> None:
        """A batch is about to be handed over: from here on it may have been, whatever happens."""
        rows = [self._fed.popleft().index for _ in range(count)]
        self._sending = name or ""
        self._journal.note(self._sending, rows=rows, at=datetime.now(UTC).isoformat())

    def _keep(self, name: str, made: BatchJob) -> None:
        self._journal.note(name, job=made.model_dump(mode="json", exclude={"raw", "response_headers", "attempts"}))

    def _refused(self, error: BaseException) -> None:
        """A batch that was refused is an error of its rows; one that may have arrived is looked for later."""
        name, self._sending = self._sending, None
        if name is None:
            raise error
        if surely_refused(error):
            self._fail(name, self._journal.handed.waiting(name), error)

    def _fail(self, name: str, rows: list[int], error: BaseException) -> None:
        for index in rows:
            self._done(index, failed(error))
        self._journal.note(name, over="its rows have errors")

    async def _collect(self) -> None:
        until = None if self._where.wait is None else time.monotonic() + self._where.wait
        pause = self._where.every or FIRST_PAUSE
        while self._journal.handed.open:
            for batch in tuple(self._journal.handed.open.values()):
                await self._look(batch)
            left = float("inf") if until is None else until - time.monotonic()
            if not self._journal.handed.open or left <= 0:
                return
            await self._sleep(min(pause, left))
            pause = self._where.every or min(pause * 1.5, LONGEST_PAUSE)

    async def _look(self, batch: Batch) -> None:
        if batch.job is None:
            return  # nobody knows yet whether it was made
        now: BatchJob = await self._ask("get_batch", batch.job)
        if not now.over:
            return
        if now.state == "failed" and not now.files:
            error = CallError(f"the batch {now.batch_id} failed: {now.reason or 'the provider does not say why'}")
            self._fail(batch.name, self._journal.handed.waiting(batch.name), error)
            return
        shape = {k: v for k, v in self._said.call.items() if k == "structured_output"}
        items = await self._ask("batch_items", now, **shape)
        while (item := await following(items)) is not None:
            self._take(batch, item)
        self._journal.note(batch.name, over="its rows are answered")

    def _take(self, batch: Batch, item: BatchItem) -> None:
        """A row that was asked otherwise since then waits for another answer."""
        if item.index < len(batch.rows):
            index = batch.rows[item.index]
            if self._journal.handed.batch_of(index) == batch.name:
                provider = self._operations.choose(dict(self._said.client)).provider_name
                self._done(index, read_item(item, provider, self._said.client.get("model")))

    def _done(self, index: int, outcome: Outcome) -> None:
        entry = self._journal.entry(index)
        self._job.done(Question(index, entry["row"], "", entry["asked"]), outcome)

    async def _ask(self, operation: str, *given: Any, **said: Any) -> Any:
        return await self._operations.operate(operation, given, {**self._said.client, **said})


async def following(iterator: Any) -> Any:
    """The next of an iterator of either colour; None at its end."""
    if hasattr(iterator, "__anext__"):
        return await anext(iterator, None)
    return next(iterator, None)


def surely_refused(error: BaseException) -> bool:
    """Whether nothing can have been made: the provider said no, or nothing was sent at all."""
    if not isinstance(error, CallError):
        return not isinstance(error, OSError)
    return error.status is not None and 400 <= error.status < 500
