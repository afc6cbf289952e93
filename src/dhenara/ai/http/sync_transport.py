"""The built-in transport for sync code, and the certificates that transports trust by default."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..config.settings import environment
from .pool import ConnectionPool
from .sockets.sync_network import BlockingNetwork
from .transport import HttpTransport

if TYPE_CHECKING:
    import ssl


def blocking_transport(trust: Callable[[], ssl.SSLContext] | None = None) -> HttpTransport:
    return HttpTransport(BlockingNetwork(trust or trusted_context), ConnectionPool(), time.monotonic, environment())


def trusted_context() -> ssl.SSLContext:
    """Loaded with the first TLS connection; plain ones do not need it."""
    from .tls import trust_context

    return trust_context(environment())
