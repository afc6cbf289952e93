"""Fetching what a provider left at an address. No key goes along: the address is all that is needed."""

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
    """The same with its bytes; what has them already is returned as it is.

    Args:
        journey: The way to the provider that made it.
        media: What to fetch.
        config: Its time limits, and with `fetching` whether addresses that are not public may be fetched. Those on the
            provider's own host always may.

    Raises:
        FetchError: The address, or one that it redirects to, is not on the public internet.
    """
    if media.data is not None:
        return media
    if not media.url:
        raise ConfigurationError("this has neither bytes nor an address, so there is nothing to fetch")
    try:
        parse_url(media.url)
    except InvalidUrl as error:
        raise ConfigurationError(f"this media cannot be fetched: {error}") from error
    now, timeouts = pipeline.io.monotonic, config.timeouts
    deadline = None if timeouts.total is None else now() + timeouts.total
    request = HttpRequest("GET", media.url, limits=config.read_limits)
    for _ in range(MOST_REDIRECTS):
        timeout_policy = TimeoutPolicy(timeouts, deadline, now)
        address = None
        if parse_url(request.url).host != parse_url(pipeline.target.base_url).host:
            address = await check_url(pipeline.io, request.url, config.fetching or Fetching(), timeout_policy)
        line = await connect_again(pipeline.io, pipeline.target, replace(request, address=address), timeout_policy)
        head = line.head
        if head.status >= 400:
            raise line.with_names(error_from_response(head, await line.drain(most=line.limits.error_body_bytes)))
        if head.status < 300:
            kind = head.headers.get("content-type", "").partition(";")[0].strip()
            return media.model_copy(update={"data": await line.drain(), "mime_type": media.mime_type or kind or None})
        await line.response.close()
        request = replace(request, url=redirected(line, request.url))
    raise BadRequestError(f"{media.url} redirects without end")


def redirected(line: ResponseReader, url: str) -> str:
    """Where the response leads."""
    location = line.head.headers.get("location")
    try:
        if location:
            return resolve_redirect(url, location)
    except InvalidUrl as error:
        raise line.with_names(BadAnswerError(str(error), status=line.head.status)) from error
    raise line.with_names(BadAnswerError("the address redirects and does not say where to", status=line.head.status))
