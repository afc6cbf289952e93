"""Files at a provider: upload, list, wait, delete, download; and uploads of media too large for a request."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from ...codecs.common.media_support import describe_media, kind_of
from ...codecs.error_mapping import error_from_response
from ...codecs.operations.quirks import FileQuirks
from ...errors import (
    BadAnswerError,
    BadRequestError,
    CallTimeoutError,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
)
from ...http.protocol.addresses import InvalidUrl, parse_url, resolve_redirect
from ...http.protocol.message import HttpRequest
from ...io.protocol import IO
from ...providers.target import ResolvedTarget
from ...types.chat.report import CallWarning, OperationResponse
from ...types.config.call import AIModelCallConfig, Call, CallJournal
from ...types.config.call_policies import Fetching, Timeouts, Uploading
from ...types.content.parts import Content, Media, ToolResultContent
from ...types.operations.files import FileDeleted, FilePage, FileRequest, UploadAddress, UploadedFile
from ..connect import connect_again
from ..media_fetch import check_url
from ..request_key import account_of, upload_key
from ..streaming.response_reader import ResponseReader
from ..streaming.stream import Stream
from ..timeouts import TimeoutPolicy

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0

M = TypeVar("M", bound=Media)
R = TypeVar("R", bound=OperationResponse)


class OperationPipeline(Protocol):
    """What sends operations to one provider: `Pipeline`, which this module may not import."""

    @property
    def io(self) -> IO: ...

    @property
    def target(self) -> ResolvedTarget: ...

    def start(self, call: Call) -> Coroutine[Any, Any, Stream]: ...

    def perform(self, call: Call, kind: type[R]) -> Coroutine[Any, Any, R]:
        """Send an operation and return its complete result; to be awaited."""
        ...

    async def read_result(self, call: Call, stream: Stream, kind: type[R]) -> R:
        """Read the stream of an operation to its end, and return the result."""
        ...


async def upload(pipeline: OperationPipeline, call: Call) -> UploadedFile:
    """Upload a file, in one or two requests; return its metadata."""
    first = first_of_upload(pipeline, call)
    return await read_upload(pipeline, first, await pipeline.start(first))


def first_of_upload(pipeline: OperationPipeline, call: Call) -> Call:
    """Return the first request of an upload; Gemini is asked for an address first."""
    return file_call(call, action="begin") if pipeline.target.route.codec == "gemini.files" else call


async def read_upload(pipeline: OperationPipeline, first: Call, stream: Stream) -> UploadedFile:
    """Return the metadata of the file, after the second request where there is one."""
    if pipeline.target.route.codec != "gemini.files":
        return await pipeline.read_result(first, stream, UploadedFile)
    begun = await pipeline.read_result(first, stream, UploadAddress)
    sent = await pipeline.perform(file_call(first, action="upload", cursor=begun.query), UploadedFile)
    return sent.model_copy(update={"warnings": [*begun.warnings, *sent.warnings]})


async def list_files(pipeline: OperationPipeline, call: Call, most: int | None) -> list[UploadedFile]:
    """Return all files, or the first `most`, in the provider's order."""
    collected: list[UploadedFile] = []
    quirks, pages, cursor = pipeline.target.quirks, 0, None
    while True:
        request = file_call(call, cursor=cursor)
        page = await pipeline.read_result(request, await pipeline.start(request), FilePage)
        collected += [file.model_copy(update={"provider": page.provider}) for file in page.files]
        pages += 1
        cursor = page.cursor
        if cursor is None or (most is not None and len(collected) >= most):
            return collected[:most]
        if isinstance(quirks, FileQuirks) and quirks.pages == "number":
            cursor = str(pages)


async def wait_for_file(pipeline: OperationPipeline, call: Call, timeout: float) -> UploadedFile:
    """Poll until the file is ready; raise if the provider failed to process it."""
    until, pause = pipeline.io.monotonic() + timeout, FIRST_PAUSE
    while True:
        request = file_call(call)
        file = await pipeline.read_result(request, await pipeline.start(request), UploadedFile)
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


def delete(pipeline: OperationPipeline, call: Call) -> Coroutine[Any, Any, FileDeleted]:
    """Delete a file; to be awaited."""
    return pipeline.perform(call, FileDeleted)


def file_call(call: Call, **changes: Any) -> Call:
    """Return the call with a changed request and a new journal."""
    if not isinstance(call.request, FileRequest):
        raise TypeError("file operations need a FileRequest")
    return replace(call, request=call.request.model_copy(update=changes), journal=CallJournal())


MOST_REDIRECTS = 5


async def download(pipeline: OperationPipeline, media: M, config: AIModelCallConfig) -> M:
    """Return the media with its bytes; unchanged if it already has them.

    Args:
        pipeline: Sends to the provider that made it.
        media: The part to download.
        config: Time limits; `fetching` says whether private addresses may be fetched. The provider's own host always
            may.

    Raises:
        FetchError: If the URL, or a redirect target, is not a public address.
    """
    if media.data is not None:
        return media
    if not media.url:
        raise ConfigurationError("the media has neither data nor a URL")
    try:
        parse_url(media.url)
    except InvalidUrl as error:
        raise ConfigurationError(f"the media cannot be downloaded: {error}") from error
    now, timeouts = pipeline.io.monotonic, config.timeouts
    deadline = None if timeouts.total is None else now() + timeouts.total
    request = HttpRequest("GET", media.url, limits=config.read_limits)
    for _ in range(MOST_REDIRECTS):
        timeout_policy = TimeoutPolicy(timeouts, deadline, now)
        address = None
        if parse_url(request.url).host != parse_url(pipeline.target.base_url).host:
            address = await check_url(pipeline.io, request.url, config.fetching or Fetching(), timeout_policy)
        reader = await connect_again(pipeline.io, pipeline.target, replace(request, address=address), timeout_policy)
        head = reader.head
        if head.status >= 400:
            raise reader.with_names(error_from_response(head, await reader.drain(most=reader.limits.error_body_bytes)))
        if head.status < 300:
            kind = head.headers.get("content-type", "").partition(";")[0].strip()
            return media.model_copy(update={"data": await reader.drain(), "mime_type": media.mime_type or kind or None})
        await reader.response.close()
        request = replace(request, url=redirected(reader, request.url))
    raise BadRequestError(f"{media.url} redirects too often")


def redirected(reader: ResponseReader, url: str) -> str:
    """Return the absolute URL that the response redirects to."""
    location = reader.head.headers.get("location")
    try:
        if location:
            return resolve_redirect(url, location)
    except InvalidUrl as error:
        raise reader.with_names(BadAnswerError(str(error), status=reader.head.status)) from error
    raise reader.with_names(BadAnswerError("the redirect has no Location header", status=reader.head.status))


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
    key = upload_key(
        part, pipeline.target, await account_of(pipeline.io, pipeline.target, call, pipeline.target.static_account())
    )
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
    """Build a files call with the time limits of `call`; without retries, because the outer call is retried."""
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
