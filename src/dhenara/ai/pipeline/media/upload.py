"""Uploads media that are too large for a request, once per process, and sends their ids instead."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from ...codecs.common.media_support import describe_media, kind_of
from ...codecs.operations.quirks import FileQuirks
from ...errors import CallTimeoutError, NotFoundError, PermissionDeniedError
from ...providers.target import ResolvedTarget
from ...types.chat.report import CallWarning
from ...types.config.call import AIModelCallConfig, Call, CallJournal
from ...types.config.call_policies import Timeouts, Uploading
from ...types.content.media import Media
from ...types.content.parts import Content, ToolResultContent
from ...types.operations.files import FileRequest, UploadedFile
from ..request_key import account_of
from .files import OperationPipeline, file_call, upload, wait_for_file

Filing = Callable[[], OperationPipeline]
"""Returns the pipeline to the files of a provider."""

MOST_KNOWN = 1_000
# Files that expire soon are not reused.
MARGIN = 300.0


class UploadCache:
    """Uploads by content and account. Safe to share between clients, threads and event loops."""

    def __init__(self) -> None:
        self._known: dict[str, UploadedFile] = {}
        self._under_way: dict[str, object] = {}

    def find(self, key: str, now: float) -> UploadedFile | None:
        """Return the file unless it expires soon."""
        file = self._known.get(key)
        if file is None or (file.expires_at is not None and file.expires_at.timestamp() - MARGIN <= now):
            return None
        return file

    def store(self, key: str, file: UploadedFile) -> None:
        self._known[key] = file
        for oldest in list(self._known)[:-MOST_KNOWN]:
            self._known.pop(oldest, None)

    def begin(self, key: str) -> bool:
        """Reserve the upload; False if another caller is uploading it. `setdefault` makes this atomic."""
        mine = object()
        return self._under_way.setdefault(key, mine) is mine

    def end(self, key: str) -> None:
        self._under_way.pop(key, None)

    def forget(self, key: str) -> None:
        self._known.pop(key, None)


SHARED_UPLOADS = UploadCache()
"""Cache shared by all clients of this process."""


def upload_key(part: Media, target: ResolvedTarget, account: str) -> str:
    """Return a hash of content, name and account, from which nothing can be read back."""
    seed = hashlib.sha256()
    headers = [text for name in sorted(target.headers) for text in (name, target.headers[name])]
    for text in (target.base_url, target.query, account, str(part.mime_type), str(part.name), *headers):
        encoded = text.encode("utf-8", "surrogatepass")
        seed.update(b"%d:" % len(encoded) + encoded)
    seed.update(part.data or b"")
    return seed.hexdigest()


PAUSE = 0.1


async def upload_media(call: Call, oversized: Sequence[Media], filing: Filing) -> tuple[Call, tuple[CallWarning, ...]]:
    """Return the call with file ids instead of these parts, and one warning per upload."""
    pipeline, replacements, notes = filing(), dict[int, Media](), dict[str, CallWarning]()
    for part in oversized:
        file = await find_or_upload(pipeline, call, part)
        where = {"file_id": file.url or file.file_id, "stored_at": pipeline.target.origin.provider}
        replacements[id(part)] = part.model_copy(update={**where, "data": None, "url": None})
        notes[file.file_id] = CallWarning(code="uploaded_content", message=upload_note(part, file, pipeline.target))
    messages = tuple(
        m.model_copy(update={"contents": replace_contents(m.contents, replacements)}) for m in call.messages
    )
    return replace(call, messages=messages), tuple(notes.values())


def replace_contents(contents: Iterable[Content], replacements: dict[int, Media]) -> list[Any]:
    return [replace_part(part, replacements) for part in contents]


def replace_part(part: Content, replacements: dict[int, Media]) -> Content:
    if isinstance(part, ToolResultContent) and part.contents:
        return part.model_copy(update={"contents": replace_contents(part.contents, replacements)})
    return replacements.get(id(part), part)


def upload_note(part: Media, file: UploadedFile, target: ResolvedTarget) -> str:
    until = f"until {file.expires_at:%Y-%m-%d %H:%M} UTC" if file.expires_at else "until it is deleted there"
    return (
        f"{describe_media(part)} was too large for the request, so it was uploaded to {target.origin.provider} as "
        f"{file.file_id!r}. It is stored {until}; remove it with delete_file(...)."
    )


async def find_or_upload(pipeline: OperationPipeline, call: Call, part: Media) -> UploadedFile:
    """Return the file at the provider, uploaded now or earlier, in state `ready`."""
    key = upload_key(part, pipeline.target, await account_of(pipeline.io, pipeline.target, call))
    file = call.journal.uploaded.get(key)
    if file is None:
        file = call.journal.uploaded[key] = await upload_once(pipeline, call, part, key)
    return file


async def upload_once(pipeline: OperationPipeline, call: Call, part: Media, key: str) -> UploadedFile:
    """Upload the file unless another call is uploading the same one; then wait for that."""
    io = pipeline.io
    while not SHARED_UPLOADS.begin(key):
        if call.deadline is not None and io.monotonic() >= call.deadline:
            raise CallTimeoutError(
                f"{describe_media(part)} was not uploaded in time (another call is uploading it)", limit="total"
            )
        await io.sleep(PAUSE)
    try:
        file = await find_uploaded(pipeline, call, key) or await send_upload(pipeline, call, part)
        SHARED_UPLOADS.store(key, file)
    finally:
        SHARED_UPLOADS.end(key)
    return file


async def find_uploaded(pipeline: OperationPipeline, call: Call, key: str) -> UploadedFile | None:
    """Return a previously uploaded file if the provider still has it."""
    file = SHARED_UPLOADS.find(key, pipeline.io.time())
    if file is None:
        return None
    try:
        current = await pipeline.perform(
            upload_file_call(pipeline, call, FileRequest(action="get", file_id=file.file_id)), UploadedFile
        )
    except (NotFoundError, PermissionDeniedError):
        # Gemini answers 403 for files that no longer exist.
        current = None
    if current is None or current.state != "ready":
        SHARED_UPLOADS.forget(key)
        return None
    return current


async def send_upload(pipeline: OperationPipeline, call: Call, part: Media) -> UploadedFile:
    rules, content = call.config.uploading or Uploading(), part.data or b""
    request = FileRequest(
        action="upload",
        content=content,
        size=len(content),
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
    """Return whether the provider supports an expiry time for files."""
    return isinstance(target.quirks, FileQuirks) and target.quirks.expiry != "none"


def upload_file_call(pipeline: OperationPipeline, call: Call, request: FileRequest) -> Call:
    """Build a files call with the time limits of `call`; without retries, because the outer call is retried as a
    whole.
    """
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
    """Return a name with the right extension, because some providers read the type from it."""
    return kind_of(part) + (mimetypes.guess_extension(part.mime_type or "") or "")
