"""Name lookup with a timeout, in a thread that is abandoned when the time is over."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from ..protocol.message import ConnectFailed
from .connection import error_reason

Address = tuple[int, int, int, str, Any]
Lookup = Callable[..., list[Any]]


def connect_first(
    host: str | bytes, port: int, timeout: float | None, lookup: Lookup = socket.getaddrinfo
) -> socket.socket:
    """Return a connection to the first address that accepts; raises TimeoutError at any step."""
    until = None if timeout is None else time.monotonic() + timeout
    problem: OSError = TimeoutError("no time left")
    for address in addresses(host, port, timeout, lookup):
        try:
            return connect(address, until)
        except OSError as error:
            problem = error
    raise problem


def addresses(host: str | bytes, port: int, timeout: float | None, lookup: Lookup) -> list[Address]:
    """Resolve the name in a thread, which is abandoned after the timeout."""
    if timeout is None or is_numeric_address(host):
        return look_up(host, port, lookup)
    results: queue.SimpleQueue[list[Address] | OSError] = queue.SimpleQueue()

    def look() -> None:
        try:
            results.put(look_up(host, port, lookup))
        except OSError as error:
            results.put(error)

    threading.Thread(target=look, name="dhenara-lookup", daemon=True).start()
    try:
        answer = results.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError(f"{host!r} was not resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def look_up(host: str | bytes, port: int, lookup: Lookup) -> list[Address]:
    """What the system answers. It encodes names first, and raises an error of its own for one that has no encoding."""
    try:
        return lookup(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} cannot be the name of a host") from error


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
    """Return the seconds left; raise TimeoutError if none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time left")
    return left


class SelfClosingSocket(socket.socket):
    """A socket that closes when garbage collected, without a ResourceWarning."""

    def __del__(self) -> None:
        self.close()


def is_numeric_address(host: str | bytes) -> bool:
    """Return whether the host needs no DNS lookup."""
    normalized = host.decode() if isinstance(host, bytes) else host
    return normalized.replace(".", "").isdigit() or ":" in normalized


def resolve_addresses(host: str, port: int, timeout: float) -> tuple[str, ...]:
    """Return the addresses in the order of the OS, without duplicates."""
    try:
        results = addresses(host, port, timeout, socket.getaddrinfo)
    except OSError as error:
        raise ConnectFailed(error_reason(error)) from error
    return tuple(dict.fromkeys(str(place[0]) for *_, place in results))
