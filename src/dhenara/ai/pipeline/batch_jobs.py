"""Jobs of batches: submission, in files within a provider's limits, status and cancellation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ..codecs.base import EncodedRequest
from ..codecs.common.media_support import describe_media
from ..codecs.common.tools import output_mode, output_tool_name
from ..codecs.operations.batches import BatchCodec
from ..codecs.operations.quirks import BatchQuirks
from ..errors import CallError, CallTimeoutError, ConfigurationError, UnsupportedError
from ..http.protocol.message import LineSource, StreamedLines
from ..types.chat.report import CallWarning, OperationResponse
from ..types.config.call import Call, CallJournal
from ..types.operations.batch import BatchJob, BatchPage, BatchRequest
from ..types.operations.files_and_vector_stores import FileRequest
from ..wire import json
from .files import upload
from .media_fetch import fetch_media
from .pipeline import Pipeline

A_LINE = 256
"""Upper bound of the bytes around a call in its line."""
AT_ONCE, BYTES_AT_ONCE = 500, 16_000_000
"""Most calls and bytes added to a batch in one request, for providers that fill batches step by step."""
BREATH = 64
"""Number of calls written before control returns to the event loop."""


@dataclass(slots=True, eq=False)
class BatchPortion:
    """Encoded calls that fit into one batch, with the path and headers they share."""

    spool: LineSource
    call: Call | None = None
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    warnings: dict[CallWarning, None] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.spool.size + self.spool.count * A_LINE

    def fits(self, body: bytes, quirks: BatchQuirks) -> bool:
        return self.spool.count < quirks.most_requests and self.size + len(body) + A_LINE <= quirks.most_bytes

    def add(self, call: Call, encoded: EncodedRequest, body: bytes) -> None:
        self.call = self.call or call
        self.path = self.path or encoded.path
        for name, value in encoded.headers.items():
            values = [*self.headers.get(name, "").split(","), *value.split(",")]
            self.headers[name] = ",".join(dict.fromkeys(filter(None, values)))
        self.warnings.update(dict.fromkeys(encoded.warnings))
        self.spool.add(body)


class BatchSplitter:
    """Reads calls until the next one does not fit; that one starts the next portion."""

    def __init__(
        self,
        calls: Iterator[Call],
        chat: Pipeline,
        codec: BatchCodec,
        quirks: BatchQuirks,
        spool: Callable[[], LineSource],
    ) -> None:
        self._calls = calls
        self._chat = chat
        self._codec = codec
        self._quirks = quirks
        self._spool = spool
        self._rest: tuple[Call, EncodedRequest, bytes] | None = None
        self._read = 0

    async def next_portion(self) -> BatchPortion | None:
        """Return the next portion; None after the last."""
        portion = BatchPortion(self._spool())
        try:
            while (written := self._rest or await self._write_next()) is not None:
                self._rest = None
                if not portion.fits(written[2], self._quirks):
                    self._rest = written
                    break
                portion.add(*written)
        except BaseException:
            portion.spool.close()
            raise
        if portion.spool.count:
            return portion
        portion.spool.close()
        return None

    @property
    def has_more(self) -> bool:
        """Whether a call did not fit into the last portion."""
        return self._rest is not None

    async def _write_next(self) -> tuple[Call, EncodedRequest, bytes] | None:
        call = next(self._calls, None)
        if call is None:
            return None
        self._read += 1
        if self._read % BREATH == 0:
            await self._chat.io.sleep(0)
        encoded = self._chat.write_request(call)
        if encoded.unfetched:
            call = await fetch_media(self._chat.io, call, encoded.unfetched)
            encoded = self._chat.write_request(call)
        if encoded.oversized:
            raise UnsupportedError(
                f"{describe_media(encoded.oversized[0])} is too large for a batch. Upload it and pass its file id."
            )
        warnings = (*call.journal.warnings, *encoded.warnings)
        if warnings and call.config.strict:
            raise UnsupportedError("; ".join(warning.message for warning in warnings))
        body = json.dumps(self._codec.body(encoded, self._chat.target.origin.model))
        if len(body) + A_LINE > self._quirks.most_bytes:
            raise ConfigurationError(
                f"call {self._read} has {len(body):,} bytes; a batch may have {self._quirks.most_bytes:,}"
            )
        return call, encoded, body


def upload_parts(codec: BatchCodec, portion: BatchPortion, name: str | None) -> Iterator[StreamedLines]:
    """Yield the calls of a portion in parts of limited size."""
    part: list[bytes] = []
    first, size = 0, 0
    for body in portion.spool:
        if part and (len(part) == AT_ONCE or size + len(body) > BYTES_AT_ONCE):
            yield codec.lines(part, portion.path, name, in_file=False, first=first)
            first, size, part = first + len(part), 0, []
        part.append(body)
        size += len(body)
    yield codec.lines(part, portion.path, name, in_file=False, first=first)


R = TypeVar("R", bound=OperationResponse)
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
NAME = re.compile(r"[A-Za-z0-9_-]{1,48}")


@dataclass(slots=True, eq=False)
class BatchClient:
    """The pipelines a batch needs: batches, chat for the responses, and files if calls are uploaded as a file."""

    own: Pipeline
    chat: Pipeline
    files: Pipeline | None
    call: Call
    """Template of all batch requests."""

    spool: Callable[[], LineSource]

    @property
    def codec(self) -> BatchCodec:
        codec, protocol = self.own.target.codec, self.chat.target.origin.protocol
        name = self.own.target.provider.name
        if not isinstance(codec, BatchCodec):
            raise UnsupportedError(f"{name} does not support batches")
        if codec.answers_in not in (None, protocol):
            raise UnsupportedError(
                f"{name} supports batches with {codec.answers_in}, not {protocol}. Remove `protocol` from the config"
            )
        return codec

    @property
    def quirks(self) -> BatchQuirks:
        quirks = self.own.target.quirks
        return quirks if isinstance(quirks, BatchQuirks) else BatchQuirks()

    def portions(self, calls: Iterator[Call]) -> BatchSplitter:
        return BatchSplitter(calls, self.chat, self.codec, self.quirks, self.spool)

    async def submit(self, calls: Iterator[Call], name: str | None) -> BatchJob:
        """Submit all calls as one batch; identical warnings are reported once."""
        portions = self.portions(calls)
        portion = await portions.next_portion()
        if portion is None:
            raise ConfigurationError("a batch needs at least one prompt")
        if portions.has_more:
            portion.spool.close()
            raise ConfigurationError(
                f"{self.own.target.provider.name} accepts {portion.spool.count:,} of these calls in one batch, and "
                f"there "
                "are more. Use submit_batches."
            )
        return await self.submit_portion(portion, name)

    async def submit_portion(self, portion: BatchPortion, name: str | None) -> BatchJob:
        """Submit one portion without retries: a second request could create a second batch that is billed too."""
        try:
            if name is not None and not NAME.fullmatch(name):
                raise ConfigurationError(f"a batch name has up to 48 letters, digits, _ and -, not {name!r}")
            return await self._submitted(self.codec, portion, name)
        finally:
            portion.spool.close()

    async def _submitted(self, codec: BatchCodec, portion: BatchPortion, name: str | None) -> BatchJob:
        question, spool = portion.call, portion.spool
        inline = not codec.filled_after_creation and self.quirks.fits_inline(spool.count, portion.size)
        lines = codec.lines(spool, portion.path, name, in_file=not inline and not codec.filled_after_creation)
        request = BatchRequest(
            action="create",
            name=name,
            path=portion.path,
            headers=portion.headers,
            lines=lines,
            bodies=spool,
            sample_call=question,
            file_id=None if inline or codec.filled_after_creation else await self._upload(lines),
        )
        without_retries = self.call.config.model_copy(update={"retries": 0})
        call = replace(self._request_call(request), config=without_retries)
        job = await self.own.perform(call, BatchJob)
        if codec.filled_after_creation:
            await self._fill(job, codec, portion, name)
        known = {
            **self._result_context(question),
            "layer_data": call.journal.layer_data,
            "name": name,
            "total": spool.count,
        }
        return job.model_copy(update={**known, "warnings": [*portion.warnings, *job.warnings]})

    def _result_context(self, request: Call | None) -> dict[str, Any]:
        """Return what is needed later to read the results."""
        known: dict[str, Any] = {"protocol": self.chat.target.origin.protocol}
        shape = request.config.structured_output if request else None
        if request is None or shape is None:
            return known
        by_tool = output_mode(request, self.chat.target.quirks) == "tool"
        return {**known, "shape": shape, "answer_tool": output_tool_name(request, shape) if by_tool else None}

    async def _upload(self, lines: StreamedLines) -> str:
        if self.files is None:
            raise UnsupportedError(f"{self.own.target.provider.name} needs a file for each batch, but has no files API")
        request = FileRequest(
            action="upload",
            content=lines,
            size=lines.size,
            name="batch.jsonl",
            mime_type="application/jsonl",
            purpose=None if self.files.target.route.codec == "gemini.files" else "batch",
        )
        question = replace(self.call, operation="files", request=request, journal=CallJournal())
        return (await upload(self.files, question)).file_id

    async def _fill(self, job: BatchJob, codec: BatchCodec, portion: BatchPortion, name: str | None) -> None:
        """Add the calls to a batch; if that fails, cancel it so that calls not started yet are not billed."""
        without_retries = self.call.config.model_copy(update={"retries": 0})
        try:
            for lines in upload_parts(codec, portion, name):
                request = BatchRequest(action="add", batch_id=job.batch_id, lines=lines)
                await self.own.perform(replace(self._request_call(request), config=without_retries), BatchPage)
        except CallError:
            await self.cancel(job)
            raise

    async def refresh(self, job: BatchJob) -> BatchJob:
        """Return the current state of the batch."""
        return merge_job(job, await self.perform(BatchJob, action="get", batch_id=job.batch_id))

    async def cancel(self, job: BatchJob) -> BatchJob:
        """Cancel the batch; results that are already complete remain available."""
        return merge_job(job, await self.perform(BatchJob, action="cancel", batch_id=job.batch_id))

    async def wait(self, job: BatchJob, longest: float, every: float | None) -> BatchJob:
        """Poll until the batch has ended."""
        io = self.own.io
        until, pause = io.monotonic() + longest, every or FIRST_PAUSE
        while True:
            job = await self.refresh(job)
            if job.over:
                return job
            left = until - io.monotonic()
            if left <= 0:
                message = (
                    f"the batch {job.batch_id} has not ended after {longest:.0f} s. It continues; check again later"
                )
                raise CallTimeoutError(message, limit="total")
            await io.sleep(min(pause, left))
            pause = every or min(pause * 1.5, LONGEST_PAUSE)

    def _request_call(self, request: BatchRequest) -> Call:
        return replace(self.call, request=request, journal=CallJournal())

    async def perform(self, kind: type[R], **request: Any) -> R:
        return await self.own.perform(self._request_call(BatchRequest(**request)), kind)


def merge_job(job: BatchJob, now: BatchJob) -> BatchJob:
    """Merge the provider's new state with fields that only the client has."""
    known = {name: getattr(job, name) for name in ("protocol", "shape", "answer_tool", "layer_data")}
    merged = {
        "total": max(now.total, job.total),
        "name": job.name or now.name,
        "created_at": now.created_at or job.created_at,
    }
    return now.model_copy(update={**known, **merged})
