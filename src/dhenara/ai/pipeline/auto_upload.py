"""Uploading: what a request has no room for is handed to the provider's files, and named in the request by its id."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..codecs.file_quirks import FileQuirks
from ..codecs.media_limits import media_of
from ..codecs.media_support import describe_media, kind_of
from ..dataclass import replace
from ..errors import CallTimeoutError, NotFoundError, PermissionDeniedError, UnsupportedError
from ..providers.target import ResolvedTarget
from ..types.call import Call, CallJournal
from ..types.call_config import AIModelCallConfig
from ..types.content import Content, Media, ToolResultContent
from ..types.timeouts import Timeouts
from ..types.uploaded_file import FileRequest, UploadedFile
from ..types.uploading import Uploading
from ..types.warning import CallWarning
from .files_api import file_call, upload, wait_for_file
from .upload_cache import EVERYBODYS, upload_key

if TYPE_CHECKING:
    from .pipeline import Pipeline
    from .transport_call import Filing

PAUSE = 0.1


def check_place(call: Call, oversized: Sequence[Media], target: ResolvedTarget) -> None:
    """Raises where there is no place to upload to, or it is not wanted."""
    part, rules = oversized[0], call.config.uploading or Uploading()
    if not supports_files(target):
        why = "it keeps no files that could be named instead"
    elif not rules.allowed:
        why = "uploading it is switched off"
    elif not {id(one) for one in oversized} <= {id(one) for one in media_of(call)}:
        # What is heard or drawn from is no part of a conversation, and has no place for an id.
        why = f"for {call.operation!r} nothing is uploaded by itself"
    else:
        return
    raise UnsupportedError(
        f"{describe_media(part)} has {len(part.data or b'')} bytes, which is too large for a request to "
        f"{target.provider.name}, and {why}; make it smaller, or upload it and pass its file id."
    )


def supports_files(target: ResolvedTarget) -> bool:
    return any(route.operation == "files" for route in target.provider.operations)


async def upload_media(call: Call, oversized: Sequence[Media], filing: Filing) -> tuple[Call, tuple[CallWarning, ...]]:
    """The call with ids in the place of these parts, and a note about each."""
    pipeline, match, notes = filing(), dict[int, Media](), dict[str, CallWarning]()
    for part in oversized:
        file = await find_or_upload(pipeline, call, part)
        where = {"file_id": file.url or file.file_id, "stored_at": pipeline.target.origin.provider}
        match[id(part)] = part.model_copy(update={**where, "data": None, "url": None})
        notes[file.file_id] = CallWarning(code="uploaded_content", message=upload_note(part, file, pipeline.target))
    messages = tuple(m.model_copy(update={"contents": replace_contents(m.contents, match)}) for m in call.messages)
    return replace(call, messages=messages), tuple(notes.values())


def replace_contents(contents: Iterable[Content], match: dict[int, Media]) -> list[Any]:
    return [replace_part(part, match) for part in contents]


def replace_part(part: Content, match: dict[int, Media]) -> Content:
    if isinstance(part, ToolResultContent) and part.contents:
        return part.model_copy(update={"contents": replace_contents(part.contents, match)})
    return match.get(id(part), part)


def upload_note(part: Media, file: UploadedFile, target: ResolvedTarget) -> str:
    until = f"until {file.expires_at:%Y-%m-%d %H:%M} UTC" if file.expires_at else "until it is deleted there"
    return (
        f"{describe_media(part)} was too large for the request, so it was uploaded to {target.origin.provider} as "
        f"{file.file_id!r}, where it is kept {until}; delete_file(...) removes it."
    )


async def find_or_upload(pipeline: Pipeline, call: Call, part: Media) -> UploadedFile:
    """The file at the provider: the one that is there already, or a new one that is ready to be used."""
    from .request_key import account_of  # most calls upload nothing

    key = upload_key(part, pipeline.target, await account_of(pipeline.io, pipeline.target, call))
    file = call.journal.uploaded.get(key)
    if file is None:
        file = call.journal.uploaded[key] = await upload_once(pipeline, call, part, key)
    return file


async def upload_once(pipeline: Pipeline, call: Call, part: Media, key: str) -> UploadedFile:
    """Calls that want the same file at the same moment send it once."""
    io = pipeline.io
    while not EVERYBODYS.begin(key):
        if call.deadline is not None and io.monotonic() >= call.deadline:
            raise CallTimeoutError(f"{describe_media(part)} was not uploaded in time by another call", limit="total")
        await io.sleep(PAUSE)
    try:
        file = await find_uploaded(pipeline, call, key) or await send_upload(pipeline, call, part)
        EVERYBODYS.store(key, file)
    finally:
        EVERYBODYS.end(key)
    return file


async def find_uploaded(pipeline: Pipeline, call: Call, key: str) -> UploadedFile | None:
    """What was uploaded before, if the provider has it still."""
    file = EVERYBODYS.find(key, pipeline.io.time())
    if file is None:
        return None
    try:
        there = await pipeline.perform(
            upload_file_call(pipeline, call, FileRequest(action="get", file_id=file.file_id)), UploadedFile
        )
    except (NotFoundError, PermissionDeniedError):
        # Gemini says of files that are gone that they may not be seen.
        there = None
    if there is None or there.state != "ready":
        EVERYBODYS.forget(key)
        return None
    return there


async def send_upload(pipeline: Pipeline, call: Call, part: Media) -> UploadedFile:
    rules, data = call.config.uploading or Uploading(), part.data or b""
    request = FileRequest(
        action="upload",
        content=data,
        size=len(data),
        name=part.name or default_filename(part),
        mime_type=part.mime_type or "application/octet-stream",
        expires_in=rules.expires_in if supports_expiry(pipeline.target) else None,
    )
    begin = upload_file_call(pipeline, call, request)
    file = await upload(pipeline, begin)
    if file.state == "ready":
        return file
    left = rules.wait if call.deadline is None else min(rules.wait, call.deadline - pipeline.io.monotonic())
    return await wait_for_file(pipeline, file_call(begin, action="get", file_id=file.file_id, content=None), left)


def supports_expiry(target: ResolvedTarget) -> bool:
    """Whether the provider can be told when to forget a file."""
    return isinstance(target.quirks, FileQuirks) and target.quirks.expiry != "none"


def upload_file_call(pipeline: Pipeline, call: Call, request: FileRequest) -> Call:
    """A request about files, within the time of the call; whoever tries that again tries this again."""
    given = call.config.timeouts
    config = AIModelCallConfig(timeout=given if given != Timeouts() else None, retries=0)
    return Call(
        endpoint=pipeline.target.endpoint,
        messages=(),
        config=config,
        deadline=call.deadline,
        operation="files",
        request=request,
        journal=CallJournal(),
    )


def default_filename(part: Media) -> str:
    """Some read off the name what a file is."""
    return kind_of(part) + (mimetypes.guess_extension(part.mime_type or "") or "")
