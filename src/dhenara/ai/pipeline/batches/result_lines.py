"""Reads the result lines of a batch from files, pages, a URL or the job itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ...errors import BrokenStreamError, UnsupportedError
from ...types.chat.delta import ResultDelta
from ...types.config.call import Call, CallJournal
from ...types.operations.batch import BatchJob, BatchLine, BatchPage, BatchRequest
from ...types.operations.files import FileRequest
from ..pipeline import Pipeline
from ..streaming.stream import Stream
from .jobs import BatchClient

TRIES = 3
"""How often an interrupted download of results is restarted."""


class BatchResultLines:
    """Downloads result lines; an interrupted download is restarted from the beginning."""

    def __init__(self, batching: BatchClient, job: BatchJob) -> None:
        self._batching = batching
        self._job = job
        self._sources: deque[Callable[[], tuple[Pipeline, Call]]] = deque()
        self._ready: deque[Any] = deque()
        self._stream: Stream | None = None
        self._cursor: str | None = None
        self._tries = 0
        self.lines_read = 0
        self._begin()

    async def next_line(self) -> Any | None:
        while not self._ready:
            if not await self._read_more():
                return None
        self.lines_read += 1
        return self._ready.popleft()

    async def close(self) -> None:
        if self._stream is not None:
            await self._stream.close()

    def abandon(self) -> None:
        if self._stream is not None:
            self._stream.abandon()

    def _begin(self) -> None:
        codec, job = self._batching.codec, self._job
        if job.files:
            self._sources.extend(partial(self._file, file_id) for file_id in job.files)
        elif codec.results_location == "inside":
            self._ready.extend(codec.inside(job.raw))
        elif codec.results_location in ("address", "pages"):
            self._sources.append(self._results)

    async def _read_more(self) -> bool:
        if not self._sources:
            return False
        if self._batching.codec.results_location == "pages":
            return await self._next_page()
        try:
            lines = await self._read()
        except BrokenStreamError:
            self._stream, self._tries = None, self._tries + 1
            if self._tries >= TRIES:
                raise
            return True
        if lines is None:
            self._stream = None
            self._sources.popleft()
        else:
            self._ready.extend(lines)
        return True

    async def _read(self) -> Sequence[Any] | None:
        if self._stream is None:
            pipeline, call = self._sources[0]()
            self._stream = await pipeline.start(call)
        batch = await self._stream.pull()
        if batch is None:
            return None
        results = [delta.result for delta in batch if isinstance(delta, ResultDelta)]
        return [line.result for line in results if isinstance(line, BatchLine)]

    async def _next_page(self) -> bool:
        pipeline, call = self._results()
        page = await pipeline.perform(call, BatchPage)
        self._ready.extend(page.lines)
        self._cursor = page.cursor
        if page.cursor is None:
            self._sources.clear()
        return True

    def _results(self) -> tuple[Pipeline, Call]:
        request = BatchRequest(action="results", batch_id=self._job.batch_id, cursor=self._cursor)
        return self._batching.own, replace(self._batching.call, request=request, journal=CallJournal())

    def _file(self, file_id: str) -> tuple[Pipeline, Call]:
        files = self._batching.files
        if files is None:
            name = self._batching.own.target.provider.name
            raise UnsupportedError(f"{name} stores batch results in files, but has no files API")
        request = FileRequest(action="lines", file_id=file_id)
        return files, replace(self._batching.call, operation="files", request=request, journal=CallJournal())
