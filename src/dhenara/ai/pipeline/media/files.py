"""Operations on files at a provider (upload, list, wait, delete), and downloads from the URL in a response."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from ...codecs.error_mapping import error_from_response
from ...codecs.operations.quirks import FileQuirks
from ...errors import BadAnswerError, BadRequestError, CallTimeoutError, ConfigurationError
from ...http.protocol.addresses import InvalidUrl, parse_url, resolve_redirect
from ...http.protocol.message import HttpRequest
from ...io.protocol import IO
from ...providers.target import ResolvedTarget
from ...types.chat.report import OperationResponse
from ...types.config.call import AIModelCallConfig, Call, CallJournal
from ...types.config.call_policies import Fetching
from ...types.content.parts import Media
from ...types.operations.files import FileDeleted, FilePage, FileRequest, UploadAddress, UploadedFile
from ..connect import connect_again
from ..streaming.response_reader import ResponseReader
from ..timeouts import TimeoutPolicy
from .fetch import check_url

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


M = TypeVar("M", bound=Media)
R = TypeVar("R", bound=OperationResponse)


class OperationPipeline(Protocol):
    """What sends operations to one provider: `Pipeline`, which this module may not import."""

    @property
    def io(self) -> IO:
        """The IO object."""
        ...

    @property
    def target(self) -> ResolvedTarget:
        """Where operations are sent."""
        ...

    async def perform(self, call: Call, kind: type[R]) -> R:
        """Send an operation and return its complete result."""
        ...


async def upload(pipeline: OperationPipeline, call: Call) -> UploadedFile:
    """Upload a file, in one or two requests; return its metadata."""
    if pipeline.target.route.codec != "gemini.files":
        return await pipeline.perform(call, UploadedFile)
    begun = await pipeline.perform(file_call(call, action="begin"), UploadAddress)
    sent = await pipeline.perform(file_call(call, action="upload", cursor=begun.query), UploadedFile)
    return sent.model_copy(update={"warnings": [*begun.warnings, *sent.warnings]})


async def list_files(pipeline: OperationPipeline, call: Call, most: int | None) -> list[UploadedFile]:
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


async def wait_for_file(pipeline: OperationPipeline, call: Call, timeout: float) -> UploadedFile:
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


async def delete(pipeline: OperationPipeline, call: Call) -> FileDeleted:
    return await pipeline.perform(call, FileDeleted)


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
