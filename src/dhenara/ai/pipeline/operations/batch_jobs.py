"""Jobs of batches: submission, in files within a provider's limits, status and cancellation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ...codecs.base import EncodedRequest
from ...codecs.common.media_support import describe_media
from ...codecs.common.tools import output_mode, output_tool_name
from ...codecs.operations.batches import BatchCodec
from ...codecs.operations.quirks import BatchQuirks
from ...errors import CallError, CallTimeoutError, ConfigurationError, UnsupportedError
from ...http.protocol.message import LineSource, StreamedLines
from ...types.chat.report import CallWarning
from ...types.config.call import Call, CallJournal
from ...types.operations.batch import BatchJob, BatchPage, BatchRequest
from ...types.operations.files import FileRequest, UploadedFile
from ...wire import json
from ..media_fetch import fetch_media
from ..pipeline import Pipeline
from ..streaming.stream import Stream
from .files import first_of_upload, read_upload

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

    async def only_portion(self, calls: Iterator[Call]) -> BatchPortion:
        """Return all calls as one batch; raise if they are too many for one."""
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
        return portion

    async def submit_portion(self, portion: BatchPortion, name: str | None) -> BatchJob:
        """Submit one portion without retries: a second request could create a second batch that is billed too."""
        try:
            if name is not None and not NAME.fullmatch(name):
                raise ConfigurationError(f"a batch name has up to 48 letters, digits, _ and -, not {name!r}")
            request, file = self._create_request(portion, name), None
            if self._needs_file(portion):
                files, first = self._upload_call(request)
                file = await read_upload(files, first, await files.start(first))
            call = self._create_call(request, file)
            job = await self.own.read_result(call, await self.own.start(call), BatchJob)
            if self.codec.filled_after_creation:
                await self._fill(job, self.codec, portion, name)
            return self._with_context(job, call, portion, name)
        finally:
            portion.spool.close()

    def _needs_file(self, portion: BatchPortion) -> bool:
        """Whether the calls are uploaded as a file, which the batch then names."""
        inline = self.quirks.fits_inline(portion.spool.count, portion.size)
        return not inline and not self.codec.filled_after_creation

    def _create_request(self, portion: BatchPortion, name: str | None) -> BatchRequest:
        lines = self.codec.lines(portion.spool, portion.path, name, in_file=self._needs_file(portion))
        return BatchRequest(
            action="create",
            name=name,
            path=portion.path,
            call_headers=portion.headers,
            lines=lines,
            bodies=portion.spool,
            sample_call=portion.call,
        )

    def _create_call(self, request: BatchRequest, file: UploadedFile | None) -> Call:
        """Return the call that creates the batch, without retries."""
        named = request if file is None else request.model_copy(update={"file_id": file.file_id})
        return replace(self._request_call(named), config=self.call.config.model_copy(update={"retries": 0}))

    def _with_context(self, job: BatchJob, call: Call, portion: BatchPortion, name: str | None) -> BatchJob:
        """Return the job with what is needed later to read its results."""
        known = {
            **self._result_context(portion.call),
            "layer_data": call.journal.layer_data,
            "name": name,
            "total": portion.spool.count,
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

    def _upload_call(self, batch: BatchRequest) -> tuple[Pipeline, Call]:
        """Return the pipeline to the files of the provider, and the first request of the upload of the lines."""
        lines = batch.lines
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
        return self.files, first_of_upload(self.files, question)

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
        call = self.state_call(job)
        return await self.read_state(job, call, await self.own.start(call))

    def state_call(self, job: BatchJob) -> Call:
        """Return the call that asks for the current state of a batch."""
        return self._request_call(BatchRequest(action="get", batch_id=job.batch_id))

    async def read_state(self, job: BatchJob, call: Call, stream: Stream) -> BatchJob:
        """Return the batch in the state that this answer says."""
        return merge_job(job, await self.own.read_result(call, stream, BatchJob))

    async def cancel(self, job: BatchJob) -> BatchJob:
        """Cancel the batch; results that are already complete remain available."""
        call = self._request_call(BatchRequest(action="cancel", batch_id=job.batch_id))
        return await self.read_state(job, call, await self.own.start(call))

    async def wait(self, job: BatchJob, longest: float, every: float | None) -> BatchJob:
        """Poll until the batch has ended."""
        io = self.own.io
        until, pause = io.monotonic() + longest, every or FIRST_PAUSE
        while True:
            call = self.state_call(job)
            job = await self.read_state(job, call, await self.own.start(call))
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


def merge_job(job: BatchJob, now: BatchJob) -> BatchJob:
    """Merge the provider's new state with fields that only the client has."""
    known = {name: getattr(job, name) for name in ("protocol", "shape", "answer_tool", "layer_data")}
    merged = {
        "total": max(now.total, job.total),
        "name": job.name or now.name,
        "created_at": now.created_at or job.created_at,
    }
    return now.model_copy(update={**known, **merged})
