"""Fetching what a provider left at an address. No key goes along: the address is all that is needed."""

from __future__ import annotations

from typing import TypeVar

from ..codecs.failure import failure
from ..dataclass import replace
from ..errors import BadAnswerError, BadRequestError, ConfigurationError
from ..types.call_config import AIModelCallConfig
from ..types.content import Media
from ..types.fetching import Fetching
from ..wire.http import HttpRequest
from ..wire.urls import InvalidUrl, parse_url, resolve_redirect
from .connecting import connect_again
from .fetching import allowed
from .journey import Journey
from .patience import Patience
from .sources import Line

M = TypeVar("M", bound=Media)
MOST_REDIRECTS = 5


async def download(journey: Journey, media: M, config: AIModelCallConfig) -> M:
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
    now, timeouts = journey.io.now, config.timeouts
    deadline = None if timeouts.total is None else now() + timeouts.total
    request = HttpRequest("GET", media.url, limits=config.read_limits)
    for _ in range(MOST_REDIRECTS):
        patience = Patience(timeouts, deadline, now)
        address = None
        if parse_url(request.url).host != parse_url(journey.target.base_url).host:
            address = await allowed(journey.io, request.url, config.fetching or Fetching(), patience)
        line = await connect_again(journey.io, journey.target, replace(request, address=address), patience)
        head = line.head
        if head.status >= 400:
            raise line.signed(failure(head, await line.drain(most=line.limits.error_body_bytes)))
        if head.status < 300:
            kind = head.headers.get("content-type", "").partition(";")[0].strip()
            return media.model_copy(update={"data": await line.drain(), "mime_type": media.mime_type or kind or None})
        await line.response.close()
        request = replace(request, url=redirected(line, request.url))
    raise BadRequestError(f"{media.url} redirects without end")


def redirected(line: Line, url: str) -> str:
    """Where the response leads."""
    location = line.head.headers.get("location")
    try:
        if location:
            return resolve_redirect(url, location)
    except InvalidUrl as error:
        raise line.signed(BadAnswerError(str(error), status=line.head.status)) from error
    raise line.signed(BadAnswerError("the address redirects and does not say where to", status=line.head.status))
