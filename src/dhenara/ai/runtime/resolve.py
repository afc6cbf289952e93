"""Places: every address that a name stands for, for those who must know them before they connect."""

from __future__ import annotations

import socket

from ..wire.io_protocol import ConnectFailed
from .dns import addresses
from .os_errors import error_reason


def resolve_addresses(host: str, port: int, timeout: float) -> tuple[str, ...]:
    """The addresses in the system's order, each once."""
    try:
        match = addresses(host, port, timeout, socket.getaddrinfo)
    except OSError as error:
        raise ConnectFailed(error_reason(error)) from error
    return tuple(dict.fromkeys(str(place[0]) for *_, place in match))
