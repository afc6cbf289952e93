"""Batches: calls written as they would be sent one by one, handed over together, and answers read in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ..codecs.accepted import named
from ..codecs.base import Outgoing
from ..codecs.batching import BatchCodec, Entry
from ..errors import BadAnswerError, CallError, CallTimeoutError, ConfigurationError, ServerError, UnsupportedError
from ..fold import Draft
from ..providers.target import Target
from ..types.batch import BatchItem, BatchJob, BatchRequest, BatchResults
from ..types.call import Call, Journal
from ..types.cost import Cost
from ..types.response import ChatResponse
from ..types.uploaded_file import FileBytes, FileRequest, UploadedFile
from ..wire import json
from ..wire.http import Head
from .gathered import add_costs, add_usages
from .journey import Journey
from .sources import MALFORMED
from .writing import Writer

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0


@dataclass(frozen=True, slots=True)
class Batching:
    """The ways that a batch needs: of its own, of chat for the answers, and of files where calls travel in one."""

    own: Journey
    chat: Target
    files: Journey | None
    call: Call
    """What all requests about batches have in common."""

    @property
    def codec(self) -> BatchCodec:
        found = self.own.target.codec
        if not isinstance(found, BatchCodec):
            raise UnsupportedError(f"{self.own.target.provider.name} has no batches in a protocol that is known here")
        return found

    async def submit(self, calls: Sequence[Call]) -> BatchJob:
        """Hands all calls over at once. What cannot be honoured in any of them is warned about once."""
        if not calls:
            raise ConfigurationError("a batch needs at least one prompt")
        writer = Writer(self.chat, self.own.io.wall)
        written = [writer.write(call) for call in calls]
        for one in written:
            check_whole(one)
        warnings = list(dict.fromkeys(warning for one in written for warning in one.warnings))
        if warnings and self.call.config.strict:
            raise UnsupportedError("; ".join(warning.message for warning in warnings))
        file_id = await self._sent(written) if self.codec.given == "file" else None
        request = BatchRequest(action="create", requests=tuple(written), file_id=file_id)
        # A second try may be a second batch, and a second bill.
        once = self.call.config.model_copy(update={"retries": 0})
        job = await self.own.perform(replace(self._asking(request), config=once), BatchJob)
        told = {"warnings": [*warnings, *job.warnings], "total": len(calls), "protocol": self.chat.origin.protocol}
        return job.model_copy(update=told)

    async def _sent(self, written: Sequence[Outgoing]) -> str:
        if self.files is None:
            raise UnsupportedError(f"{self.own.target.provider.name} takes batches as files, and keeps none")
        model = self.chat.origin.model
        lines = b"".join(json.dumps(self.codec.line(n, one, model)) + b"\n" for n, one in enumerate(written))
        request = FileRequest(
            action="upload",
            content=lines,
            size=len(lines),
            name="batch.jsonl",
            mime_type="application/jsonl",
            purpose="batch",
        )
        asked = replace(self.call, operation="files", request=request, journal=Journal())
        return (await self.files.perform(asked, UploadedFile)).file_id

    async def refresh(self, job: BatchJob) -> BatchJob:
        """The batch as it stands now."""
        return self._same(job, await self._perform(action="get", batch_id=job.batch_id))

    async def cancel(self, job: BatchJob) -> BatchJob:
        """What is not answered yet will not be; answers that are there stay."""
        return self._same(job, await self._perform(action="cancel", batch_id=job.batch_id))

    async def wait(self, job: BatchJob, longest: float, every: float | None) -> BatchJob:
        """The batch once it is over."""
        io = self.own.io
        until, pause = io.now() + longest, every or FIRST_PAUSE
        while True:
            job = await self.refresh(job)
            if job.over:
                return job
            left = until - io.now()
            if left <= 0:
                told = f"the batch {job.batch_id} was not over after {longest:.0f} s; it goes on, so ask again later"
                raise CallTimeoutError(told, limit="total")
            await io.sleep(min(pause, left))
            pause = every or min(pause * 1.5, LONGEST_PAUSE)

    async def results(self, job: BatchJob) -> BatchResults:
        """An item for each call, in their order, also for those that were never answered."""
        if job.protocol not in (None, self.chat.origin.protocol):
            raise ConfigurationError(
                f"this batch was asked in {job.protocol}, and this endpoint speaks {self.chat.origin.protocol}: "
                "read its results with an endpoint for the same model"
            )
        job = await self.refresh(job)
        if not job.over:
            raise ConfigurationError(f"the batch {job.batch_id} is {job.state}: wait until it is over")
        found = await self._found(job)
        if not found and job.state == "failed":
            raise ServerError(f"the batch {job.batch_id} failed: {job.reason or 'the provider does not say why'}")
        total = max([job.total, *(int(key) + 1 for key in found if key.isdecimal())])
        items = tuple(self._item(index, found.get(str(index)), job) for index in range(total))
        answers = [item.response for item in items if item.response is not None]
        usage, cost = add_usages([one.usage for one in answers]), add_costs([one.cost for one in answers])
        return BatchResults(items, usage, cost, job)

    async def _found(self, job: BatchJob) -> dict[str, Entry]:
        told = self.codec.inside(job.raw) if self.codec.kept == "inside" else await self._lines(job)
        entries = (self.codec.entry(one, position) for position, one in enumerate(told))
        try:
            return {entry.key: entry for entry in entries}
        except MALFORMED as error:
            raise BadAnswerError(f"the results of the batch do not follow the protocol: {error!r}") from error

    async def _lines(self, job: BatchJob) -> list[Any]:
        if self.codec.kept == "address":
            request = BatchRequest(action="results", batch_id=job.batch_id)
            whole = [(await self.own.perform(self._asking(request), FileBytes)).data]
        else:
            whole = [await self._fetched(file_id) for file_id in job.files]
        try:
            return [json.loads(line) for data in whole for line in data.splitlines() if line.strip()]
        except ValueError as error:
            raise BadAnswerError(f"the results of the batch are no lines of JSON: {error}") from error

    async def _fetched(self, file_id: str) -> bytes:
        if self.files is None:
            raise UnsupportedError(f"{self.own.target.provider.name} keeps results in files, and has no files")
        request = FileRequest(action="download", file_id=file_id)
        asked = replace(self.call, operation="files", request=request, journal=Journal())
        return (await self.files.perform(asked, FileBytes)).data

    def _item(self, index: int, entry: Entry | None, job: BatchJob) -> BatchItem:
        origin = self.chat.origin
        if entry is None:
            told = f"this call was not answered: the batch is {job.state}"
            return BatchItem(index, error=ServerError(told, provider=origin.provider, model=origin.model))
        if entry.refused or entry.body is None:
            error = self.chat.codec.error(Head(entry.status if entry.refused else 500), json.dumps(entry.body))
            error.provider, error.model = origin.provider, origin.model
            return BatchItem(index, error=error)
        draft = Draft(origin, self._price)
        try:
            for delta in self.chat.codec.decoder(self.chat.quirks).whole(entry.body):
                draft.add(delta)
        except MALFORMED as error:
            return BatchItem(index, error=BadAnswerError(f"the answer does not follow the protocol: {error!r}"))
        if isinstance(draft.error, CallError):
            return BatchItem(index, error=draft.error)
        return BatchItem(index, draft.response())

    def _price(self, answer: ChatResponse) -> Cost | None:
        from ..catalog.batch_prices import batch_price

        at = datetime.fromtimestamp(self.own.io.wall(), UTC)
        return batch_price(self.chat.endpoint, answer, at, self.chat.base_url)

    def _same(self, job: BatchJob, now: BatchJob) -> BatchJob:
        """What is told now, and what was known before."""
        return now.model_copy(update={"total": now.total or job.total, "protocol": job.protocol})

    def _asking(self, request: BatchRequest) -> Call:
        return replace(self.call, request=request, journal=Journal())

    async def _perform(self, **asked: Any) -> BatchJob:
        return await self.own.perform(self._asking(BatchRequest(**asked)), BatchJob)


def check_whole(written: Outgoing) -> None:
    """Raises for a call that needs something done for it first: batches are handed over as they are."""
    if written.unfetched:
        raise UnsupportedError(f"{written.unfetched[0].url} is not fetched by the provider; pass its bytes in a batch.")
    if written.oversized:
        raise UnsupportedError(f"{named(written.oversized[0])} is too large for a batch; upload it first.")
