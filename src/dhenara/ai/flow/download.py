"""Fetching what a provider left at an address. No key goes along: the address is all that is needed."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from ..codecs.failure import failure
from ..errors import BadRequestError, ConfigurationError
from ..types.content import Media
from ..types.timeouts import Timeouts
from ..wire.http import HttpRequest
from .connecting import connect
from .journey import Journey
from .patience import Patience

M = TypeVar("M", bound=Media)
MOST_REDIRECTS = 5


async def download(journey: Journey, media: M, timeouts: Timeouts) -> M:
    """The same with its bytes; what has them already is returned as it is."""
    if media.data is not None:
        return media
    if not media.url:
        raise ConfigurationError("this has neither bytes nor an address, so there is nothing to fetch")
    now = journey.io.now
    deadline = None if timeouts.total is None else now() + timeouts.total
    url = media.url
    for _ in range(MOST_REDIRECTS):
        if urlsplit(url).scheme not in ("http", "https"):
            raise ConfigurationError(f"only http and https addresses can be fetched, not {url[:80]}")
        line = await connect(journey.io, journey.target, HttpRequest("GET", url), Patience(timeouts, deadline, now))
        head, body = line.head, await line.drain()
        if head.status >= 400:
            raise line.signed(failure(head, body))
        if head.status < 300:
            kind = head.headers.get("content-type", "").partition(";")[0].strip()
            return media.model_copy(update={"data": body, "mime_type": media.mime_type or kind or None})
        url = urljoin(url, head.headers.get("location", url))
    raise BadRequestError(f"{media.url} redirects without end")
