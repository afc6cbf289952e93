"""Names to addresses for the blocking world, within a time: the system's own look-up knows no limit."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

Address = tuple[int, int, int, str, Any]
Lookup = Callable[..., list[Any]]


def connect_first(
    host: str | bytes, port: int, timeout: float | None, lookup: Lookup = socket.getaddrinfo
) -> socket.socket:
    """A connection to the first address that takes one. TimeoutError when the time is over, at whichever step."""
    until = None if timeout is None else time.monotonic() + timeout
    problem: OSError = TimeoutError("no time left")
    for address in addresses(host, port, timeout, lookup):
        try:
            return connect(address, until)
        except OSError as error:
            problem = error
    raise problem


def addresses(host: str | bytes, port: int, timeout: float | None, lookup: Lookup) -> list[Address]:
    """Looked up by a thread that is left alone when the time is over; it ends with the look-up."""
    if timeout is None or is_numeric_address(host):
        return lookup(host, port, type=socket.SOCK_STREAM)
    import queue

    match: queue.SimpleQueue[list[Address] | OSError] = queue.SimpleQueue()

    def look() -> None:
        try:
            match.put(lookup(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            match.put(error)

    threading.Thread(target=look, name="dhenara-lookup", daemon=True).start()
    try:
        answer = match.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError(f"{host!r} was not found in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def connect(address: Address, until: float | None) -> socket.socket:
    family, kind, protocol, _, place = address
    made = SelfClosingSocket(family, kind, protocol)
    try:
        if until is not None:
            made.settimeout(seconds_left(until))
        made.connect(place)
    except BaseException:
        made.close()
        raise
    return made


def seconds_left(until: float) -> float:
    """Seconds that remain."""
    match = until - time.monotonic()
    if match <= 0:
        raise TimeoutError("no time left")
    return match


class SelfClosingSocket(socket.socket):
    """Closes without a word: a client that nobody closed leaves no socket and no warning behind."""

    def __del__(self) -> None:
        self.close()


def is_numeric_address(host: str | bytes) -> bool:
    """Whether nobody has to be asked where it is."""
    normalized = host.decode() if isinstance(host, bytes) else host
    return normalized.replace(".", "").isdigit() or ":" in normalized
