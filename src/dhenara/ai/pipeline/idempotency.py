"""Idempotency keys: a server that knows a key does not process the same request twice."""

from __future__ import annotations

import zlib

from ..providers.target import ResolvedTarget
from ..types.call import Call
from ..wire.http import HttpRequest
from ..wire.io_protocol import IO

BITS = 53
"""Random bits of one `io.chance()`."""


def with_idempotency_key(request: HttpRequest, target: ResolvedTarget, call: Call, io: IO) -> HttpRequest:
    """The request with the key of its call, where the provider has such a header and the caller set none.

    All attempts of a call have the same key. A request that was changed on the way, such as without a field that the
    provider refused, has another one: servers refuse a known key with another body.
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
