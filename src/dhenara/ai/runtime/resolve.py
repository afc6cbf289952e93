"""Resolves a host name to all of its addresses."""

from __future__ import annotations

import socket

from ..wire.transport_protocol import ConnectFailed
from .dns import addresses
from .os_errors import error_reason


def resolve_addresses(host: str, port: int, timeout: float) -> tuple[str, ...]:
    """Return the addresses in the order of the OS, without duplicates."""
    try:
        results = addresses(host, port, timeout, socket.getaddrinfo)
    except OSError as error:
        raise ConnectFailed(error_reason(error)) from error
    return tuple(dict.fromkeys(str(place[0]) for *_, place in results))
