"""Check whether a part may be sent in the original format of its protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..types.content import GenericContent

if TYPE_CHECKING:
    from ..types.call import Call
    from ..types.content import Content


def is_own_part(content: Content, call: Call, protocol: str) -> bool:
    """Whether the part comes from this endpoint, so that its provider data is valid there.

    Parts that users create in a protocol's format have no origin; they name their protocol.
    """
    origin = content.origin
    if origin is None:
        return isinstance(content, GenericContent) and content.protocol == protocol
    return origin.protocol == protocol and origin.provider == str(call.endpoint.api.provider)
