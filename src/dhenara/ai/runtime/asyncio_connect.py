"""Connecting on asyncio: several addresses, the quickest wins, and nothing stays open when the caller is cancelled.

`create_connection` takes a host and tries its addresses too, but only the loops of the standard library take
`happy_eyeballs_delay`, and with it they forget sockets when they are cancelled. So each address is a
`create_connection` of its own, which is all that uvloop and winloop need to have, and the race is run here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

C = TypeVar("C")

NEXT_ADDRESS = 0.25
"""Seconds after which the next address is tried beside the one before (RFC 8305 section 5)."""


async def find_addresses(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[str]:
    """The addresses of a host, the families in turn (RFC 8305 section 4). Raises OSError or UnicodeError."""
    if ":" in host or host.replace(".", "").isdigit():
        return [host]
    families: dict[int, list[str]] = {}
    for family, _, _, _, place in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        scope = f"%{place[3]}" if len(place) == 4 and place[3] else ""
        families.setdefault(family, []).append(f"{place[0]}{scope}")
    turns = range(max(map(len, families.values()), default=0))
    return list(dict.fromkeys(one for turn in turns for of in families.values() for one in of[turn : turn + 1]))


async def connect_first(
    addresses: list[str], connect: Callable[[str], Coroutine[Any, Any, C]], discard: Callable[[C], None]
) -> C:
    """The connection that was open first.

    Args:
        addresses: Where to connect, the most wanted first.
        connect: Makes one connection, and leaves nothing open when it fails or is cancelled.
        discard: Closes a connection that is not needed any more.

    Raises:
        OSError: the last failure, when all have failed.
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
    """For an attempt that came too late."""
    if not over.cancelled() and over.exception() is None:
        discard(over.result())
