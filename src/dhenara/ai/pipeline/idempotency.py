"""Adds idempotency keys, so that a server does not process a retried request twice."""

from __future__ import annotations

import zlib

from ..providers.target import ResolvedTarget
from ..types.call import Call
from ..wire.http import HttpRequest
from ..wire.io_protocol import IO

BITS = 53
"""Random bits of one `io.random()`."""


def with_idempotency_key(request: HttpRequest, target: ResolvedTarget, call: Call, io: IO) -> HttpRequest:
    """Return the request with the call's idempotency key, if the provider has such a header and the user set none.

    All attempts of a call share the key. A request whose body changed, for example without a rejected parameter, gets
    another one, because servers reject a known key with a different body.
    """
    name = target.provider.idempotency_header
    if name is None or request.method != "POST" or name in request.headers:
        return request
    journal = call.journal
    if not journal.idempotency_key:
        first, second = int(io.random() * 2**BITS), int(io.random() * 2**BITS)
        journal.idempotency_key = f"dhenara-{first:014x}{second:014x}"
    content = zlib.crc32(request.body) if isinstance(request.body, bytes) else request.body.size
    return request.with_headers({name: f"{journal.idempotency_key}-{content:08x}"})
