"""Batches: calls written as they would be sent one by one, handed over together, and asked about until the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ..codecs.answer_tool import answer_name
from ..codecs.batch_quirks import BatchQuirks
from ..codecs.batching import BatchCodec
from ..codecs.shaping import output_mode
from ..dataclass import dataclass, replace
from ..errors import CallError, CallTimeoutError, ConfigurationError, UnsupportedError
from ..types.batch import BatchJob, BatchPage, BatchRequest
from ..types.call import Call, Journal
from ..types.result import OperationResponse
from ..types.uploaded_file import FileRequest
from ..wire.lines import Lines, Spool
from .batch_portions import Portion, Portions, parts
from .journey import Journey

R = TypeVar("R", bound=OperationResponse)
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
NAME = re.compile(r"[A-Za-z0-9_-]{1,48}")


@dataclass(frozen=True, slots=True)
class Batching:
    """The ways that a batch needs: of its own, of chat for the answers, and of files where calls travel in one."""

    own: Journey
    chat: Journey
    files: Journey | None
    call: Call
    """What all requests about batches have in common."""

    spool: Callable[[], Spool]

    @property
    def codec(self) -> BatchCodec:
        found, protocol = self.own.target.codec, self.chat.target.origin.protocol
        name = self.own.target.provider.name
        if not isinstance(found, BatchCodec):
            raise UnsupportedError(f"{name} has no batches in a protocol that is known here")
        if found.answers_in not in (None, protocol):
            raise UnsupportedError(
                f"{name} answers batches in {found.answers_in}, not in {protocol}: leave `protocol` out"
            )
        return found

    @property
    def quirks(self) -> BatchQuirks:
        found = self.own.target.quirks
        return found if isinstance(found, BatchQuirks) else BatchQuirks()

    def portions(self, calls: Iterator[Call]) -> Portions:
        return Portions(calls, self.chat, self.codec, self.quirks, self.spool)

    async def submit(self, calls: Iterator[Call], name: str | None) -> BatchJob:
        """Hands all calls over as one batch. What cannot be honoured in any of them is warned about once."""
        portions = self.portions(calls)
        portion = await portions.next()
        if portion is None:
            raise ConfigurationError("a batch needs at least one prompt")
        if portions.more:
            portion.spool.close()
            raise ConfigurationError(
                f"{self.own.target.provider.name} takes {portion.spool.count:,} of these calls as one batch, and there "
                "are more: submit_batches makes as many batches as they need"
            )
        return await self.hand_over(portion, name)

    async def hand_over(self, portion: Portion, name: str | None) -> BatchJob:
        """Hands one portion over. It is sent once: a second try may be a second batch, and a second bill."""
        try:
            if name is not None and not NAME.fullmatch(name):
                raise ConfigurationError(f"a batch is called by up to 48 letters, digits, _ and -, not {name!r}")
            return await self._handed(self.codec, portion, name)
        finally:
            portion.spool.close()

    async def _handed(self, codec: BatchCodec, portion: Portion, name: str | None) -> BatchJob:
        asked, spool = portion.call, portion.spool
        inline = not codec.fills and self.quirks.inline(spool.count, portion.size)
        lines = codec.lines(spool, portion.path, name, in_file=not inline and not codec.fills)
        request = BatchRequest(
            action="create",
            name=name,
            path=portion.path,
            headers=portion.headers,
            lines=lines,
            bodies=spool,
            asked=asked,
            file_id=None if inline or codec.fills else await self._sent(lines),
        )
        once = self.call.config.model_copy(update={"retries": 0})
        call = replace(self._asking(request), config=once)
        job = await self.own.perform(call, BatchJob)
        if codec.fills:
            await self._fill(job, codec, portion, name)
        known = {**self._known(asked), "kept": call.journal.kept, "name": name, "total": spool.count}
        return job.model_copy(update={**known, "warnings": [*portion.warnings, *job.warnings]})

    def _known(self, asked: Call | None) -> dict[str, Any]:
        """What must be known later to read the answers."""
        known: dict[str, Any] = {"protocol": self.chat.target.origin.protocol}
        shape = asked.config.structured_output if asked else None
        if asked is None or shape is None:
            return known
        by_tool = output_mode(asked, self.chat.target.quirks) == "tool"
        return {**known, "shape": shape, "answer_tool": answer_name(asked, shape) if by_tool else None}

    async def _sent(self, lines: Lines) -> str:
        if self.files is None:
            raise UnsupportedError(f"{self.own.target.provider.name} takes batches as files, and keeps none")
        from .filing import upload

        request = FileRequest(
            action="upload",
            content=lines,
            size=lines.size,
            name="batch.jsonl",
            mime_type="application/jsonl",
            purpose=None if self.files.target.route.codec == "gemini.files" else "batch",
        )
        asked = replace(self.call, operation="files", request=request, journal=Journal())
        return (await upload(self.files, asked)).file_id

    async def _fill(self, job: BatchJob, codec: BatchCodec, portion: Portion, name: str | None) -> None:
        """Adds the calls. Where that fails, what was added is not paid for either, as far as it was not begun."""
        once = self.call.config.model_copy(update={"retries": 0})
        try:
            for lines in parts(codec, portion, name):
                request = BatchRequest(action="add", batch_id=job.batch_id, lines=lines)
                await self.own.perform(replace(self._asking(request), config=once), BatchPage)
        except CallError:
            await self.cancel(job)
            raise

    async def refresh(self, job: BatchJob) -> BatchJob:
        """The batch as it stands now."""
        return same(job, await self.perform(BatchJob, action="get", batch_id=job.batch_id))

    async def cancel(self, job: BatchJob) -> BatchJob:
        """What is not answered yet will not be; answers that are there stay."""
        return same(job, await self.perform(BatchJob, action="cancel", batch_id=job.batch_id))

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

    def _asking(self, request: BatchRequest) -> Call:
        return replace(self.call, request=request, journal=Journal())

    async def perform(self, kind: type[R], **asked: Any) -> R:
        return await self.own.perform(self._asking(BatchRequest(**asked)), kind)


def same(job: BatchJob, now: BatchJob) -> BatchJob:
    """What is told now, and what was known before."""
    known = {name: getattr(job, name) for name in ("protocol", "shape", "answer_tool", "kept")}
    told = {
        "total": max(now.total, job.total),
        "name": job.name or now.name,
        "created_at": now.created_at or job.created_at,
    }
    return now.model_copy(update={**known, **told})
