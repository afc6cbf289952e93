"""Whether a part of the history may be said in its origin's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..types.content import GenericContent

if TYPE_CHECKING:
    from ..types.call import Call
    from ..types.content import Content


def is_own_part(content: Content, call: Call, protocol: str) -> bool:
    """Whether this endpoint is where the part came from: only then are its own bytes understood.

    Parts that users write in a protocol's own form have no origin; they name their protocol.
    """
    origin = content.origin
    if origin is None:
        return isinstance(content, GenericContent) and content.protocol == protocol
    return origin.protocol == protocol and origin.provider == str(call.endpoint.api.provider)
