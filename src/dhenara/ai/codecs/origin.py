"""Whether a part of the history may be said in its origin's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..types.call import Call
    from ..types.content import Content


def at_home(content: Content, call: Call, protocol: str) -> bool:
    """Whether this endpoint is where the part came from: only then are its own bytes understood."""
    origin = content.origin
    return origin is not None and origin.protocol == protocol and origin.provider == str(call.endpoint.api.provider)
