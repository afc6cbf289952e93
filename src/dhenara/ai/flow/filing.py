"""Files at a provider: uploads in one step or two, lists page by page, and waiting until a file is ready."""

from __future__ import annotations

from typing import Any

from ..codecs.file_quirks import FileQuirks
from ..dataclass import replace
from ..errors import CallTimeoutError, ConfigurationError
from ..types.call import Call, Journal
from ..types.uploaded_file import FileDeleted, FilePage, FileRequest, UploadAddress, UploadedFile
from .journey import Journey

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


async def upload(journey: Journey, call: Call) -> UploadedFile:
    """The file as the provider knows it now."""
    if journey.target.route.codec != "gemini.files":
        return await journey.perform(call, UploadedFile)
    begun = await journey.perform(asking(call, action="begin"), UploadAddress)
    sent = await journey.perform(asking(call, action="upload", cursor=begun.query), UploadedFile)
    return sent.model_copy(update={"warnings": [*begun.warnings, *sent.warnings]})


async def list_files(journey: Journey, call: Call, most: int | None) -> list[UploadedFile]:
    """All of them, or the first so many, in the provider's order."""
    found: list[UploadedFile] = []
    quirks, pages, cursor = journey.target.quirks, 0, None
    while True:
        page = await journey.perform(asking(call, cursor=cursor), FilePage)
        found += [file.model_copy(update={"provider": page.provider}) for file in page.files]
        pages += 1
        cursor = page.cursor
        if cursor is None or (most is not None and len(found) >= most):
            return found[:most]
        if isinstance(quirks, FileQuirks) and quirks.pages == "number":
            cursor = str(pages)


async def wait_for_file(journey: Journey, call: Call, timeout: float) -> UploadedFile:
    """The file when it can be used. One that cannot be read is an error."""
    until, pause = journey.io.now() + timeout, FIRST_PAUSE
    while True:
        file = await journey.perform(asking(call), UploadedFile)
        if file.state == "ready":
            return file
        if file.state == "failed":
            raise ConfigurationError(f"{file.provider} could not read the file {file.name or file.file_id}: {file.raw}")
        left = until - journey.io.now()
        if left <= 0:
            told = f"the file {file.name or file.file_id} was not ready after {timeout:.0f} s"
            raise CallTimeoutError(told, limit="total")
        await journey.io.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


async def delete(journey: Journey, call: Call) -> FileDeleted:
    return await journey.perform(call, FileDeleted)


def asking(call: Call, **changes: Any) -> Call:
    """The same wish, asked otherwise; each request has a journal of its own."""
    if not isinstance(call.request, FileRequest):
        raise TypeError("files are asked for with a FileRequest")
    return replace(call, request=call.request.model_copy(update=changes), journal=Journal())
