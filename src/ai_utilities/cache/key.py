"""The key of a call: the hash of the request as it would be sent. What is in the request is in the key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from dhenara.ai.dataclass import replace
from dhenara.ai.types import Call

VERSION = 1
"""Of the key and of what is kept under it; a new one makes old entries strangers."""

PASSING = frozenset(
    {
        "authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "idempotency-key", "traceparent",
        "tracestate", "x-request-id", "x-client-request-id", "user-agent",
    }
)  # fmt: skip
"""Headers that say who asks and when, not what is asked."""


def plain(call: Call) -> Call:
    """The call as it would be sent unstreamed: both kinds have one answer."""
    return replace(call, config=call.config.model_copy(update={"streaming": False})) if call.config.streaming else call


def cache_key(namespace: str, target: Any, outgoing: Any, call: Call) -> str:
    """`namespace:hash`. `outgoing` is what the target's codec makes of the plain call."""
    said = {
        "version": VERSION,
        "provider": target.origin.provider,
        "model": target.origin.model,
        "protocol": target.origin.protocol,
        "address": target.base_url,
        "method": outgoing.method,
        "path": outgoing.path,
        "headers": telling({**target.headers, **outgoing.headers, **call.config.headers}),
        "body": outgoing.body,
    }
    if outgoing.payload is not None:
        said["payload"] = digest(outgoing.payload)
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), default=to_jsonable_python)
    return f"{namespace}:{hashlib.sha256(canonical.encode('utf-8', 'surrogatepass')).hexdigest()}"


def telling(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that may change the answer."""
    return {name: value for name, value in ((n.lower(), v) for n, v in headers.items()) if name not in PASSING}


def digest(payload: Any) -> str:
    """What is sent as it is: its bytes, as often as they can be read."""
    seen = hashlib.sha256()
    for piece in (payload,) if isinstance(payload, bytes) else payload:
        seen.update(piece)
    return seen.hexdigest()
