"""Files at a provider: uploads in one step or two, lists page by page, and waiting until a file is ready."""

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
    """The file as the provider knows it now."""
    if pipeline.target.route.codec != "gemini.files":
        return await pipeline.perform(call, UploadedFile)
    begun = await pipeline.perform(file_call(call, action="begin"), UploadAddress)
    sent = await pipeline.perform(file_call(call, action="upload", cursor=begun.query), UploadedFile)
    return sent.model_copy(update={"warnings": [*begun.warnings, *sent.warnings]})


async def list_files(pipeline: Pipeline, call: Call, most: int | None) -> list[UploadedFile]:
    """All of them, or the first so many, in the provider's order."""
    match: list[UploadedFile] = []
    quirks, pages, cursor = pipeline.target.quirks, 0, None
    while True:
        page = await pipeline.perform(file_call(call, cursor=cursor), FilePage)
        match += [file.model_copy(update={"provider": page.provider}) for file in page.files]
        pages += 1
        cursor = page.cursor
        if cursor is None or (most is not None and len(match) >= most):
            return match[:most]
        if isinstance(quirks, FileQuirks) and quirks.pages == "number":
            cursor = str(pages)


async def wait_for_file(pipeline: Pipeline, call: Call, timeout: float) -> UploadedFile:
    """The file when it can be used. One that cannot be read is an error."""
    until, pause = pipeline.io.monotonic() + timeout, FIRST_PAUSE
    while True:
        file = await pipeline.perform(file_call(call), UploadedFile)
        if file.state == "ready":
            return file
        if file.state == "failed":
            raise ConfigurationError(f"{file.provider} could not read the file {file.name or file.file_id}: {file.raw}")
        left = until - pipeline.io.monotonic()
        if left <= 0:
            data = f"the file {file.name or file.file_id} was not ready after {timeout:.0f} s"
            raise CallTimeoutError(data, limit="total")
        await pipeline.io.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


async def delete(pipeline: Pipeline, call: Call) -> FileDeleted:
    return await pipeline.perform(call, FileDeleted)


def file_call(call: Call, **changes: Any) -> Call:
    """The same wish, asked otherwise; each request has a journal of its own."""
    if not isinstance(call.request, FileRequest):
        raise TypeError("files are asked for with a FileRequest")
    return replace(call, request=call.request.model_copy(update=changes), journal=CallJournal())
