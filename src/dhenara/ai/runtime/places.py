"""Places: every address that a name stands for, for those who must know them before they connect."""

from __future__ import annotations

import socket

from ..wire.io import Unreachable
from .names import addresses
from .reasons import reason


def places(host: str, port: int, timeout: float) -> tuple[str, ...]:
    """The addresses in the system's order, each once."""
    try:
        found = addresses(host, port, timeout, socket.getaddrinfo)
    except OSError as error:
        raise Unreachable(reason(error)) from error
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))
