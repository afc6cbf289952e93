"""Connects on asyncio with Happy Eyeballs, and leaves nothing open when cancelled.

`create_connection` can try several addresses itself, but only the standard library's loops support
`happy_eyeballs_delay`, and with it they leak sockets when cancelled. So each address is a `create_connection` of its
own, which uvloop and winloop support too, and the race is run here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

C = TypeVar("C")

NEXT_ADDRESS = 0.25
"""Seconds after which the next address is tried as well (RFC 8305 section 5)."""


async def find_addresses(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[str]:
    """Return the addresses of a host, alternating address families (RFC 8305 section 4); raises OSError or
    UnicodeError.
    """
    if ":" in host or host.replace(".", "").isdigit():
        return [host]
    families: dict[int, list[str]] = {}
    for family, _, _, _, place in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        scope = f"%{place[3]}" if len(place) == 4 and place[3] else ""
        families.setdefault(family, []).append(f"{place[0]}{scope}")
    turns = range(max(map(len, families.values()), default=0))
    return list(dict.fromkeys(one for turn in turns for of in families.values() for one in of[turn : turn + 1]))


async def race_addresses(
    addresses: list[str], connect: Callable[[str], Coroutine[Any, Any, C]], discard: Callable[[C], None]
) -> C:
    """Return the first connection that opens.

    Args:
        addresses: Addresses in order of preference.
        connect: Opens one connection, and leaves nothing open if it fails or is cancelled.
        discard: Closes a connection that is not needed.

    Raises:
        OSError: The last failure, if all failed.
    """
    if len(addresses) == 1:
        return await connect(addresses[0])
    waiting, attempts = list(addresses), set[asyncio.Task[C]]()
    problem = OSError("no address is known for this host")
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.create_task(connect(waiting.pop(0))))
            done, _ = await asyncio.wait(
                attempts, timeout=NEXT_ADDRESS if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for attempt in done:
                attempts.discard(attempt)
                error = attempt.exception()
                if error is None:
                    return attempt.result()
                if not isinstance(error, OSError):
                    raise error
                problem = error
    finally:
        for attempt in attempts:
            attempt.cancel()
            attempt.add_done_callback(lambda over: discard_result(over, discard))
    raise problem


def discard_result(over: asyncio.Task[C], discard: Callable[[C], None]) -> None:
    """Discard the result of an attempt that finished late."""
    if not over.cancelled() and over.exception() is None:
        discard(over.result())
