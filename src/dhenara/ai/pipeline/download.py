"""Downloads media from the URL in a response, without the API key."""

from __future__ import annotations

from typing import TypeVar

from ..codecs.failure import error_from_response
from ..dataclass import replace
from ..errors import BadAnswerError, BadRequestError, ConfigurationError
from ..types.call_config import AIModelCallConfig
from ..types.content import Media
from ..types.fetching import Fetching
from ..wire.http import HttpRequest
from ..wire.urls import InvalidUrl, parse_url, resolve_redirect
from .connect import connect_again
from .pipeline import Pipeline
from .response_reader import ResponseReader
from .timeouts import TimeoutPolicy
from .url_fetcher import check_url

M = TypeVar("M", bound=Media)
MOST_REDIRECTS = 5


async def download(pipeline: Pipeline, media: M, config: AIModelCallConfig) -> M:
    """Return the media with its bytes; unchanged if it already has them.

    Args:
        pipeline: Pipeline to the provider that made it.
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
