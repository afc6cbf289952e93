"""Downloads media that the provider cannot fetch itself, from allowed addresses only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ..errors import ConfigurationError, FetchError
from ..http.protocol.addresses import InvalidUrl, is_public, parse_url, resolve_redirect
from ..http.protocol.message import (
    ConnectFailed,
    ConnectionBroken,
    HttpRequest,
    ReadTimeout,
    Response,
    ReusedConnectionClosed,
)
from ..io.protocol import IO
from ..types.config.call import Call
from ..types.config.call_policies import Fetching, Timeouts
from ..types.content.media import Media, matching_type
from ..types.content.parts import Content, ToolResultContent
from ..wire.media_types import is_text, sniff
from ..wire.secrets import shown_address as shown
from ..wire.sse import BrokenFraming
from .timeouts import TimeoutPolicy

REDIRECTS = (301, 302, 303, 307, 308)
HEADERS = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "dhenara"}
UNSAID = ("application/octet-stream", "text/plain")
FetchedMedia = tuple[bytes, str]


async def fetch_media(io: IO, call: Call, wanted: Iterable[Media]) -> Call:
    """Return the call with the bytes of these parts; a later attempt reuses what was fetched."""
    rules = call.config.fetching or Fetching()
    known = call.journal.fetched
    for part in wanted:
        url = part.url or ""
        if url not in known:
            known[url] = await fetch(io, url, rules, call.deadline)
    messages = tuple(m.model_copy(update={"contents": replace_contents(m.contents, known)}) for m in call.messages)
    return replace(call, messages=messages)


def replace_contents(contents: Sequence[Content], known: Mapping[str, FetchedMedia]) -> list[Any]:
    return [replace_part(part, known) for part in contents]


def replace_part(part: Content, known: Mapping[str, FetchedMedia]) -> Content:
    if isinstance(part, ToolResultContent) and part.contents:
        return part.model_copy(update={"contents": replace_contents(part.contents, known)})
    url = part.url if isinstance(part, Media) and part.data is None else None
    if not isinstance(part, Media) or url is None or url not in known:
        return part
    data, kind = known[url]
    name = part.name or urlsplit(url).path.rsplit("/", 1)[-1] or None
    return part.model_copy(update={"data": data, "mime_type": check_type(part, kind), "name": name, "url": None})


def check_type(part: Media, kind: str) -> str:
    """Return the MIME type if it matches the expected one, for example not an HTML login page instead of a PDF."""
    promised = part.mime_type
    if promised and not is_text(promised) and kind == "text/html":
        raise FetchError(f"{shown(str(part.url))} is a web page, not {promised}. Nothing was sent to the provider.")
    if promised and kind in UNSAID:
        return promised
    try:
        return matching_type(kind, part.KIND, part.url)
    except ConfigurationError as error:
        raise FetchError(f"{error}. Nothing was sent to the provider.") from error


async def fetch(io: IO, url: str, rules: Fetching, deadline: float | None = None) -> FetchedMedia:
    """Return the bytes at this URL and their MIME type."""
    if not rules.allowed:
        raise FetchError(
            f"{shown(url)} cannot be fetched by the provider, and fetching is disabled (Fetching(allowed=False))."
        )
    until = io.monotonic() + rules.timeout
    timeouts = TimeoutPolicy(Timeouts(), until if deadline is None else min(until, deadline), io.monotonic)
    place = url
    for _ in range(rules.max_redirects + 1):
        response = await open_url(io, place, rules, timeouts)
        try:
            status, headers = response.head.status, response.head.headers
            if status in REDIRECTS and headers.get("location"):
                place = redirected(place, headers["location"])
                continue
            if status != 200:
                raise FetchError(f"{shown(place)} answered with status {status}. Nothing was sent to the provider.")
            data = await read(response, place, rules)
        finally:
            await response.close()
        text = headers.get("content-type", "").split(";")[0].strip().lower()
        kind = sniff(data, urlsplit(place).path)
        return data, text if text and kind in UNSAID else kind
    raise FetchError(f"{shown(url)} redirects more than {rules.max_redirects} times.")


def redirected(url: str, location: str) -> str:
    try:
        return resolve_redirect(url, location)
    except InvalidUrl as error:
        raise FetchError(f"{shown(url)} {error}. Nothing was sent to the provider.") from error


async def open_url(io: IO, url: str, rules: Fetching, timeouts: TimeoutPolicy) -> Response:
    address = await check_url(io, url, rules, timeouts)
    request = HttpRequest("GET", url, HEADERS, address=address)
    try:
        try:
            return await io.open(request, timeouts)
        except ReusedConnectionClosed:
            return await io.open(replace(request, no_replay=True), timeouts)
    except (ReadTimeout, ConnectFailed, ConnectionBroken, BrokenFraming) as error:
        raise FetchError(f"{shown(url)} could not be fetched: {error}. Nothing was sent to the provider.") from error


async def check_url(io: IO, url: str, rules: Fetching, timeouts: TimeoutPolicy) -> str | None:
    """Resolve the host once and return the address to connect to, so that DNS cannot change between check and use."""
    try:
        parts = parse_url(url)
    except InvalidUrl as error:
        raise FetchError(f"{error}. Nothing was sent to the provider.") from error
    if rules.private:
        return None
    try:
        left = timeouts.connect()
        time = rules.timeout if left is None else left
        addresses = await io.addresses(parts.host, parts.port, time)
    except (ReadTimeout, ConnectFailed, ValueError) as error:
        raise FetchError(f"{shown(url)} could not be fetched: {error}. Nothing was sent to the provider.") from error
    if not addresses or not all(map(is_public, addresses)):
        raise FetchError(
            f"{shown(url)} is not a public address, so it is not fetched. To allow it, set "
            "config.fetching = Fetching(private=True), or pass the bytes."
        )
    return addresses[0]


async def read(response: Response, url: str, rules: Fetching) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := await response.read():
            pieces.append(piece)
            size += len(piece)
            if size > rules.max_bytes:
                raise FetchError(f"{shown(url)} has more than {rules.max_bytes} bytes. Raise Fetching(max_bytes=...).")
    except (ReadTimeout, ConnectionBroken, BrokenFraming) as error:
        raise FetchError(f"{shown(url)} was interrupted: {error}. Nothing was sent to the provider.") from error
    return b"".join(pieces)
