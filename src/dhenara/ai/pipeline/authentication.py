"""Access tokens: fetched, kept, and sent only to the target's host."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from ..errors import CallError, ConnectionFailedError, DhenaraError
from ..http.protocol.message import (
    AttemptTimeouts,
    ConnectFailed,
    ConnectionBroken,
    HttpRequest,
    ReadTimeout,
    Response,
)
from ..io.protocol import IO
from ..providers.auth import Token, TokenSource
from ..providers.target import ResolvedTarget
from ..wire.sse import BrokenFraming

EARLY = 225.0
"""Seconds before expiry at which a token is replaced; other requests use the old one meanwhile.

Google's metadata server returns the same token until four minutes before it expires.
"""

LATE = 10.0
"""Seconds before expiry at which a token is no longer used, because of clock differences and latency."""

GLANCE = 0.02
UNREACHED = (ConnectFailed, ConnectionBroken, BrokenFraming)


def with_authentication(io: IO, target: ResolvedTarget) -> IO:
    """Return the IO object, wrapped to add access tokens if the target needs them."""
    return cast("IO", AuthenticatedIO(io, target, target.source)) if target.source else io


def refused_statuses(token: Token) -> tuple[int, ...]:
    """Return the statuses that mean an expired token; account credentials are rejected with 403 as well."""
    return (401, 403) if token.credentials else (401,)


@dataclass(slots=True, eq=False)
class TokenFetch:
    """A token fetch in progress. Waiting tasks poll it, because a lock would belong to one event loop."""

    over: bool = False
    token: Token | None = None
    error: DhenaraError | None = None


class TokenReplacedResponse:
    """The refusal of a token that was replaced meanwhile: the same request may succeed with the next one."""

    __slots__ = ("_response", "head", "secrets")

    def __init__(self, response: Response) -> None:
        self._response = response
        self.head = response.head
        self.secrets: tuple[str, ...] = getattr(response, "secrets", ())

    async def read(self) -> bytes:
        return await self._response.read()

    async def close(self) -> None:
        await self._response.close()

    def abandon(self) -> None:
        self._response.abandon()


class AuthenticatedIO:
    """IO object that adds the access token to requests; everything else is delegated."""

    def __init__(self, io: IO, target: ResolvedTarget, source: TokenSource) -> None:
        self._io = io
        self._target = target
        self._source = source
        parts = urlsplit(target.base_url)
        self._home = f"{parts.scheme}://{parts.netloc}/"
        self._stored: Token | None = None
        self._accepted: Token | None = None
        """The last that was not refused."""
        self.shown: Token | None = None
        """The token sent last, so that errors can redact it."""
        self._flights: dict[str, TokenFetch] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._io, name)

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response:
        """Sends the request with a token. A token that is refused before its end is replaced.

        The response then says that another token is there, so that a repetition is an attempt that is counted.
        """
        if "authorization" in request.headers or not request.url.startswith(self._home):
            return await self._io.open(request, timeouts)
        stored, token = self._stored, await self._get_token(timeouts)
        response = await self._open(request, token, timeouts)
        if response.head.status not in refused_statuses(token):
            self._accepted = token
            return response
        if token is not stored or not await self._replace(token, response, timeouts):
            return response
        return TokenReplacedResponse(response)

    async def _replace(self, token: Token, response: Response, timeouts: AttemptTimeouts) -> bool:
        """Whether there is another token now. One that was never accepted is only discarded: a third may not help."""
        if self._stored is token:
            self._stored = None
        if self._accepted is not token and self._stored is None:
            return False
        try:
            return not (await self._get_token(timeouts)).is_same(token)
        except BaseException:
            response.abandon()
            raise

    async def token(self, timeouts: AttemptTimeouts) -> Token:
        """Return the token that the next request would use."""
        return await self._get_token(timeouts)

    async def _open(self, request: HttpRequest, token: Token, timeouts: AttemptTimeouts) -> Response:
        self.shown = token
        return await self._io.open(self._target.with_token(request, token, self._io.time()), timeouts)

    async def _get_token(self, timeouts: AttemptTimeouts) -> Token:
        """Return a valid token; one caller fetches it, concurrent callers wait for the result."""
        while True:
            now, stored = self._io.time(), self._stored
            if stored is not None and stored.is_valid_for(EARLY, now):
                return stored
            mine = TokenFetch()
            in_flight = self._flights.setdefault("", mine)
            usable = stored if stored is not None and stored.is_valid_for(LATE, now) else None
            if in_flight is mine:
                return await self._fetch(mine, usable, timeouts)
            if usable is not None:
                return usable
            await self._wait(in_flight, timeouts)
            if in_flight.error is not None:
                raise copy(in_flight.error) from in_flight.error
            if in_flight.token is not None:
                return in_flight.token

    async def _fetch(self, in_flight: TokenFetch, usable: Token | None, timeouts: AttemptTimeouts) -> Token:
        try:
            token = in_flight.token = await self._fetch_token(timeouts)
        except DhenaraError as error:
            if usable is not None:
                # The old token is valid for some minutes; the next call tries again.
                in_flight.token = usable
                return usable
            in_flight.error = error
            raise
        finally:
            in_flight.over = True
            self._flights.pop("", None)
        self._stored = token if token.good_until is not None else None
        return token

    async def _fetch_token(self, timeouts: AttemptTimeouts) -> Token:
        origin = self._target.origin
        try:
            return await self._source(self._io, timeouts)
        except UNREACHED as error:
            raise ConnectionFailedError(
                f"could not reach the token server: {error}", provider=origin.provider, model=origin.model
            ) from error
        except CallError as error:
            error.provider, error.model = origin.provider, origin.model
            raise

    async def _wait(self, in_flight: TokenFetch, timeouts: AttemptTimeouts) -> None:
        while not in_flight.over:
            left = timeouts.read()
            if left is not None and left <= 0:
                raise ReadTimeout("the access token did not arrive in time")
            await self._io.sleep(GLANCE if left is None else min(GLANCE, left))
