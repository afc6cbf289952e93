"""Holds what other HTTP clients read to the rules and limits of the built-in reader.

httpx2 and aiohttp parse responses themselves, and are more lenient in places: neither bounds how many interim responses
come before the final one, h11 reuses a connection whose last response had two framings, aiohttp skips a chunk extension
of any length. So every byte that they receive is fed to an `Http1Reader` as well. Its body is thrown away; what counts
is what it refuses, and whether the connection may carry another request.
"""

from __future__ import annotations

from ..protocol.http1 import Http1Reader
from ..protocol.limits import ReadLimits


class ResponseCheck:
    """Follows one response, byte by byte.

    Args:
        method: The method of the request, which decides whether a body follows the head.
        limits: How much the server may send.
    """

    __slots__ = ("_reader",)

    def __init__(self, method: str, limits: ReadLimits) -> None:
        self._reader = Http1Reader(method, limits)

    def feed(self, data: bytes) -> None:
        """Check the next bytes.

        Raises:
            BrokenFraming: If they are not a response, or longer than a limit allows.
        """
        self._reader.feed(data)
        while self._reader.take():
            pass

    @property
    def has_head(self) -> bool:
        """Whether the head of the final response has arrived."""
        return self._reader.head is not None

    @property
    def done(self) -> bool:
        """Whether the whole response has arrived."""
        return self._reader.done

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: the response is complete, and nothing follows it."""
        return self._reader.reusable
