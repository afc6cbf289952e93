"""Operations on files at a provider: upload, list, wait and delete."""

from __future__ import annotations

from typing import Any

from ..codecs.file_quirks import FileQuirks
from ..dataclass import replace
from ..errors import CallTimeoutError, ConfigurationError
from ..types.call import Call, CallJournal
from ..types.uploaded_file import FileDeleted, FilePage, FileRequest, UploadAddress, UploadedFile
from .pipeline import Pipeline

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


async def upload(pipeline: Pipeline, call: Call) -> UploadedFile:
    """Upload a file, in one or two requests; return its metadata."""
    if pipeline.target.route.codec != "gemini.files":
        return await pipeline.perform(call, UploadedFile)
    begun = await pipeline.perform(file_call(call, action="begin"), UploadAddress)
    sent = await pipeline.perform(file_call(call, action="upload", cursor=begun.query), UploadedFile)
    return sent.model_copy(update={"warnings": [*begun.warnings, *sent.warnings]})


async def list_files(pipeline: Pipeline, call: Call, most: int | None) -> list[UploadedFile]:
    """Return all files, or the first `most`, in the provider's order."""
    collected: list[UploadedFile] = []
    quirks, pages, cursor = pipeline.target.quirks, 0, None
    while True:
        page = await pipeline.perform(file_call(call, cursor=cursor), FilePage)
        collected += [file.model_copy(update={"provider": page.provider}) for file in page.files]
        pages += 1
        cursor = page.cursor
        if cursor is None or (most is not None and len(collected) >= most):
            return collected[:most]
        if isinstance(quirks, FileQuirks) and quirks.pages == "number":
            cursor = str(pages)


async def wait_for_file(pipeline: Pipeline, call: Call, timeout: float) -> UploadedFile:
    """Poll until the file is ready; raise if the provider failed to process it."""
    until, pause = pipeline.io.monotonic() + timeout, FIRST_PAUSE
    while True:
        file = await pipeline.perform(file_call(call), UploadedFile)
        if file.state == "ready":
            return file
        if file.state == "failed":
            raise ConfigurationError(
                f"{file.provider} could not process the file {file.name or file.file_id}: {file.raw}"
            )
        left = until - pipeline.io.monotonic()
        if left <= 0:
            message = f"the file {file.name or file.file_id} was not ready after {timeout:.0f} s"
            raise CallTimeoutError(message, limit="total")
        await pipeline.io.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


async def delete(pipeline: Pipeline, call: Call) -> FileDeleted:
    return await pipeline.perform(call, FileDeleted)


def file_call(call: Call, **changes: Any) -> Call:
    """Return the call with a changed request and a new journal."""
    if not isinstance(call.request, FileRequest):
        raise TypeError("file operations need a FileRequest")
    return replace(call, request=call.request.model_copy(update=changes), journal=CallJournal())
